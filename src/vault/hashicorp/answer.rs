//! What a KV version 2 engine answers: a value with its version, or which of the many reasons.

use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::vault::Fetched;
use crate::vault::Shape;
use crate::vault::VaultError;
use crate::vault::VaultFault;
use crate::vault::field;
use crate::vault::hashicorp::token::Token;
use crate::vault::http::Dialect as _;
use crate::vault::http::Reply;
use crate::vault::json::Json;
use crate::vault::json::JsonKind;
use crate::vault::words;

/// What was asked for, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) mount: &'a str,
    pub(super) verb: &'a str,
    pub(super) name: &'a str,
}

/// The value under each of `keys`, or what stands in the way of all of them.
pub(super) fn values(reply: &Reply, subject: Subject<'_>, keys: &[Option<&str>], token: &Token) -> Vec<Result<Fetched, VaultError>> {
    match version(reply, subject, token) {
        Ok(version) => keys.iter().map(|key| version.fetched(*key, subject)).collect(),
        Err(error) => keys.iter().map(|_| Err(error.clone())).collect(),
    }
}

/// The names in a folder; none when there is no such folder.
pub(super) fn names(reply: &Reply, subject: Subject<'_>, token: &Token) -> Result<Vec<String>, VaultError> {
    if reply.status == 404 && errors(&reply.body, token).is_none() {
        return Ok(Vec::new());
    }
    if reply.status != 200 {
        return Err(refusal(reply, subject, token));
    }
    let json = Json::parse(reply.body.expose()).map_err(|fault| nonsense(fault.offset))?;
    let keys = json.get("data").and_then(|data| data.get("keys")).filter(|keys| keys.kind() == JsonKind::Array);
    let keys = keys.ok_or_else(|| strange("a list without `data.keys`"))?;
    keys.members().map(|(_, key)| key.text().ok_or_else(|| strange("a list with something else than names"))).collect()
}

/// A version that can be read.
#[derive(Debug, Clone, Copy)]
struct Version<'a> {
    data: Json<'a>,
    number: u64,
    expires: Option<Timestamp>,
}

impl Version<'_> {
    fn fetched(&self, key: Option<&str>, subject: Subject<'_>) -> Result<Fetched, VaultError> {
        let (value, shape) = match key {
            Some(key) => field::of_object(self.data, key)?,
            None => self.whole(subject)?,
        };
        Ok(Fetched { value, shape, version: self.number.to_string(), current: None, not_before: None, expires: self.expires })
    }

    /// A secret without fields in the eyes of its user: a map with nothing but `value`.
    fn whole(&self, subject: Subject<'_>) -> Result<(Secret, Shape), VaultError> {
        let only_value = self.data.members().all(|(key, _)| key.is_some_and(|key| key.is("value")));
        if only_value && self.data.get("value").is_some() {
            return field::of_object(self.data, "value");
        }
        let name = words::tame(subject.name, 64);
        let reason = match field::keys(self.data) {
            keys if keys.is_empty() => format!("`{name}` has no keys"),
            keys => format!("`{name}` is a map with {keys}, and no key was asked for"),
        };
        Err(VaultError::new(VaultFault::BadValue, reason, "name the key, as in `secret(name=…, key=…)`"))
    }
}

fn version<'r>(reply: &'r Reply, subject: Subject<'_>, token: &Token) -> Result<Version<'r>, VaultError> {
    let name = words::tame(subject.name, 64);
    if reply.status != 200 && reply.status != 404 {
        return Err(refusal(reply, subject, token));
    }
    let json = match Json::parse(reply.body.expose()) {
        Ok(json) => json,
        Err(fault) if reply.status == 200 => return Err(nonsense(fault.offset)),
        Err(_) => return Err(refusal(reply, subject, token)),
    };
    let outer = json.get("data").filter(|outer| outer.kind() == JsonKind::Object);
    let metadata = outer.and_then(|outer| outer.get("metadata")).filter(|metadata| metadata.kind() == JsonKind::Object);
    let (Some(outer), Some(metadata)) = (outer, metadata) else {
        return Err(if reply.status == 200 { strange("no `data.metadata`") } else { refusal(reply, subject, token) });
    };
    let number = metadata.get("version").and_then(|number| number.number()).ok_or_else(|| strange("no `data.metadata.version`"))?;
    if metadata.get("destroyed").is_some_and(|destroyed| destroyed.is_true()) {
        let reason = format!("version {number} of `{name}` was destroyed");
        return Err(VaultError::new(VaultFault::Gone, reason, "write it again, or ask for another version"));
    }
    let deletion = metadata.get("deletion_time").and_then(|time| time.text()).filter(|time| !time.is_empty());
    match outer.get("data").filter(|data| data.kind() == JsonKind::Object) {
        Some(data) if reply.status == 200 => Ok(Version { data, number, expires: deletion.as_deref().and_then(Timestamp::from_rfc3339) }),
        _ => {
            let at = deletion.map(|time| format!(" at {}", words::tame(&time, 40))).unwrap_or_default();
            let reason = format!("version {number} of `{name}` was deleted{at}");
            Err(VaultError::new(VaultFault::Gone, reason, "undelete it in the vault, or ask for another version"))
        }
    }
}

/// The error of an answer that brings nothing.
fn refusal(reply: &Reply, subject: Subject<'_>, token: &Token) -> VaultError {
    let said = errors(&reply.body, token);
    let says = |phrase: &str| said.as_ref().is_some_and(|said| said.to_lowercase().contains(phrase));
    let shown = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
    let Subject { mount, verb, .. } = subject;
    let name = words::tame(subject.name, 64);
    let path = format!("{mount}/{verb}/{name}");
    let stranger = || {
        let next = "get a new token, and check that it is for this vault and this namespace";
        VaultError::new(VaultFault::Unauthenticated, format!("the vault does not accept the token{shown}"), next)
    };
    if let Some(redirect) = reply.redirect() {
        return redirect;
    }
    match reply.status {
        401 => stranger(),
        400 | 403 if says("invalid token") || says("bad token") || says("missing client token") => stranger(),
        403 => {
            let reason = format!("the token may not read `{path}`{shown}");
            VaultError::new(VaultFault::Denied, reason, "allow `read` on that path in the token's policy, or check the token")
        }
        404 if said.is_some() => {
            VaultError::new(VaultFault::NotFound, format!("there is no `{path}`{shown}"), "check the mount, and that it is KV version 2")
        }
        404 => {
            let reason = format!("`{name}` or the version asked for is not there, or the vault hides it from this token");
            VaultError::new(VaultFault::NotFound, reason, format!("check the name, the version and the mount `{mount}`"))
        }
        429 => VaultError::new(
            VaultFault::RateLimited,
            format!("the vault asks for patience{shown}"),
            "try again later, or raise its rate limit",
        ),
        503 if says("sealed") => VaultError::new(VaultFault::Unavailable, "the vault is sealed", "unseal it"),
        status @ 500.. => {
            VaultError::new(VaultFault::Unavailable, format!("the vault failed with status {status}{shown}"), "look into its log")
        }
        status => VaultError::new(
            VaultFault::Unavailable,
            format!("the vault refused the request with status {status}{shown}"),
            "check the address and the mount",
        ),
    }
}

/// The words under `errors` of an error's body. They come from the server's own code, not from a secret: a body of status 2xx
/// is never asked for them, and words with the token in them are dropped.
fn errors(body: &Secret, token: &Token) -> Option<String> {
    let json = Json::parse(body.expose()).ok()?;
    let list = json.get("errors").filter(|errors| errors.kind() == JsonKind::Array)?;
    let said: Vec<String> = list.members().take(3).filter_map(|(_, error)| error.text()).map(|text| words::tame(&text, 200)).collect();
    Some(said.join("; ")).filter(|said| !said.is_empty() && !token.gives_away(said))
}

fn nonsense(offset: usize) -> VaultError {
    strange(&format!("no JSON from byte {offset} on"))
}

fn strange(what: &str) -> VaultError {
    let reason = format!("the vault's answer is not that of a KV version 2 mount: {what}");
    VaultError::new(VaultFault::Unavailable, reason, "check the address, the mount and its version")
}
