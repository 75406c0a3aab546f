//! What both services give: values with their versions.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::vault::SecretValue;
use crate::vault::Shape;
use crate::vault::aws::settings::Service;
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
        let (value, shape) = match key {
            Some(key) => field::of_text(&self.secret, key)?,
            None => (self.secret.duplicate(), Shape::Plain),
        };
        Ok(SecretValue { value, shape, version: self.version.clone(), current: self.current, not_before: None, expires: None })
    }
}

/// The body of a reply of status 200, which has to be an object.
pub(super) fn object(reply: &Reply, service: Service) -> Result<Json<'_>, ServiceError> {
    let json = Json::parse(reply.body.expose()).map_err(|fault| strange(service, &format!("no JSON from byte {} on", fault.offset)))?;
    if json.kind() == JsonKind::Object { Ok(json) } else { Err(strange(service, &format!("{} in place of an object", json.kind()))) }
}

/// The elements of a list; nothing where it is absent.
pub(super) fn list<'a>(json: Json<'a>, key: &str, service: Service) -> Result<Vec<Json<'a>>, ServiceError> {
    match only(json, key, service)? {
        None => Ok(Vec::new()),
        Some(list) if list.kind() == JsonKind::Array => Ok(list.members().map(|(_, element)| element).collect()),
        Some(_) => Err(strange(service, &format!("`{key}` is no list"))),
    }
}

/// A text that has to be there.
pub(super) fn text(json: Json<'_>, key: &str, service: Service) -> Result<String, ServiceError> {
    let text = only(json, key, service)?.and_then(|value| value.text());
    text.ok_or_else(|| strange(service, &format!("no `{key}`")))
}

/// What stands under a key once, and not as null.
pub(super) fn only<'a>(json: Json<'a>, key: &str, service: Service) -> Result<Option<Json<'a>>, ServiceError> {
    let mut all = json.all(key);
    let first = all.next();
    match all.next() {
        None => Ok(first.filter(|value| value.kind() != JsonKind::Null)),
        Some(_) => Err(strange(service, &format!("`{key}` stands there more than once"))),
    }
}

/// The bytes of a base64 text (RFC 4648), in a wiped buffer.
pub(super) fn bytes(json: Json<'_>) -> Option<Secret> {
    let encoded = json.secret()?;
    let mut buffer = SecretBuffer::with_capacity(encoded.len());
    let length = STANDARD.decode_slice(encoded.expose(), buffer.extend_zeroed(encoded.len())).ok()?;
    buffer.truncate(length);
    Some(Secret::from(buffer))
}

/// An answer that is none of the service's. Nothing of it is shown.
pub(super) fn strange(service: Service, what: &str) -> ServiceError {
    let reason = format!("the vault's answer is not that of {}: {what}", service.words());
    ServiceError::new(ServiceFault::Unavailable, reason, "check the endpoint")
}
