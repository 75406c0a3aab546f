//! What `config` reports: settings and values with their origins.

use schemars::JsonSchema;
use serde::Serialize;

use crate::project::Origin;
use crate::project::ResolvedSetting;
use crate::report::Report;

/// Every effective setting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ConfigReport {
    /// The project.
    pub project: String,
    /// The environment.
    pub environment: String,
    /// The settings, then the values.
    pub settings: Vec<SettingReport>,
}

/// A setting as it applies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SettingReport {
    /// Its key, such as `vaults.default.path`.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// Where it comes from: `default`, a place in a file, a variable or a flag.
    pub origin: String,
    /// Other values that it overrides, the strongest first.
    pub overridden: Vec<OverriddenValue>,
}

/// A value that does not apply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct OverriddenValue {
    /// The value as text.
    pub value: String,
    /// Where it comes from.
    pub origin: String,
}

impl Report for ConfigReport {
    const KIND: &'static str = "ConfigReport";
}

impl From<&ResolvedSetting> for SettingReport {
    fn from(setting: &ResolvedSetting) -> Self {
        let different = setting.overridden.iter().filter(|(value, _)| *value != setting.value);
        let overridden = different.map(|(value, from)| OverriddenValue { value: value.clone(), origin: origin(from) }).collect();
        Self { key: setting.key.clone(), value: setting.value.clone(), origin: origin(&setting.origin), overridden }
    }
}

fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(place) => place.to_string(),
        Origin::Variable(name) => format!("variable {name}"),
        Origin::Flag(name) => format!("flag {name}"),
    }
}
