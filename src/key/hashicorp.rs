//! A key of the transit engine of `HashiCorp` Vault or `OpenBao` (developer.hashicorp.com/vault/api-docs/secret/transit).

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::key::service::Cipher;
use crate::key::service::ServiceKey;
use crate::key::service::Wrapped;
use crate::key::service::decoded;
use crate::key::service::encoded;
use crate::key::service::field;
use crate::key::service::joined;
use crate::key::service::text;
use crate::key::service::unexpected;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::HttpClient;
use crate::vault::Close;
use crate::vault::hashicorp::HashicorpVault;

/// The key `name` of a transit engine, which slots know by `id`. `vault` is entered as for secrets; its mount is the engine's.
pub fn transit(id: String, vault: HashicorpVault, name: String) -> ServiceKey {
    ServiceKey::new("hashicorp", id, Transit { vault, name })
}

#[derive(Debug)]
struct Transit {
    vault: HashicorpVault,
    name: String,
}

impl Transit {
    async fn ask(&self, verb: &str, field: &str, value: &[u8], context: &[u8]) -> Result<Secret, ServiceError> {
        let context = STANDARD.encode(context);
        let body = joined(&[b"{\"", field.as_bytes(), b"\":\"", value, b"\",\"associated_data\":\"", context.as_bytes(), b"\"}"]);
        self.vault.operate(verb, &self.name, body).await
    }
}

#[async_trait]
impl Cipher for Transit {
    async fn encrypt(&self, plain: &Secret, context: &[u8]) -> Result<Wrapped, ServiceError> {
        let body = self.ask("encrypt", "plaintext", encoded(&STANDARD, plain).expose(), context).await?;
        let text = text(&body, &["data", "ciphertext"]).ok_or_else(|| unexpected(TRANSIT))?;
        if is_ciphertext(&text) { Ok(Wrapped { text, version: None }) } else { Err(unexpected(TRANSIT)) }
    }

    async fn decrypt(&self, wrapped: &Wrapped, context: &[u8]) -> Result<Secret, ServiceError> {
        if !is_ciphertext(&wrapped.text) {
            return Err(ServiceError::new(ServiceFault::BadValue, "it is not a ciphertext of a transit engine", "restore the keyring"));
        }
        let body = self.ask("decrypt", "ciphertext", wrapped.text.as_bytes(), context).await?;
        field(&body, &["data", "plaintext"]).and_then(|text| decoded(&text)).ok_or_else(|| unexpected(TRANSIT))
    }

    async fn client(&self) -> Result<&HttpClient, ServiceError> {
        Ok(self.vault.client())
    }

    /// A failure would help nobody: the token ends by itself.
    async fn close(&self) {
        drop(self.vault.close().await);
    }
}

/// `vault:vN:` and base64, which needs no escapes in JSON.
fn is_ciphertext(text: &str) -> bool {
    let rest = text.strip_prefix("vault:v").and_then(|rest| rest.split_once(':'));
    rest.is_some_and(|(version, sealed)| {
        !version.is_empty()
            && version.bytes().all(|byte| byte.is_ascii_digit())
            && STANDARD.decode(sealed).is_ok_and(|bytes| !bytes.is_empty())
    })
}

const TRANSIT: &str = "a transit engine";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vault_mock::Fault;
    use vault_mock::Script;
    use vault_mock::Server;
    use vault_mock::hashicorp::Capability;
    use vault_mock::hashicorp::Hashicorp;
    use vault_mock::hashicorp::Seed;

    use super::is_ciphertext;
    use super::transit;
    use crate::clock::Machine;
    use crate::key::ServiceKey;
    use crate::key::suite;
    use crate::secret::Secret;
    use crate::vault::hashicorp::HashicorpVault;
    use crate::vault::hashicorp::Settings;

    fn key(server: &Server<Hashicorp>, name: &str, token: &str) -> ServiceKey {
        let settings = Settings::new(server.url(), "transit", Secret::copy_of(token.as_bytes()));
        transit(format!("transit/{name}"), HashicorpVault::new(settings, Arc::new(Machine)).unwrap(), name.to_owned())
    }

    #[tokio::test]
    async fn conforms() {
        let server = Hashicorp::serve(Seed::default()).unwrap();
        let token = server.protocol().token().to_owned();
        suite::conforms(&key(&server, "cloze", &token), &key(&server, "other", &token)).await;
    }

    #[tokio::test]
    async fn refusals_say_what_to_do() {
        let seed = Seed::default().rule("ci", "transit/decrypt/cloze", &[Capability::Update]).policed("ci-token", &["ci"]);
        let server = Hashicorp::serve(seed).unwrap();
        let said = suite::refusal(&key(&server, "cloze", "ci-token")).await;
        assert!(said.starts_with("hashicorp transit/cloze: the token may not update `transit/encrypt/cloze`"), "{said}");
        let server = Hashicorp::serve(Seed::default()).unwrap();
        let token = server.protocol().token().to_owned();
        let said = suite::refusal(&key(&server, "none", &token)).await;
        assert!(said.starts_with("hashicorp transit/none: the token may not update `transit/encrypt/none`"), "{said}");
        assert!(said.ends_with("; where there is no such key, Vault says the same: make the key"), "{said}");
        let recipient = key(&server, "cloze", &token);
        let said = suite::refusal_after(&recipient, async || server.protocol().seal(true)).await;
        assert_eq!(said, "hashicorp transit/cloze: the vault is sealed; unseal it");
        server.protocol().seal(false);
        let too_old = r#"{"errors":["ciphertext or signature version is disallowed by policy (too old)"]}"#;
        let said = suite::refusal_after(&recipient, async || server.script(Script::new("decrypt", 1, Fault::body(400, too_old)))).await;
        assert!(said.contains("is older than the key's minimum: `transit/decrypt/cloze`; lower"), "{said}");
        server.script(Script::new("encrypt", 1, Fault::body(200, "{}")));
        let said = suite::refusal(&recipient).await;
        assert_eq!(said, "hashicorp transit/cloze: the answer is not that of a transit engine; check the address of the key");
    }

    #[test]
    fn a_ciphertext_stands_in_json_as_it_is() {
        assert!(is_ciphertext("vault:v12:AAAA"));
        for other in ["vault:v1:", "vault:v:AAAA", "vault:v1:A\"", "vault:v1\":AAAA", "AAAA", ""] {
            assert!(!is_ciphertext(other), "{other}");
        }
    }
}
