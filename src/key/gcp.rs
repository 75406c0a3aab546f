//! A key of Google Cloud KMS, by `encrypt` and `decrypt` with additional data and checksums
//! (docs.cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys).

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::ToolEnvironment;
use crate::identity::google::Login;
use crate::identity::google::LoginParts;
use crate::identity::renewal;
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
use crate::service::http::Base;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::RequestLimits;
use crate::service::http::Transport;
use crate::service::json::Json;

/// How a key of Google Cloud KMS is reached.
#[derive(Debug)]
pub struct CloudKmsSettings {
    /// `projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY`.
    pub key: String,
    /// Where the service is, if not where Google has it.
    pub endpoint: Option<String>,
    /// The JSON of credentials; none for application default credentials.
    pub credentials: Option<Secret>,
    /// The variables of Google's own tools.
    pub environment: Arc<ToolEnvironment>,
    /// Who is believed to be Google.
    pub transport: Transport,
    /// How much at once, how fast and how long.
    pub limits: RequestLimits,
    /// For the attempts.
    pub entropy: Arc<dyn Entropy>,
    /// For tokens.
    pub clock: Arc<dyn Clock>,
}

/// The key that `settings` name. Nothing is sent here.
///
/// # Errors
/// A key or an endpoint that cannot be one.
pub fn cloud_kms(settings: CloudKmsSettings) -> Result<ServiceKey, ServiceError> {
    let CloudKmsSettings { key, endpoint, credentials, environment, transport, limits, entropy, clock } = settings;
    let unusable = |reason: String, next: &str| ServiceError::new(ServiceFault::Unavailable, reason, next);
    if !is_key(&key) {
        let next = "write `projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY`";
        return Err(unusable("the key's name is not that of a key of Cloud KMS".to_owned(), next));
    }
    let base = Base::new(endpoint.as_deref().unwrap_or(SERVICE))
        .map_err(|reason| unusable(format!("the endpoint of Cloud KMS cannot be used: {reason}"), "correct the endpoint"))?;
    let parts =
        LoginParts { environment, local: base.is_local(), transport: transport.anonymous(), meter: Arc::clone(&limits.meter), clock };
    let client = HttpClient::new(base.url(), &transport, &limits, entropy)?;
    let cipher = CloudKms { base: base.below("v1"), key: key.clone(), login: Login::new(credentials, parts), client };
    Ok(ServiceKey::new("gcp", key, cipher))
}

/// Whether a host is Cloud KMS's own, or that of a location.
pub(crate) fn is_service(host: &str) -> bool {
    let location = host.strip_prefix("cloudkms.").and_then(|rest| rest.strip_suffix(".rep.googleapis.com"));
    host == "cloudkms.googleapis.com" || location.is_some_and(is_segment)
}

#[derive(Debug)]
struct CloudKms {
    base: Base,
    key: String,
    login: Login,
    client: HttpClient,
}

impl CloudKms {
    fn url(&self, verb: &str) -> Result<Url, ServiceError> {
        let path = format!("{}:{verb}", self.key);
        self.base.place(&path.split('/').collect::<Vec<_>>(), None).map_err(|_| unexpected(KMS))
    }

    /// Asks with a field and its checksum.
    async fn ask(&self, verb: &str, name: &str, value: &Secret, context: &[u8]) -> Result<Secret, ServiceError> {
        let (text, sum) = (encoded(&STANDARD, value), crc32c::crc32c(value.expose()).to_string());
        let (data, data_sum) = (STANDARD.encode(context), crc32c::crc32c(context).to_string());
        let body = joined(&[
            b"{\"",
            name.as_bytes(),
            b"\":\"",
            text.expose(),
            b"\",\"",
            name.as_bytes(),
            b"Crc32c\":\"",
            sum.as_bytes(),
            b"\",\"additionalAuthenticatedData\":\"",
            data.as_bytes(),
            b"\",\"additionalAuthenticatedDataCrc32c\":\"",
            data_sum.as_bytes(),
            b"\"}",
        ]);
        let call = Call::post(self.url(verb)?, "application/json", body);
        let Authenticated { reply, token } = renewal::ask(&self.login, &self.client, &call, self.client.until()).await?;
        if reply.status == 200 { Ok(reply.body) } else { Err(refusal(&reply, &*token, RIGHT)) }
    }
}

#[async_trait]
impl Cipher for CloudKms {
    async fn encrypt(&self, plain: &Secret, context: &[u8]) -> Result<Wrapped, ServiceError> {
        let body = self.ask("encrypt", "plaintext", plain, context).await?;
        let arrived = |name: &str| Json::parse(body.expose()).is_ok_and(|json| json.get(name).is_some_and(|flag| flag.is_true()));
        let text = text(&body, &["ciphertext"]).ok_or_else(|| unexpected(KMS))?;
        let bytes = decoded(&Secret::copy_of(text.as_bytes())).ok_or_else(|| unexpected(KMS))?;
        let whole = arrived("verifiedPlaintextCrc32c") && arrived("verifiedAdditionalAuthenticatedDataCrc32c");
        if !whole || checksum(&body, "ciphertextCrc32c") != Some(crc32c::crc32c(bytes.expose())) {
            return Err(damaged());
        }
        Ok(Wrapped { text, version: None })
    }

    async fn decrypt(&self, wrapped: &Wrapped, context: &[u8]) -> Result<Secret, ServiceError> {
        let bad = || ServiceError::new(ServiceFault::BadValue, "it is not a ciphertext of Cloud KMS", "restore the keyring");
        let sealed = decoded(&Secret::copy_of(wrapped.text.as_bytes())).filter(|sealed| !sealed.is_empty()).ok_or_else(bad)?;
        let body = self.ask("decrypt", "ciphertext", &sealed, context).await?;
        let plain = field(&body, &["plaintext"]).and_then(|text| decoded(&text)).ok_or_else(|| unexpected(KMS))?;
        if checksum(&body, "plaintextCrc32c") == Some(crc32c::crc32c(plain.expose())) { Ok(plain) } else { Err(damaged()) }
    }

    async fn client(&self) -> Result<&HttpClient, ServiceError> {
        Ok(&self.client)
    }
}

/// A checksum in an answer: a number, which Google's JSON has as a text.
fn checksum(body: &Secret, name: &str) -> Option<u32> {
    let value = Json::parse(body.expose()).ok()?.get(name)?;
    value.number().or_else(|| value.text()?.parse().ok()).and_then(|number| u32::try_from(number).ok())
}

fn damaged() -> ServiceError {
    ServiceError::new(ServiceFault::Unavailable, "what Cloud KMS got or gave was damaged on the way", "try again")
}

fn is_key(key: &str) -> bool {
    let parts: Vec<&str> = key.split('/').collect();
    let [projects, project, locations, location, rings, ring, keys, name] = parts[..] else { return false };
    [projects, locations, rings, keys] == ["projects", "locations", "keyRings", "cryptoKeys"]
        && [project, location, ring, name].into_iter().all(is_segment)
}

fn is_segment(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=63).contains(&text.len()) && text.bytes().all(plain) && !text.starts_with('.')
}

const SERVICE: &str = "https://cloudkms.googleapis.com";
const KMS: &str = "Google Cloud KMS";
const RIGHT: &str =
    "grant it `roles/cloudkms.cryptoKeyDecrypter` on the key, and `roles/cloudkms.cryptoKeyEncrypter` for `key add` and `key rotate`";

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vault_mock::Fault;
    use vault_mock::Script;
    use vault_mock::Server;
    use vault_mock::gcp::Gcp;
    use vault_mock::gcp::Seed;

    use super::CloudKmsSettings;
    use super::cloud_kms;
    use super::is_key;
    use super::is_service;
    use crate::clock::Machine;
    use crate::key::ServiceKey;
    use crate::key::suite;
    use crate::secret::Secret;
    use crate::service::ServiceError;
    use crate::service::http::RequestLimits;
    use crate::service::http::Transport;

    fn named(server: &Server<Gcp>, key: String) -> Result<ServiceKey, ServiceError> {
        cloud_kms(CloudKmsSettings {
            key,
            endpoint: Some(server.url()),
            credentials: Some(Secret::copy_of(server.protocol().service_account(&server.url()).as_bytes())),
            environment: Arc::default(),
            transport: Transport::default(),
            limits: RequestLimits::default(),
            entropy: Arc::new(Machine),
            clock: Arc::new(Machine),
        })
    }

    fn key(server: &Server<Gcp>, name: &str) -> ServiceKey {
        named(server, format!("projects/demo-project/locations/europe-west3/keyRings/cloze/cryptoKeys/{name}")).unwrap()
    }

    #[tokio::test]
    async fn conforms() {
        let server = Gcp::serve(Seed::default()).unwrap();
        suite::conforms(&key(&server, "cloze"), &key(&server, "other")).await;
    }

    #[tokio::test]
    async fn refusals_say_what_to_do() {
        let server = Gcp::serve(Seed { denied: vec!["other".to_owned()], ..Seed::default() }).unwrap();
        let said = suite::refusal(&key(&server, "other")).await;
        assert!(
            said.contains("/other: the identity may not use the key: Permission 'cloudkms.")
                && said.contains("; grant it `roles/cloudkms."),
            "{said}"
        );
        let said = suite::refusal(&key(&server, "none")).await;
        assert!(said.contains("there is no such key, or no such version of it: CryptoKey none not found."), "{said}");
        let recipient = key(&server, "cloze");
        let said = suite::refusal_after(&recipient, async || server.protocol().disable_key("cloze", true)).await;
        assert!(
            said.contains("/cloze: the key is not enabled: ") && said.ends_with("; enable the version of the key that wrapped this"),
            "{said}"
        );
        server.protocol().disable_key("cloze", false);
        server.script(Script::new("encrypt", 1, Fault::WrongCrc));
        let said = suite::refusal(&recipient).await;
        assert!(said.ends_with("/cloze: what Cloud KMS got or gave was damaged on the way; try again"), "{said}");
        let said = suite::refusal_after(&recipient, async || server.script(Script::new("decrypt", 1, Fault::WrongCrc))).await;
        assert!(said.ends_with("/cloze: what Cloud KMS got or gave was damaged on the way; try again"), "{said}");
        let table = [
            (Fault::body(200, "{}"), "the answer is not that of Google Cloud KMS"),
            (Fault::body(401, "{}"), "the service does not accept the token"),
        ];
        for (fault, words) in table {
            server.script(Script::new("encrypt", 1, fault));
            let said = suite::refusal(&key(&server, "cloze")).await;
            assert!(said.contains(words), "{said}");
        }
        let error = named(&server, "cloze".to_owned()).unwrap_err();
        assert_eq!(error.reason, "the key's name is not that of a key of Cloud KMS");
    }

    #[test]
    fn a_key_has_its_full_name() {
        assert!(is_key("projects/shop-1/locations/europe-west3/keyRings/cloze/cryptoKeys/prod"));
        for other in [
            "projects/shop-1/locations/europe-west3/keyRings/cloze/cryptoKeys/prod/cryptoKeyVersions/1",
            "projects/shop-1/locations/europe-west3/keyRings/cloze/cryptoKeys/../x",
            "projects//locations/europe-west3/keyRings/cloze/cryptoKeys/prod",
            "prod",
        ] {
            assert!(!is_key(other), "{other}");
        }
    }

    #[test]
    fn only_exact_hosts_are_cloud_kms_own() {
        assert!(is_service("cloudkms.googleapis.com") && is_service("cloudkms.europe-west3.rep.googleapis.com"));
        for host in
            ["secretmanager.googleapis.com", "cloudkms.googleapis.com.evil.example", "cloudkms..rep.googleapis.com", "evil.googleapis.com"]
        {
            assert!(!is_service(host), "{host}");
        }
    }
}
