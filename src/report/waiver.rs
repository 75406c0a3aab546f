//! A rule that a template waives, as every review shows it.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::stage::taint::Rule;
use crate::stage::taint::Waiver;

/// A blank that a template lets out of the rules, or an object that is exempted from one of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaiverReport {
    /// Where the template has the blank or the object, as `file:line:column`.
    pub place: String,
    /// The filter that waives the rule, `reveal` or `raw`; `exempt` for a rule of the policy.
    pub rule: &'static str,
    /// The object, as `Kind namespace/name`.
    pub object: String,
    /// The field in it, such as `data.url`; empty for `exempt`.
    pub field: String,
    /// What the blank asks for, masked; empty for `exempt`.
    pub blank: String,
    /// The rule of the policy, by name; only with `exempt`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
}

impl From<&Waiver> for WaiverReport {
    fn from(waiver: &Waiver) -> Self {
        let Waiver { object, field, mask, place, .. } = waiver;
        let (rule, blank, policy) = match waiver.rule {
            Rule::Taint => ("reveal", mask.clone(), None),
            Rule::Escape => ("raw", mask.clone(), None),
            Rule::Policy => ("exempt", String::new(), Some(mask.clone())),
        };
        Self { place: place.to_string(), rule, object: object.to_string(), field: field.clone(), blank, policy }
    }
}

impl fmt::Display for WaiverReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, rule, object, field, blank, policy } = self;
        match policy {
            Some(policy) => write!(f, "{place}: {object} is exempt from the rule `{policy}`"),
            None => write!(f, "{place}: {rule} lets {blank} into {field} of {object}"),
        }
    }
}
