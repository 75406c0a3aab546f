//! A rule that a template waives, as every review shows it.

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

use crate::place::Place;
use crate::stage::taint::Rule;
use crate::stage::taint::Waiver;

/// A blank that a template lets out of the rules, or an object that is exempted from one of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct WaiverReport {
    /// Where the template has the blank or the object, as `file:line:column`.
    pub place: String,
    /// The filter that waives the rule, `reveal` or `raw`; `exempt` for a rule of the policy; `removed` or `changed` where the change itself does that to such a rule.
    pub rule: &'static str,
    /// The object, as `Kind namespace/name`; empty for `removed` and `changed`.
    pub object: String,
    /// The field in it, such as `data.url`; empty for rules of the policy.
    pub field: String,
    /// What the blank asks for, masked; empty for rules of the policy.
    pub blank: String,
    /// The rule of the policy, by name.
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

impl WaiverReport {
    /// A rule of the policy that a change removes, or changes: `rule` is `removed` or `changed`.
    pub fn of_rule(rule: &'static str, name: &str, place: &Place) -> Self {
        let [object, field, blank] = [const { String::new() }; 3];
        Self { place: place.to_string(), rule, object, field, blank, policy: Some(name.to_owned()) }
    }
}

impl fmt::Display for WaiverReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, rule, object, field, blank, policy } = self;
        match policy {
            Some(policy) if *rule == "removed" => write!(f, "{place}: the rule `{policy}` is removed, and was applied all the same"),
            Some(policy) if *rule == "changed" => write!(f, "{place}: the rule `{policy}` is changed, and was applied as it was, too"),
            Some(policy) => write!(f, "{place}: {object} is exempt from the rule `{policy}`"),
            None => write!(f, "{place}: {rule} lets {blank} into {field} of {object}"),
        }
    }
}
