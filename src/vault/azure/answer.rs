//! What a key vault answers: a secret's version, properties without a value, or one of the many reasons.

use crate::clock::Timestamp;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::service::words;
use crate::vault::ListedSecret;
use crate::vault::SecretValue;
use crate::vault::answer::AnswerForm;
use crate::vault::azure::address::Address;
use crate::vault::azure::refusal::disabled;
use crate::vault::azure::refusal::refusal;

const KEY_VAULT: AnswerForm = AnswerForm { reason: "the vault's answer is not that of a key vault", next: "check the vault's address" };

/// What is known of a version besides its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Properties {
    pub(super) name: String,
    /// None for a secret as such.
    pub(super) version: Option<String>,
    pub(super) enabled: bool,
    pub(super) not_before: Option<Timestamp>,
    pub(super) expires: Option<Timestamp>,
    pub(super) created: Option<Timestamp>,
}

impl Properties {
    /// A listed secret.
    pub(super) fn listed(self) -> ListedSecret {
        ListedSecret { name: self.name, version: None, created: self.created, removed: !self.enabled }
    }

    /// The error of a version that is switched off.
    pub(super) fn disabled(&self) -> Option<ServiceError> {
        (!self.enabled).then(|| disabled(&self.name))
    }
}

/// What was read for `name`, of the version `pinned` if there is one.
pub(super) fn value(
    reply: &Reply,
    address: &Address,
    name: &str,
    pinned: Option<&str>,
    protocol: &dyn Protocol,
) -> Result<SecretValue, ServiceError> {
    let json = body(reply, name, protocol)?;
    let properties = properties(json, address)?;
    let version = properties.version.clone().ok_or_else(|| KEY_VAULT.unexpected("an `id` without a version"))?;
    if !properties.name.eq_ignore_ascii_case(name) || pinned.is_some_and(|pinned| !pinned.eq_ignore_ascii_case(&version)) {
        return Err(KEY_VAULT.unexpected("another secret than the one asked for"));
    }
    if let Some(error) = properties.disabled() {
        return Err(error);
    }
    let value = json.get("value").and_then(|value| value.secret()).ok_or_else(|| KEY_VAULT.unexpected("no `value` that is text"))?;
    let Properties { not_before, expires, created, .. } = properties;
    Ok(SecretValue { not_before, expires, created, ..SecretValue::plain(value, version, None) })
}

/// A page of a list, and where the next one is.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) items: Vec<Properties>,
    pub(super) next: Option<String>,
}

impl Page {
    /// Reads a page of what was asked about `subject`.
    pub(super) fn read(reply: &Reply, address: &Address, subject: &str, protocol: &dyn Protocol) -> Result<Self, ServiceError> {
        let json = body(reply, subject, protocol)?;
        let list = json
            .get("value")
            .filter(|list| list.kind() == JsonKind::Array)
            .ok_or_else(|| KEY_VAULT.unexpected("a list without `value`"))?;
        let items = list.members().map(|(_, item)| properties(item, address)).collect::<Result<_, _>>()?;
        let link = KEY_VAULT.only(json, "nextLink")?;
        let next = link.map(|link| link.text().ok_or_else(|| KEY_VAULT.unexpected("a `nextLink` that is not text"))).transpose()?;
        let next = next.filter(|link| !link.is_empty());
        Ok(Self { items, next })
    }
}

/// When a deleted secret was deleted and until when it can be recovered, if the answer tells of one.
pub(super) fn buried(reply: &Reply, name: &str) -> Option<ServiceError> {
    if reply.status != 200 {
        return None;
    }
    let json = Json::parse(reply.body.expose()).ok().filter(|json| json.kind() == JsonKind::Object)?;
    let time = |key: &str| json.get(key)?.number().and_then(|seconds| i64::try_from(seconds).ok()).map(Timestamp);
    let since = time("deletedDate").map(|time| format!(" at {time}")).unwrap_or_default();
    let until = time("scheduledPurgeDate").map(|time| format!(" until {time}")).unwrap_or_default();
    let reason = format!("`{}` was deleted{since} and can be recovered{until}", words::tame(name, 64));
    Some(ServiceError::new(ServiceFault::Gone, reason, "recover it in the vault, or ask for another secret"))
}

fn body<'r>(reply: &'r Reply, subject: &str, protocol: &dyn Protocol) -> Result<Json<'r>, ServiceError> {
    if reply.status == 200 { KEY_VAULT.object(&reply.body) } else { Err(refusal(reply, subject, protocol)) }
}

fn properties(json: Json<'_>, address: &Address) -> Result<Properties, ServiceError> {
    let id = KEY_VAULT.text(json, "id")?;
    let (name, version) = address.identified(&id).ok_or_else(|| KEY_VAULT.unexpected("an `id` that is not of this vault"))?;
    let attributes = json.get("attributes").filter(|attributes| attributes.kind() == JsonKind::Object);
    let attributes = attributes.ok_or_else(|| KEY_VAULT.unexpected("no `attributes`"))?;
    let time = |key: &str| {
        let Some(time) = KEY_VAULT.only(attributes, key)? else { return Ok(None) };
        let seconds = time.number().and_then(|seconds| i64::try_from(seconds).ok());
        seconds.map(|seconds| Some(Timestamp(seconds))).ok_or_else(|| KEY_VAULT.unexpected("a time that is not a whole number of seconds"))
    };
    Ok(Properties {
        name,
        version,
        // Absent is enabled, as the interface has it.
        enabled: attributes.get("enabled").is_none_or(|enabled| enabled.is_true()),
        not_before: time("nbf")?,
        expires: time("exp")?,
        created: time("created")?,
    })
}
