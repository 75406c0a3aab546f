//! The seam to key vaults: ask for values, get values with their versions, or a reason for each that cannot be had.

#![cfg_attr(
    not(feature = "vaults"),
    allow(dead_code, unused_imports, reason = "what the vaults share is not all used where some are left out")
)]

pub mod announced;
#[cfg(any(feature = "exec", feature = "http"))]
mod answer;
#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "azure")]
pub mod azure;
#[cfg(any(feature = "exec", feature = "http"))]
mod batch;
#[cfg(any(feature = "exec", feature = "http"))]
mod binary;
#[cfg(any(feature = "exec", feature = "http"))]
mod current;
#[cfg(feature = "env")]
pub mod env;
#[cfg(feature = "exec")]
pub mod exec;
mod field;
#[cfg(feature = "gcp")]
pub mod gcp;
#[cfg(feature = "hashicorp")]
pub mod hashicorp;
pub mod local;
#[cfg(test)]
pub(crate) mod memory;
mod name;
mod name_rule;
pub mod pinned;
mod plan;
mod shape;
#[cfg(test)]
mod suite;
#[cfg(any(feature = "env", feature = "exec"))]
mod surroundings;

pub use name_rule::NameRule;
pub use plan::CallPlan;
pub use shape::Shape;
#[cfg(any(feature = "env", feature = "exec"))]
pub use surroundings::Surroundings;

use std::fmt;

use async_trait::async_trait;

use crate::blank::SecretRef;
use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::service::Diagnostic;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;
use crate::service::json::JsonKind;

/// A vault that blanks are filled from.
///
/// `Display` names the instance for messages, such as ``HashiCorp Vault at http://127.0.0.1:8200``.
#[async_trait]
pub trait Vault: fmt::Display + fmt::Debug + Send + Sync {
    /// Whether `name` can be a secret's name here, by the vault's own rule. Needs no network.
    fn check_name(&self, name: &str) -> Result<(), String>;

    /// One answer for each ask, in order. The caller has removed equal asks; the vault decides how to batch and how
    /// parallel to be (32 at first, 128 at most by default). `key` and `version` of an ask are the vault's to honour.
    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>>;

    /// What fetching `asks` costs in calls. Needs no network.
    fn plan(&self, asks: &[SecretRef]) -> CallPlan;

    /// Whether each ask would be answered, one for each in order. No value is read where the vault's interface has a way round it.
    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>>;
}

/// A vault that can say what is in it.
#[async_trait]
pub trait ListSecrets {
    /// The secrets that this vault lists, by name, without values. [`ServiceFault::Unsupported`] where it cannot.
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError>;

    /// What is known of each version that `asks` name, in order, whatever field they ask for. No value is read: [`ServiceFault::Unsupported`]
    /// where the vault says nothing without it.
    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>>;
}

/// A vault that can say what works and what does not on the way to it.
#[async_trait]
pub trait Diagnose {
    /// Goes from the vault's address to a permission and says what each step found. The first step that fails is the last one.
    async fn diagnose(&self) -> Vec<Diagnostic>;
}

/// A vault that may keep something open for the run, such as a login of its own.
#[async_trait]
pub trait Close: Send + Sync {
    /// Ends that. Nothing is kept open unless an adapter says otherwise.
    async fn close(&self) -> Result<(), ServiceError> {
        Ok(())
    }
}

/// Everything that a kind of vault can do. What is before a vault (pins, maskers) is a [`Vault`] only.
pub trait Adapter: Vault + ListSecrets + Diagnose + Close {}

impl<T: Vault + ListSecrets + Diagnose + Close> Adapter for T {}

/// A value with what the vault says of it.
#[derive(Debug)]
pub struct SecretValue {
    /// The value.
    pub value: Secret,
    /// What the value is.
    pub shape: Shape,
    /// The version that was read, as the vault writes it; empty where the vault has no versions.
    pub version: String,
    /// Whether that version is the vault's current one, where the vault said so.
    pub current: Option<bool>,
    /// From when the value is meant to be used.
    pub not_before: Option<Timestamp>,
    /// Until when the value is meant to be used.
    pub expires: Option<Timestamp>,
    /// When the version was made, where the vault says so with the value.
    pub created: Option<Timestamp>,
}

impl SecretValue {
    /// A value that may be used at any time.
    pub(crate) fn new((value, shape): (Secret, Shape), version: impl Into<String>, current: Option<bool>) -> Self {
        Self { value, shape, version: version.into(), current, not_before: None, expires: None, created: None }
    }

    /// A whole value of bytes or text.
    pub(crate) fn plain(value: Secret, version: impl Into<String>, current: Option<bool>) -> Self {
        Self::new((value, Shape::Plain), version, current)
    }

    /// The field `key` of a value, or the whole of it.
    pub(crate) fn of_key(&self, key: Option<&str>) -> Result<Self, ServiceError> {
        let (value, shape) = field::of(&self.value, key)?;
        Ok(Self { value, shape, version: self.version.clone(), ..*self })
    }

    /// What `| json` makes of a value that is no text: its JSON text without white space between the tokens. Numbers, escapes and the order of
    /// keys stay as the vault has them. `None` for text, which becomes a JSON string instead.
    pub fn json(&self) -> Option<Secret> {
        match self.shape {
            Shape::Plain => None,
            Shape::Json(_) => Some(Json::parse(self.value.expose()).map_or_else(|_| self.value.duplicate(), |json| json.compact())),
        }
    }

    /// The names of its keys for a message, where it is a JSON object; empty where it has none.
    pub fn keys(&self) -> Option<String> {
        let json = Json::parse(self.value.expose()).ok().filter(|json| json.kind() == JsonKind::Object)?;
        matches!(self.shape, Shape::Json(_)).then(|| field::keys(json))
    }
}

/// What is known of a secret without its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretMetadata {
    /// The version that an ask would be answered with, as the vault writes it; empty where the vault has no versions.
    pub version: String,
    /// Whether that version is the vault's current one, where the vault said so.
    pub current: Option<bool>,
    /// From when the value is meant to be used.
    pub not_before: Option<Timestamp>,
    /// Until when the value is meant to be used.
    pub expires: Option<Timestamp>,
    /// When the version was made, where the vault said so.
    pub created: Option<Timestamp>,
    /// Whether the value had to be read to know this.
    pub read: bool,
}

impl SecretMetadata {
    /// What is known of a version that may be used at any time and whose value was not read.
    pub(crate) fn new(version: impl Into<String>, current: Option<bool>) -> Self {
        Self { version: version.into(), current, not_before: None, expires: None, created: None, read: false }
    }
}

impl From<&SecretValue> for SecretMetadata {
    fn from(fetched: &SecretValue) -> Self {
        let SecretValue { value: _, shape: _, version, current, not_before, expires, created } = fetched;
        Self { version: version.clone(), current: *current, not_before: *not_before, expires: *expires, created: *created, read: true }
    }
}

/// The error of a vault that says nothing of a secret without giving its value.
fn silent(vault: &str) -> ServiceError {
    let reason = format!("{vault} says nothing of a secret without its value");
    ServiceError::new(ServiceFault::Unsupported, reason, "check that it is there with `cloze check --online`")
}

/// A secret in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListedSecret {
    /// Its name.
    pub name: String,
    /// The version that is current, if the list says so.
    pub version: Option<String>,
    /// When that version was made, if the list says so.
    pub created: Option<Timestamp>,
    /// Whether it was removed or disabled.
    pub removed: bool,
}

impl ListedSecret {
    /// A secret of which the list says its name only.
    pub(crate) fn named(name: String) -> Self {
        Self { name, ..Self::default() }
    }
}
