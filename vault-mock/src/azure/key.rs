//! Keys of Key Vault: `wrapkey` and `unwrapkey` of RSA keys of 2048 bits (learn.microsoft.com/rest/api/keyvault/keys/wrap-key).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::azure::wire::error;
use crate::keys::{Keys, Refusal};

/// The one version that each key has.
const VERSION: &str = "0123456789abcdef0123456789abcdef";
/// Bytes that RSA-OAEP-256 takes with 2048 bits (RFC 8017 section 7.1.1), and gives.
const LONGEST: usize = 190;
const MODULUS: usize = 256;

/// What a version of a key, or the current one, answers.
pub(crate) fn answer(keys: &Keys, asked: &Asked<'_>, (name, version, verb): (&str, Option<&str>, &str)) -> Answer {
    let bad = |words: &str| error(400, "BadParameter", None, words);
    let body = asked.json().unwrap_or_default();
    if body.get("alg").and_then(Value::as_str) != Some("RSA-OAEP-256") {
        return bad("Property alg has an invalid value");
    }
    if !asked.parameter("api-version").is_some_and(|version| version.starts_with("7.") || version.starts_with("20")) {
        return bad("api-version must be specified");
    }
    let Some(value) = body.get("value").and_then(Value::as_str).and_then(|value| URL_SAFE_NO_PAD.decode(value).ok()) else {
        return bad("Property value is not base64url");
    };
    let done = match verb {
        _ if version.is_some_and(|version| version != VERSION) => Err(Refusal::Unknown),
        "wrapkey" if value.len() > LONGEST => return bad("The parameter is too large"),
        "wrapkey" => keys.encrypt(name, &value, b"", MODULUS),
        _ => keys.decrypt(name, &value, b""),
    };
    match done {
        Ok(value) => {
            let kid = format!("{}/keys/{name}/{VERSION}", asked.origin);
            Answer::json(200, &json!({ "kid": kid, "value": URL_SAFE_NO_PAD.encode(value) }))
        }
        Err(Refusal::Unknown) => error(404, "KeyNotFound", None, &format!("A key with (name/id) {name} was not found in this key vault.")),
        Err(Refusal::Disabled) => error(403, "Forbidden", Some("KeyDisabled"), "Operation is not allowed on a disabled key."),
        Err(Refusal::Wrong) => bad("The parameter is incorrect"),
    }
}
