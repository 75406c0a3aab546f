//! Checks on values: they refuse what would look at a blank or go on with something undefined.

use tera::Kwargs;
use tera::Value;

use crate::render::findings::TemplateSite;
use crate::render::functions::CallFailure;
use crate::render::functions::Functions;
use crate::render::functions::defined;
use crate::render::functions::problem;

/// What a check demands of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Check {
    Defined,
    Plain,
    Whole,
    Known,
}

/// The checks by the name that analysed templates call them by.
pub(super) const CHECKS: [(&str, Check); 4] =
    [("__defined", Check::Defined), ("__plain", Check::Plain), ("__whole", Check::Whole), ("__known", Check::Known)];

impl Functions {
    /// The value, if it passes.
    pub(super) fn check(&mut self, check: Check, site: &TemplateSite, value: Value, arguments: &Kwargs) -> Result<Value, CallFailure> {
        for (key, step) in arguments.iter() {
            if key.as_str().is_some_and(|key| key.starts_with("__p")) && self.is_blank(step) {
                let reason = format!("a blank has no parts that a template could take{}", self.names(step));
                return Err(problem(&site.place, reason, "name a field with secret(key=…), or store the parts as secrets of their own"));
            }
        }
        if check != Check::Known {
            defined(site, &value)?;
        }
        let refused = match check {
            Check::Defined => false,
            Check::Whole => self.is_blank(&value),
            Check::Plain | Check::Known => self.holds_blank(&value, 0),
        };
        if refused {
            return Err(problem(&site.place, format!("{}{}", site.reason, self.names(&value)), site.next));
        }
        Ok(value)
    }
}
