//! What a KV engine answers: a value with its version, or which of the many reasons.

use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::service::words;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Shape;
use crate::vault::field;
use crate::vault::hashicorp::KvEngine;
use crate::vault::hashicorp::refusal::Answered;
use crate::vault::hashicorp::refusal::KV1;
use crate::vault::hashicorp::refusal::KV2;
use crate::vault::hashicorp::refusal::Subject;

/// The map of a secret, or of one of its versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map<'a> {
    data: Json<'a>,
    /// 0 where there are no versions.
    number: u64,
    expires: Option<Timestamp>,
    created: Option<Timestamp>,
}

/// The map in an answer of version 1.
pub(super) fn of_v1<'r>(answered: Answered<'r>, subject: Subject<'_>) -> Result<Map<'r>, ServiceError> {
    let reply = answered.reply;
    if reply.status == 404 && warns_of_versions(&reply.body) {
        return Err(other_kind(KvEngine::V1, subject.mount));
    }
    if reply.status != 200 {
        return Err(answered.refusal(subject));
    }
    let json = KV1.object(&reply.body)?;
    let data = json.get("data").filter(|data| data.kind() == JsonKind::Object);
    let data = data.ok_or_else(|| KV1.unexpected("no `data`"))?;
    // A name that begins with `data/` reads a mount of version 2 too.
    let versioned = subject.name.starts_with("data/") && data.get("metadata").is_some_and(|metadata| metadata.get("version").is_some());
    if versioned { Err(other_kind(KvEngine::V1, subject.mount)) } else { Ok(Map { data, number: 0, expires: None, created: None }) }
}

/// The map under `data.FIELD` in an answer of version 2: `data` with values, `subkeys` without.
pub(super) fn of_v2<'r>(answered: Answered<'r>, field: &str, subject: Subject<'_>) -> Result<Map<'r>, ServiceError> {
    let name = words::tame(subject.name, 64);
    let reply = answered.reply;
    if reply.status != 200 && reply.status != 404 {
        return Err(answered.refusal(subject));
    }
    let json = KV2.object(&reply.body).map_err(|error| if reply.status == 200 { error } else { answered.refusal(subject) })?;
    let outer = json.get("data").filter(|outer| outer.kind() == JsonKind::Object);
    let metadata = outer.and_then(|outer| outer.get("metadata")).filter(|metadata| metadata.kind() == JsonKind::Object);
    let (Some(outer), Some(metadata)) = (outer, metadata) else {
        return Err(if reply.status == 200 { KV2.unexpected("no `data.metadata`") } else { answered.refusal(subject) });
    };
    let number = metadata.get("version").and_then(|number| number.number()).ok_or_else(|| KV2.unexpected("no `data.metadata.version`"))?;
    let deletion = deletion_of(metadata);
    match outer.get(field).filter(|data| data.kind() == JsonKind::Object) {
        Some(data) if reply.status == 200 && !is_destroyed(metadata) => {
            Ok(Map { data, number, expires: deletion.as_deref().and_then(Timestamp::from_rfc3339), created: created_of(metadata) })
        }
        _ => Err(gone(&name, number, is_destroyed(metadata), deletion)),
    }
}

/// What the metadata of a secret of version 2 say of `version`, or of the current one. Whether a time of deletion has come is for the vault
/// to say: such a version expires here.
pub(super) fn of_metadata(answered: Answered<'_>, version: Option<u64>, subject: Subject<'_>) -> Result<SecretMetadata, ServiceError> {
    let name = words::tame(subject.name, 64);
    if answered.reply.status != 200 {
        return Err(answered.refusal(subject));
    }
    let json = KV2.object(&answered.reply.body)?;
    let data = json.get("data").ok_or_else(|| KV2.unexpected("no `data`"))?;
    let current = data.get("current_version").and_then(|number| number.number());
    let current = current.ok_or_else(|| KV2.unexpected("no `data.current_version`"))?;
    let number = version.unwrap_or(current);
    let Some(metadata) = data.get("versions").and_then(|versions| versions.get(&number.to_string())) else {
        let reason = format!("`{name}` has no version {number}; the current one is {current}");
        return Err(ServiceError::new(ServiceFault::NotFound, reason, "pin a version that the vault has, or leave `version` out"));
    };
    let deletion = deletion_of(metadata);
    if is_destroyed(metadata) {
        return Err(gone(&name, number, true, deletion));
    }
    let expires = deletion.map(|time| Timestamp::from_rfc3339(&time).ok_or_else(|| KV2.unexpected("a `deletion_time` that is not a time")));
    let created = created_of(metadata);
    Ok(SecretMetadata { expires: expires.transpose()?, created, ..SecretMetadata::new(number.to_string(), Some(number == current)) })
}

/// The error of a way that this server does not have, where there is another one.
pub(super) fn unsupported(what: &str) -> ServiceError {
    ServiceError::new(ServiceFault::Unsupported, format!("the vault does not show {what} without the value"), "allow `read` on the secret")
}

/// The names in a folder; none when there is no such folder.
pub(super) fn names(answered: Answered<'_>, engine: KvEngine, subject: Subject<'_>) -> Result<Vec<String>, ServiceError> {
    let form = if engine == KvEngine::V1 { KV1 } else { KV2 };
    let reply = answered.reply;
    if engine == KvEngine::V1 && reply.status == 404 && warns_of_versions(&reply.body) {
        return Err(other_kind(engine, subject.mount));
    }
    if reply.status == 404 && answered.words().is_none() {
        return Ok(Vec::new());
    }
    if reply.status != 200 {
        return Err(answered.refusal(subject));
    }
    let json = form.object(&reply.body)?;
    let keys = json.get("data").and_then(|data| data.get("keys")).filter(|keys| keys.kind() == JsonKind::Array);
    let keys = keys.ok_or_else(|| form.unexpected("a list without `data.keys`"))?;
    keys.members().map(|(_, key)| key.text().ok_or_else(|| form.unexpected("a list with something else than names"))).collect()
}

impl<'a> Map<'a> {
    /// The map, if its version is the one that was asked for: what is between may have lost the question's query.
    pub(super) fn of_version(self, wanted: Option<u64>) -> Result<Map<'a>, ServiceError> {
        if wanted.is_some_and(|wanted| wanted != self.number) {
            return Err(KV2.unexpected("another version than the one asked for"));
        }
        Ok(self)
    }

    /// The value under `key`. Without a key, the whole map as JSON, or `value` where there is nothing else.
    pub(super) fn fetched(&self, key: Option<&str>, subject: Subject<'_>) -> Result<SecretValue, ServiceError> {
        let value = key.map_or_else(|| self.whole(subject), |key| field::of_object(self.data, key))?;
        Ok(SecretValue { expires: self.expires, created: self.created, ..SecretValue::new(value, self.version(), None) })
    }

    /// As [`Map::fetched`], of a map without values.
    pub(super) fn found(&self, key: Option<&str>, subject: Subject<'_>) -> Result<SecretMetadata, ServiceError> {
        // What is in the place of the values are nulls.
        drop(self.fetched(key, subject)?);
        Ok(SecretMetadata { expires: self.expires, created: self.created, ..SecretMetadata::new(self.version(), None) })
    }

    /// A map with nothing but `value` is a secret without fields in the eyes of its user.
    fn whole(&self, subject: Subject<'_>) -> Result<(Secret, Shape), ServiceError> {
        if self.data.members().next().is_none() {
            let reason = format!("`{}` has no keys", words::tame(subject.name, 64));
            return Err(ServiceError::new(
                ServiceFault::BadValue,
                reason,
                "store the value under the key `value`, or name the key that it is under",
            ));
        }
        if self.data.members().all(|(key, _)| key.is_some_and(|key| key.is("value"))) {
            return field::of_object(self.data, "value");
        }
        Ok((self.data.source(), Shape::Json(self.data.kind().words())))
    }

    fn version(&self) -> String {
        if self.number == 0 { String::new() } else { self.number.to_string() }
    }
}

/// The error of a mount whose engine is not of version `expected`.
pub(super) fn other_kind(expected: KvEngine, mount: &str) -> ServiceError {
    let mount = words::tame(mount, 64);
    let reason = format!("the mount `{mount}` is {}, and the project takes it for {expected}", expected.other());
    ServiceError::new(ServiceFault::NotFound, reason, format!("set the vault's engine to {} in the project file", expected.other()))
}

/// Whether a server complains that its engine has versions.
fn warns_of_versions(body: &Secret) -> bool {
    let warns = || {
        let json = Json::parse(body.expose()).ok()?;
        let warned = json.get("warnings")?.members().any(|(_, words)| words.text().is_some_and(|words| words.contains("versioned K/V")));
        Some(warned)
    };
    warns().unwrap_or(false)
}

fn is_destroyed(metadata: Json<'_>) -> bool {
    metadata.get("destroyed").is_some_and(|destroyed| destroyed.is_true())
}

/// When a version of version 2 was made.
fn created_of(metadata: Json<'_>) -> Option<Timestamp> {
    Timestamp::from_rfc3339(&metadata.get("created_time")?.text()?)
}

fn deletion_of(metadata: Json<'_>) -> Option<String> {
    metadata.get("deletion_time").and_then(|time| time.text()).filter(|time| !time.is_empty())
}

fn gone(name: &str, number: u64, destroyed: bool, deletion: Option<String>) -> ServiceError {
    if destroyed {
        let reason = format!("version {number} of `{name}` was destroyed");
        return ServiceError::new(ServiceFault::Gone, reason, "write it again, or ask for another version");
    }
    let at = deletion.map(|time| format!(" at {}", words::tame(&time, 40))).unwrap_or_default();
    let reason = format!("version {number} of `{name}` was deleted{at}");
    ServiceError::new(ServiceFault::Gone, reason, "undelete it in the vault, or ask for another version")
}
