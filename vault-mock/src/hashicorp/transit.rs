//! The transit engine (developer.hashicorp.com/vault/api-docs/secret/transit): encryption with keys that stay here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::asked::Asked;
use crate::hashicorp::said::Said;
use crate::keys::{Keys, Refusal};

/// Something that is done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation<'p> {
    /// `encrypt` or `decrypt`.
    pub(crate) verb: &'p str,
    key: &'p str,
}

impl<'p> Operation<'p> {
    pub(crate) fn of(path: &'p str, method: &str) -> Option<Self> {
        let (verb, key) = path.strip_prefix("transit/")?.split_once('/')?;
        let known = matches!(verb, "encrypt" | "decrypt") && matches!(method, "POST" | "PUT");
        known.then_some(Self { verb, key })
    }

    pub(crate) fn answer(self, keys: &Keys, asked: &Asked<'_>) -> Result<Said, Said> {
        let bad = |words: &str| Said::error(400, &[words]);
        let body = asked.json().ok_or_else(|| bad("failed to parse JSON input"))?;
        let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        let context = STANDARD.decode(text("associated_data")).map_err(|_| bad("failed to base64-decode associated_data"))?;
        let refused = |refusal: Refusal| match refusal {
            // No token of ours may make a key, which is what Vault takes it for.
            Refusal::Unknown if self.verb == "encrypt" => Said::error(403, &["1 error occurred:\n\t* permission denied\n\n"]),
            Refusal::Unknown => bad("encryption key not found"),
            Refusal::Disabled => bad("ciphertext or signature version is disallowed by policy (too old)"),
            Refusal::Wrong => bad("cipher: message authentication failed"),
        };
        if self.verb == "encrypt" {
            let plain = STANDARD.decode(text("plaintext")).map_err(|_| bad("failed to base64-decode plaintext"))?;
            let sealed = keys.encrypt(self.key, &plain, &context, plain.len() + 28).map_err(refused)?;
            return Ok(Said::data(200, &json!({ "ciphertext": format!("vault:v1:{}", STANDARD.encode(sealed)), "key_version": 1 })));
        }
        let sealed = text("ciphertext").strip_prefix("vault:v1:").ok_or_else(|| bad("invalid ciphertext: no prefix"))?;
        let sealed = STANDARD.decode(sealed).map_err(|_| bad("invalid ciphertext: could not decode base64"))?;
        let plain = keys.decrypt(self.key, &sealed, &context).map_err(refused)?;
        Ok(Said::data(200, &json!({ "plaintext": STANDARD.encode(plain) })))
    }
}
