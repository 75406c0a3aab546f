//! What Secret Manager answers when all is well: a value whose checksum is right, a version, a page of names.

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::vault::binary;
use crate::vault::gcp::place::Place;
use crate::vault::gcp::refusal;

/// A version with its value (google.cloud.secretmanager.v1.AccessSecretVersionResponse).
#[derive(Debug)]
pub(super) struct Version {
    pub(super) number: String,
    pub(super) value: Secret,
}

/// Why a body is no version.
#[derive(Debug)]
pub(super) enum Unread {
    /// The checksum is not that of the value.
    Damaged,
    /// Anything else.
    Strange(ServiceError),
}

/// The version of the secret `name` in the body of an answer.
pub(super) fn version(body: &Secret, place: &Place, name: &str, wanted: Option<&str>) -> Result<Version, Unread> {
    let strange = |what: &str| Unread::Strange(refusal::strange(what));
    let json = object(body).map_err(Unread::Strange)?;
    let number = number(json, place, name, wanted).map_err(Unread::Strange)?;
    let payload = json.get("payload").filter(|payload| payload.kind() == JsonKind::Object).ok_or_else(|| strange("no `payload`"))?;
    let checksum = payload.get("dataCrc32c").ok_or_else(|| strange("a value without a checksum"))?;
    let checksum = checksum.number().or_else(|| checksum.text()?.parse().ok()).ok_or_else(|| strange("a checksum that is no number"))?;
    let value = match payload.get("data") {
        // Empty bytes may be left out.
        None => Some(Secret::copy_of(b"")),
        Some(data) => data.secret().and_then(|text| binary::decoded(&text)),
    };
    let value = value.ok_or_else(|| strange("a value that is no base64"))?;
    if u64::from(crc32c::crc32c(value.expose())) != checksum {
        return Err(Unread::Damaged);
    }
    Ok(Version { number, value })
}

/// The number of the version that a body tells of, and whether its value can be read
/// (google.cloud.secretmanager.v1.SecretVersion).
pub(super) fn state(body: &Secret, place: &Place, name: &str, wanted: Option<&str>) -> Result<(String, State), ServiceError> {
    let json = object(body)?;
    let number = number(json, place, name, wanted)?;
    let state = json.get("state").ok_or_else(|| refusal::strange("a version without a `state`"))?;
    let is = |name: &str, number: u64| state.is(name) || state.number() == Some(number);
    let state = match () {
        () if is("ENABLED", 1) => State::Enabled,
        () if is("DISABLED", 2) => State::Disabled,
        () if is("DESTROYED", 3) => State::Destroyed,
        () => return Err(refusal::strange("a version in a state that is none")),
    };
    Ok((number, state))
}

/// The state of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Enabled,
    Disabled,
    Destroyed,
}

/// The names on a page of a list, and where the next page begins, if there is one.
pub(super) fn page(body: &Secret, place: &Place) -> Result<(Vec<String>, Option<String>), ServiceError> {
    let json = object(body)?;
    let mut names = Vec::new();
    if let Some(secrets) = json.get("secrets") {
        for (_, secret) in secrets.members() {
            let resource = secret.get("name").and_then(|name| name.text());
            let name = resource.as_deref().and_then(|resource| place.within(resource));
            names.push(name.ok_or_else(|| refusal::strange("a list with secrets of another place"))?.to_owned());
        }
    }
    let next = json.get("nextPageToken").and_then(|token| token.text()).filter(|token| !token.is_empty());
    Ok((names, next))
}

/// Whether a body names the permission (google.iam.v1.TestIamPermissionsResponse).
pub(super) fn allows(body: &Secret, permission: &str) -> Result<bool, ServiceError> {
    let held = object(body)?.get("permissions");
    Ok(held.is_some_and(|held| held.members().any(|(_, held)| held.is(permission))))
}

fn object(body: &Secret) -> Result<Json<'_>, ServiceError> {
    let json = Json::parse(body.expose()).map_err(|fault| refusal::strange(&format!("no JSON from byte {} on", fault.offset)))?;
    if json.kind() == JsonKind::Object { Ok(json) } else { Err(refusal::strange(&format!("{} in place of an object", json.kind()))) }
}

fn number(json: Json<'_>, place: &Place, name: &str, wanted: Option<&str>) -> Result<String, ServiceError> {
    let resource = json.get("name").and_then(|resource| resource.text()).ok_or_else(|| refusal::strange("a version without a `name`"))?;
    let number = place.number(&resource, name).ok_or_else(|| refusal::strange("a version of another secret"))?;
    match wanted.filter(|wanted| wanted.starts_with(|first: char| first.is_ascii_digit())) {
        Some(wanted) if wanted != number => Err(refusal::strange("another version than the one asked for")),
        _ => Ok(number.to_owned()),
    }
}
