//! What a `HashiCorp` server says: statuses, envelopes and words, as `OpenBao`'s `sdk/logical` has them.

use serde_json::{Value, json};

use crate::answer::Answer;

/// The id of every request; a real server draws them.
const REQUEST: &str = "00000000-0000-4000-8000-000000000000";

/// An answer: a status and a body, if it has one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl Said {
    /// An error with the protocol's body.
    pub(crate) fn error(status: u16, errors: &[&str]) -> Self {
        Self { status, body: Some(json!({ "errors": errors })) }
    }

    /// A body that is no envelope.
    pub(crate) fn bare(status: u16, body: Value) -> Self {
        Self { status, body: Some(body) }
    }

    /// Data in the envelope.
    pub(crate) fn data(status: u16, data: &Value) -> Self {
        Self::envelope(status, data, &Value::Null, 0, "kv")
    }

    /// Data that is held for so many seconds.
    pub(crate) fn leased(data: &Value, seconds: u64) -> Self {
        Self::envelope(200, data, &Value::Null, seconds, "kv")
    }

    /// What a login gives.
    pub(crate) fn auth(auth: &Value) -> Self {
        Self::envelope(200, &Value::Null, auth, 0, "")
    }

    /// Nothing but a warning.
    pub(crate) fn warning(status: u16, words: &str) -> Self {
        let mut said = Self::envelope(status, &Value::Null, &Value::Null, 0, "kv");
        if let Some(body) = &mut said.body {
            body["warnings"] = json!([words]);
        }
        said
    }

    /// Done, with nothing to say.
    pub(crate) fn done() -> Self {
        Self { status: 204, body: None }
    }

    /// There is no such thing, or it is hidden.
    pub(crate) fn absent() -> Self {
        Self::error(404, &[])
    }

    /// Nothing is mounted there.
    pub(crate) fn unrouted(path: &str) -> Self {
        Self::error(404, &[&format!("no handler for route \"{path}\". route entry not found.")])
    }

    /// This cannot be done there.
    pub(crate) fn unsupported() -> Self {
        Self::error(405, &["1 error occurred:\n\t* unsupported operation\n\n"])
    }

    /// The token is good, its policies do not allow this.
    pub(crate) fn denied() -> Self {
        Self::error(403, &[DENIED])
    }

    pub(crate) fn into_answer(self) -> Answer {
        self.body.map_or_else(|| Answer::empty(self.status), |body| Answer::json(self.status, &body))
    }

    fn envelope(status: u16, data: &Value, auth: &Value, lease: u64, mount: &str) -> Self {
        let body = json!({
            "auth": auth, "data": data, "lease_duration": lease, "lease_id": "", "mount_type": mount, "renewable": false,
            "request_id": REQUEST, "warnings": null, "wrap_info": null,
        });
        Self { status, body: Some(body) }
    }
}

/// The words of a policy that does not allow something.
pub(crate) const DENIED: &str = "1 error occurred:\n\t* permission denied\n\n";
/// The words of `HashiCorp` Vault since 1.13 for a token that it does not know.
const INVALID_TOKEN: &str = "2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n";
/// The words of `OpenBao` and of older Vaults for the same, and of all for no token.
const PERMISSION: &str = "permission denied";

/// Whose words are used where the two differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Flavor {
    /// `HashiCorp` Vault.
    #[default]
    Vault,
    /// `OpenBao`.
    OpenBao,
}

impl Flavor {
    /// A token that is not known, not known any more, or not there at all.
    pub(crate) fn stranger(self, token_came: bool) -> Said {
        let words = if self == Self::Vault && token_came { INVALID_TOKEN } else { PERMISSION };
        Said::error(403, &[words])
    }
}

/// The usual words of a failure with `code` for a request to `path`. The variants are the kinds of one status.
pub(crate) fn failure(code: u16, variant: Option<&str>, path: &str) -> Vec<String> {
    let words = match (code, variant.unwrap_or_default()) {
        (400, "approle") => "invalid role or secret ID",
        (400, "role") => "role \"app\" could not be found",
        (400, "jwt") => "error validating token: error verifying token signature: no known key successfully validated the token signature",
        (400, "audience") => "error validating token: invalid audience (aud) claim: audience claim does not match any expected audience",
        (400, _) => "invalid request",
        (403, "denied") => DENIED,
        (403, "invalid-token") => INVALID_TOKEN,
        (403, "service-account") => "service account name not authorized",
        (403, "mount") => return vec![preflight(path)],
        (403, _) => PERMISSION,
        (404, "route") => return vec![format!("no handler for route \"{path}\". route entry not found.")],
        (405, _) => "unsupported operation",
        (412, _) => "required index state not present",
        (429, "leases") => "lease count quota exceeded",
        (429, _) => return vec![format!("request path \"{path}\": rate limit quota exceeded")],
        (500, _) => "internal error",
        (502, _) => "upstream rate limited",
        (503, "locked") => "API access to this namespace has been locked by an administrator",
        (503, "namespace") => "namespace is sealed",
        (503, _) => "Vault is sealed",
        _ => return Vec::new(),
    };
    vec![words.to_owned()]
}

/// The words for a mount that nobody may know of.
pub(crate) fn preflight(path: &str) -> String {
    format!("preflight capability check returned 403, please ensure client's policies grant access to path \"{path}/\"")
}
