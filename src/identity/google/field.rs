//! The fields of Google's credentials.

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;

/// A field that is a text.
pub(super) fn text(json: Json<'_>, name: &str) -> Result<String, ServiceError> {
    json.get(name).and_then(|value| value.text()).ok_or_else(|| lacking(name))
}

/// A field that is a secret.
pub(super) fn secret(json: Json<'_>, name: &str) -> Result<Secret, ServiceError> {
    json.get(name).and_then(|value| value.secret()).ok_or_else(|| lacking(name))
}

/// The error of a field that is missing.
pub(super) fn lacking(name: &str) -> ServiceError {
    unusable(&format!("lack the field `{name}`"))
}

/// The error of credentials that cannot be used.
pub(super) fn unusable(what: &str) -> ServiceError {
    let next = "give the JSON of a service account, a user's login or a workload's federation, as `gcloud` writes it";
    ServiceError::new(ServiceFault::Unauthenticated, format!("the Google credentials {what}"), next)
}
