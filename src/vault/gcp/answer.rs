//! What Secret Manager answers when all is well: a value whose checksum is right, a version, a page of names.

use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::answer::AnswerForm;
use crate::vault::binary;
use crate::vault::gcp::place::SecretsParent;

const SECRET_MANAGER: AnswerForm =
    AnswerForm { reason: "the answer is not that of Secret Manager", next: "check the endpoint, and what lies between here and there" };

/// The value of a version of the secret `name` in the body of an answer (google.cloud.secretmanager.v1.AccessSecretVersionResponse); nothing
/// where the checksum is not that of the value.
pub(super) fn value(body: &Secret, place: &SecretsParent, name: &str, wanted: Option<&str>) -> Result<Option<SecretValue>, ServiceError> {
    let unexpected = |what: &str| SECRET_MANAGER.unexpected(what);
    let json = SECRET_MANAGER.object(body)?;
    let number = number(json, place, name, wanted)?;
    let payload = json.get("payload").filter(|payload| payload.kind() == JsonKind::Object).ok_or_else(|| unexpected("no `payload`"))?;
    let checksum = payload.get("dataCrc32c").ok_or_else(|| unexpected("a value without a checksum"))?;
    let checksum = checksum.number().or_else(|| checksum.text()?.parse().ok());
    let checksum = checksum.ok_or_else(|| unexpected("a checksum that is not a number"))?;
    let value = match payload.get("data") {
        // Empty bytes may be left out.
        None => Some(Secret::copy_of(b"")),
        Some(data) => data.secret().and_then(|text| binary::decoded(&text)),
    };
    let value = value.ok_or_else(|| unexpected("a value that is not base64"))?;
    let is_whole = u64::from(crc32c::crc32c(value.expose())) == checksum;
    Ok(is_whole.then(|| SecretValue::plain(value, number, None)))
}

/// What is known of the version that a body tells of, and whether its value can be read
/// (google.cloud.secretmanager.v1.SecretVersion).
pub(super) fn state(
    body: &Secret,
    place: &SecretsParent,
    name: &str,
    wanted: Option<&str>,
) -> Result<(SecretMetadata, VersionState), ServiceError> {
    let json = SECRET_MANAGER.object(body)?;
    let number = number(json, place, name, wanted)?;
    let state = json.get("state").ok_or_else(|| SECRET_MANAGER.unexpected("a version without a `state`"))?;
    let is = |name: &str, number: u64| state.is(name) || state.number() == Some(number);
    let state = match () {
        () if is("ENABLED", 1) => VersionState::Enabled,
        () if is("DISABLED", 2) => VersionState::Disabled,
        () if is("DESTROYED", 3) => VersionState::Destroyed,
        () => return Err(SECRET_MANAGER.unexpected("a version in an unknown state")),
    };
    let created = json.get("createTime").and_then(|time| Timestamp::from_rfc3339(&time.text()?));
    Ok((SecretMetadata { created, ..SecretMetadata::new(number, None) }, state))
}

/// The state of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VersionState {
    Enabled,
    Disabled,
    Destroyed,
}

/// The names on a page of a list, and where the next page begins, if there is one.
pub(super) fn page(body: &Secret, place: &SecretsParent) -> Result<(Vec<String>, Option<String>), ServiceError> {
    let json = SECRET_MANAGER.object(body)?;
    let name = |secret: Json<'_>| {
        let resource = SECRET_MANAGER.text(secret, "name")?;
        place.within(&resource).map(str::to_owned).ok_or_else(|| SECRET_MANAGER.unexpected("a list with secrets of another place"))
    };
    let names = SECRET_MANAGER.list(json, "secrets")?.into_iter().map(name).collect::<Result<_, _>>()?;
    let next = SECRET_MANAGER.only(json, "nextPageToken")?.and_then(|token| token.text()).filter(|token| !token.is_empty());
    Ok((names, next))
}

/// Whether a body names the permission (google.iam.v1.TestIamPermissionsResponse).
pub(super) fn allows(body: &Secret, permission: &str) -> Result<bool, ServiceError> {
    let held = SECRET_MANAGER.object(body)?.get("permissions");
    Ok(held.is_some_and(|held| held.members().any(|(_, held)| held.is(permission))))
}

fn number(json: Json<'_>, place: &SecretsParent, name: &str, wanted: Option<&str>) -> Result<String, ServiceError> {
    let resource = SECRET_MANAGER.text(json, "name")?;
    let number = place.number(&resource, name).ok_or_else(|| SECRET_MANAGER.unexpected("a version of another secret"))?;
    match wanted.filter(|wanted| wanted.starts_with(|first: char| first.is_ascii_digit())) {
        Some(wanted) if wanted != number => Err(SECRET_MANAGER.unexpected("another version than the one asked for")),
        _ => Ok(number.to_owned()),
    }
}
