//! What both services give: values with their versions.

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::vault::SecretValue;
use crate::vault::field;

/// What is read in one piece: a name as the service has it, and a version if one is pinned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Wanted {
    pub(super) name: String,
    pub(super) version: Option<String>,
}

/// A whole value.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) secret: Secret,
    pub(super) version: String,
    pub(super) current: Option<bool>,
    /// Whether it is still encrypted, and so no value at all.
    pub(super) sealed: bool,
}

impl Value {
    /// The whole value, or one field of it.
    pub(super) fn fetched(&self, key: Option<&str>) -> Result<SecretValue, ServiceError> {
        Ok(SecretValue::new(field::of(&self.secret, key)?, &*self.version, self.current))
    }
}
