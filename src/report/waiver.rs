//! A rule that a template waives, as every review shows it.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::stage::taint::Rule;
use crate::stage::taint::Waiver;

/// A blank that a template lets out of the rules.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaiverReport {
    /// Where the template has the blank, as `file:line:column`.
    pub place: String,
    /// The filter that waives the rule: `reveal` or `raw`.
    pub rule: &'static str,
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// The field in it, such as `data.url`.
    pub field: String,
    /// What the blank asks for, masked.
    pub blank: String,
}

impl From<&Waiver> for WaiverReport {
    fn from(waiver: &Waiver) -> Self {
        let rule = match waiver.rule {
            Rule::Taint => "reveal",
            Rule::Escape => "raw",
        };
        let Waiver { object, field, mask, place, .. } = waiver;
        Self { place: place.to_string(), rule, object: object.to_string(), field: field.clone(), blank: mask.clone() }
    }
}

impl fmt::Display for WaiverReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, rule, object, field, blank } = self;
        write!(f, "{place}: {rule} lets {blank} into {field} of {object}")
    }
}
