//! A key of Azure Key Vault, RSA in software or in an HSM, by `wrapkey` and `unwrapkey` with RSA-OAEP-256
//! (<https://learn.microsoft.com/rest/api/keyvault/keys/wrap-key>).

use async_trait::async_trait;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::identity::renewal::Authenticated;
use crate::key::service::Cipher;
use crate::key::service::ServiceKey;
use crate::key::service::Wrapped;
use crate::key::service::decoded;
use crate::key::service::encoded;
use crate::key::service::field;
use crate::key::service::joined;
use crate::key::service::refusal;
use crate::key::service::text;
use crate::key::service::unexpected;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::HttpClient;
use crate::vault::azure::AzureVault;

/// The key `name` of a key vault, which slots know by `id`.
pub fn wrapping_key(id: String, vault: AzureVault, name: String) -> ServiceKey {
    ServiceKey::new("azure", id, WrappingKey { vault, name })
}

/// The vault's address and the key's name in `https://VAULT/keys/NAME`; `None` for any other address, also that of one version of a key: a
/// slot keeps the version that wrapped it.
pub fn vault_and_name(key: &str) -> Option<(&str, &str)> {
    let (vault, name) = key.rsplit_once("/keys/")?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    ((1..=127).contains(&name.len()) && name.bytes().all(plain)).then_some((vault, name))
}

#[derive(Debug)]
struct WrappingKey {
    vault: AzureVault,
    name: String,
}

impl WrappingKey {
    async fn ask(&self, verb: &str, version: Option<&str>, value: &[u8]) -> Result<Secret, ServiceError> {
        let body = joined(&[b"{\"alg\":\"RSA-OAEP-256\",\"value\":\"", value, b"\"}"]);
        let Authenticated { reply, token } = self.vault.operate(&self.name, version, verb, body).await?;
        if reply.status == 200 { Ok(reply.body) } else { Err(refusal(&reply, &*token, RIGHT)) }
    }
}

#[async_trait]
impl Cipher for WrappingKey {
    async fn encrypt(&self, plain: &Secret, _: &[u8]) -> Result<Wrapped, ServiceError> {
        let body = self.ask("wrapkey", None, encoded(&URL_SAFE_NO_PAD, plain).expose()).await?;
        let version = text(&body, &["kid"]).and_then(|kid| kid.rsplit('/').next().map(str::to_owned)).filter(|version| is_version(version));
        let value = text(&body, &["value"]).filter(|value| is_base64(value));
        let (Some(version), Some(text)) = (version, value) else { return Err(unexpected(SERVICE)) };
        Ok(Wrapped { text, version: Some(version) })
    }

    async fn decrypt(&self, Wrapped { text, version }: &Wrapped, _: &[u8]) -> Result<Secret, ServiceError> {
        let version = version.as_deref().filter(|version| is_version(version) && is_base64(text));
        let bad = || ServiceError::new(ServiceFault::BadValue, "it was not wrapped by a key vault", "restore the keyring");
        let body = self.ask("unwrapkey", Some(version.ok_or_else(bad)?), text.as_bytes()).await?;
        field(&body, &["value"]).and_then(|value| decoded(&value)).ok_or_else(|| unexpected(SERVICE))
    }

    async fn client(&self) -> Result<&HttpClient, ServiceError> {
        Ok(self.vault.client())
    }

    fn binds(&self) -> bool {
        false
    }

    fn has_versions(&self) -> bool {
        true
    }
}

fn is_version(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Whether it needs no escapes in JSON; some of the documentation's examples have the other alphabet.
fn is_base64(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_+/=".contains(&byte))
}

const SERVICE: &str = "Azure Key Vault";
const RIGHT: &str = "assign the identity the role `Key Vault Crypto Service Encryption User` on the key: to unwrap, and to wrap for `key add` and `key rotate`";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vault_mock::Fault;
    use vault_mock::Script;
    use vault_mock::Server;
    use vault_mock::azure::Azure;
    use vault_mock::azure::Client;
    use vault_mock::azure::Seed;

    use super::vault_and_name;
    use super::wrapping_key;
    use crate::clock::Machine;
    use crate::identity::azure::Credential;
    use crate::key::ServiceKey;
    use crate::key::suite;
    use crate::secret::Secret;
    use crate::vault::azure::AzureVault;
    use crate::vault::azure::Settings;

    fn key(server: &Server<Azure>, name: &str) -> ServiceKey {
        let (client, secret) = server.protocol().client();
        let secret = Secret::copy_of(secret.as_bytes());
        let credential = Credential::ClientSecret { tenant: server.protocol().tenant(), client, secret };
        let settings = Settings { authority: Some(server.url()), ..Settings::new(server.url(), credential) };
        let vault = AzureVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap();
        wrapping_key(format!("{}/keys/{name}", server.url()), vault, name.to_owned())
    }

    #[tokio::test]
    async fn conforms() {
        let server = Azure::serve(Seed::default()).unwrap();
        suite::conforms(&key(&server, "cloze"), &key(&server, "other")).await;
    }

    #[tokio::test]
    async fn refusals_say_what_to_do() {
        let may = Some(vec!["unwrapKey".to_owned()]);
        let client = Client { id: "ci".to_owned(), secret: Some("ci-secret".to_owned()), may, ..Client::default() };
        let server = Azure::serve(Seed { clients: vec![client], ..Seed::default() }).unwrap();
        let said = suite::refusal(&key(&server, "cloze")).await;
        assert!(
            said.contains("/keys/cloze: the identity may not use the key: ")
                && said.contains("; assign the identity the role `Key Vault Crypto Service Encryption User`"),
            "{said}"
        );
        let server = Azure::serve(Seed::default()).unwrap();
        let said = suite::refusal(&key(&server, "none")).await;
        assert!(
            said.contains(": there is no such key, or no such version of it: A key with (name/id) none")
                && said.ends_with("; check the key's name"),
            "{said}"
        );
        let said = suite::refusal_after(&key(&server, "cloze"), async || server.protocol().disable_key("cloze", true)).await;
        assert!(said.contains("the identity may not use the key: Operation is not allowed on a disabled key."), "{said}");
        server.protocol().disable_key("cloze", false);
        for (code, words) in [(418, "the service refused the request with status 418"), (400, "the service does not take it")] {
            server.script(Script::new("WrapKey", 1, Fault::body(code, "{}")));
            let said = suite::refusal(&key(&server, "cloze")).await;
            assert!(said.contains(words), "{said}");
        }
        server.script(Script::new("WrapKey", 1, Fault::body(200, "{\"kid\":\"x/../\",\"value\":\"AA\"}")));
        let said = suite::refusal(&key(&server, "cloze")).await;
        assert!(said.contains(": the answer is not that of Azure Key Vault; check the address of the key"), "{said}");
    }

    #[test]
    fn a_key_is_an_address_without_a_version() {
        assert_eq!(vault_and_name("https://shop.vault.azure.net/keys/cloze"), Some(("https://shop.vault.azure.net", "cloze")));
        for other in
            ["https://shop.vault.azure.net/keys/cloze/0123", "https://shop.vault.azure.net/keys/", "https://shop.vault.azure.net", "cloze"]
        {
            assert_eq!(vault_and_name(other), None, "{other}");
        }
    }
}
