//! A key of AWS KMS, by `Encrypt` and `Decrypt` with an encryption context (docs.aws.amazon.com/kms/latest/APIReference).

use std::sync::Arc;

use async_trait::async_trait;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderName;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::ToolEnvironment;
use crate::identity::aws::CodeKind;
use crate::identity::aws::Config;
use crate::identity::aws::Login;
use crate::identity::aws::LoginParts;
use crate::identity::aws::check_region;
use crate::identity::aws::code;
use crate::identity::aws::endpoint_of;
use crate::identity::aws::kind;
use crate::identity::renewal;
use crate::identity::renewal::Authenticated;
use crate::key::binding::digest;
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
use crate::service::http::Base;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RequestLimits;
use crate::service::http::Transport;
use crate::service::words;

/// How a key of AWS KMS is reached. What is absent is asked of AWS's own chain.
#[derive(Debug)]
pub struct KmsSettings {
    /// The key's id, its ARN, or `alias/NAME`.
    pub key: String,
    /// The region; that of the ARN where the key is one.
    pub region: Option<String>,
    /// The profile in AWS's own files.
    pub profile: Option<String>,
    /// Where the service is, if not at its region's public address.
    pub endpoint: Option<String>,
    /// The variables of AWS's own tools.
    pub environment: Arc<ToolEnvironment>,
    /// Who is believed to be the service.
    pub transport: Transport,
    /// How much at once, how fast and how long.
    pub limits: RequestLimits,
    /// For the attempts.
    pub entropy: Arc<dyn Entropy>,
    /// For signatures.
    pub clock: Arc<dyn Clock>,
}

/// The key that `settings` name. Nothing is sent here.
pub fn kms(settings: KmsSettings) -> ServiceKey {
    ServiceKey::new("aws", settings.key.clone(), Kms { settings, link: OnceCell::new() })
}

#[derive(Debug)]
struct Kms {
    settings: KmsSettings,
    link: OnceCell<Link>,
}

/// The way to the service.
#[derive(Debug)]
struct Link {
    url: Url,
    login: Login,
    client: HttpClient,
}

impl Link {
    async fn new(settings: &KmsSettings, until: Instant) -> Result<Self, ServiceError> {
        let KmsSettings { key, limits, transport, .. } = settings;
        let unusable = |reason: String| ServiceError::new(ServiceFault::Unavailable, reason, "correct the region or the endpoint");
        let config = Config::read(&settings.environment, settings.profile.as_deref())?;
        let parts =
            || LoginParts { transport: transport.anonymous(), meter: Arc::clone(&limits.meter), clock: Arc::clone(&settings.clock) };
        let of_key = key.strip_prefix("arn:").and_then(|arn| arn.split(':').nth(2));
        let region = Login::region(settings.region.as_deref().or(of_key), &config, &parts(), until).await;
        let next = "name the key by its ARN, or set `region` in the project file, or AWS_REGION";
        let region = region.ok_or_else(|| ServiceError::new(ServiceFault::Unavailable, "no AWS region is set", next))?;
        check_region(&region).map_err(unusable)?;
        let address = match settings.endpoint.as_deref().or(config.endpoint("KMS")) {
            Some(address) => address.to_owned(),
            None => endpoint_of("kms", &region, config.kind()).map_err(unusable)?,
        };
        let base = Base::new(&address).map_err(|reason| unusable(format!("the endpoint of AWS KMS cannot be used: {reason}")))?;
        Ok(Self {
            url: base.url().clone(),
            client: HttpClient::new(base.url(), transport, limits, Arc::clone(&settings.entropy))?,
            login: Login::new(config, parts(), region, "kms"),
        })
    }
}

impl Kms {
    async fn link(&self) -> Result<&Link, ServiceError> {
        let until = Instant::now() + self.settings.limits.deadline;
        let found = self.link.get_or_try_init(async || Link::new(&self.settings, until).await);
        timeout_at(until, found).await.unwrap_or_else(|_| {
            let next = "check the network to the instance's metadata, or set the region";
            Err(ServiceError::new(ServiceFault::Unavailable, "AWS's own settings could not be read in time", next))
        })
    }

    async fn ask(&self, operation: &'static str, field: &str, value: &[u8], context: &[u8]) -> Result<Secret, ServiceError> {
        let link = self.link().await?;
        let key = serde_json::Value::from(self.settings.key.as_str()).to_string();
        let context = digest(context).to_string();
        let body = joined(&[
            b"{\"KeyId\":",
            key.as_bytes(),
            b",\"EncryptionContext\":{\"cloze.dev/slot\":\"",
            context.as_bytes(),
            b"\"},\"",
            field.as_bytes(),
            b"\":\"",
            value,
            b"\"}",
        ]);
        let call =
            Call::post(link.url.clone(), "application/x-amz-json-1.1", body).with(HeaderName::from_static("x-amz-target"), operation);
        let Authenticated { reply, token } = renewal::ask(&link.login, &link.client, &call, link.client.until()).await?;
        if reply.status == 200 { Ok(reply.body) } else { Err(refused(&reply, &*token)) }
    }
}

#[async_trait]
impl Cipher for Kms {
    async fn encrypt(&self, plain: &Secret, context: &[u8]) -> Result<Wrapped, ServiceError> {
        let body = self.ask("TrentService.Encrypt", "Plaintext", encoded(&STANDARD, plain).expose(), context).await?;
        let text = text(&body, &["CiphertextBlob"]).filter(|text| is_base64(text)).ok_or_else(|| unexpected("AWS KMS"))?;
        Ok(Wrapped { text, version: None })
    }

    async fn decrypt(&self, wrapped: &Wrapped, context: &[u8]) -> Result<Secret, ServiceError> {
        if !is_base64(&wrapped.text) {
            return Err(ServiceError::new(ServiceFault::BadValue, "it is not a ciphertext of AWS KMS", "restore the keyring"));
        }
        let body = self.ask("TrentService.Decrypt", "CiphertextBlob", wrapped.text.as_bytes(), context).await?;
        field(&body, &["Plaintext"]).and_then(|text| decoded(&text)).ok_or_else(|| unexpected("AWS KMS"))
    }

    async fn client(&self) -> Result<&HttpClient, ServiceError> {
        Ok(&self.link().await?.client)
    }
}

fn is_base64(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte))
}

/// Why AWS KMS did not do it (<https://docs.aws.amazon.com/kms/latest/APIReference/API_Decrypt.html>).
fn refused(reply: &Reply, protocol: &dyn Protocol) -> ServiceError {
    if let Some(redirect) = reply.redirect() {
        return redirect;
    }
    let code = code(reply);
    let said = text(&reply.body, &["message"]).or_else(|| text(&reply.body, &["Message"])).filter(|said| !protocol.gives_away(said));
    let shown = said.filter(|said| !said.is_empty()).map(|said| format!(": {}", words::tame(&said, 200))).unwrap_or_default();
    let error = |fault, reason: String, next: &str| ServiceError::new(fault, format!("{reason}{shown}"), next);
    match (code.as_str(), kind(&code)) {
        ("InvalidCiphertextException" | "IncorrectKeyException" | "ValidationException", _) => {
            error(ServiceFault::BadValue, "AWS KMS does not decrypt it".to_owned(), "restore the keyring")
        }
        ("NotFoundException", _) => error(
            ServiceFault::NotFound,
            "there is no such key in this region of this account".to_owned(),
            "check the key and the region; of another account's key, name the ARN",
        ),
        ("DisabledException" | "KMSInvalidStateException", _) => error(
            ServiceFault::Gone,
            "the key is disabled or scheduled for deletion".to_owned(),
            "enable it, or cancel its deletion, in AWS KMS",
        ),
        (_, CodeKind::Denied) => error(
            ServiceFault::Denied,
            "the identity may not use the key".to_owned(),
            "allow `kms:Decrypt` on it, and `kms:Encrypt` for `key add` and `key rotate`, in a policy of the identity or of the key",
        ),
        (_, CodeKind::Expired | CodeKind::Clock | CodeKind::Credential | CodeKind::Account) => error(
            ServiceFault::Unauthenticated,
            format!("AWS does not accept the credential ({})", words::tame(&code, 64)),
            "log in again, and check the credential, the account and this machine's clock",
        ),
        (_, CodeKind::Throttled) => error(ServiceFault::RateLimited, "AWS KMS is rate limiting requests".to_owned(), "try again later"),
        _ => error(
            ServiceFault::Unavailable,
            format!("AWS KMS refused the request with status {} ({})", reply.status, words::tame(&code, 64)),
            "try again later, or check the endpoint",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use vault_mock::Fault;
    use vault_mock::Script;
    use vault_mock::Server;
    use vault_mock::aws::Aws;
    use vault_mock::aws::Key;
    use vault_mock::aws::Seed;

    use super::KmsSettings;
    use super::kms;
    use crate::clock::Machine;
    use crate::identity::ToolEnvironment;
    use crate::key::ServiceKey;
    use crate::key::suite;
    use crate::service::http::RequestLimits;
    use crate::service::http::Transport;

    fn key(server: &Server<Aws>, name: &str) -> ServiceKey {
        let key = server.protocol().key();
        let pairs = [("AWS_ACCESS_KEY_ID", &key.id), ("AWS_SECRET_ACCESS_KEY", &key.secret)];
        kms(KmsSettings {
            key: name.to_owned(),
            region: None,
            profile: None,
            endpoint: Some(server.url()),
            environment: Arc::new(ToolEnvironment::collect(
                pairs.map(|(name, value)| (name.into(), value.into())).into_iter().chain([("AWS_REGION".into(), "eu-central-1".into())]),
                None,
            )),
            transport: Transport::default(),
            limits: RequestLimits::default(),
            entropy: Arc::new(Machine),
            clock: Arc::new(Machine),
        })
    }

    #[tokio::test]
    async fn conforms() {
        let server = Aws::serve(Seed::default()).unwrap();
        suite::conforms(&key(&server, "alias/cloze"), &key(&server, "arn:aws:kms:eu-central-1:1:key/other")).await;
    }

    #[tokio::test]
    async fn refusals_say_what_to_do() {
        let seed = Seed { keys: vec![Key::new("AKIACI", "secret").without("kms:Encrypt", None)], ..Seed::default() };
        let server = Aws::serve(seed).unwrap();
        let said = suite::refusal(&key(&server, "alias/cloze")).await;
        assert!(
            said.starts_with("aws alias/cloze: the identity may not use the key: User: ") && said.contains("; allow `kms:Decrypt` on it"),
            "{said}"
        );
        let server = Aws::serve(Seed::default()).unwrap();
        let said = suite::refusal(&key(&server, "none")).await;
        assert!(
            said.starts_with("aws none: there is no such key in this region of this account: Key 'none' does not exist; check the key"),
            "{said}"
        );
        let recipient = key(&server, "cloze");
        let said = suite::refusal_after(&recipient, async || server.protocol().disable_key("cloze", true)).await;
        assert!(said.starts_with("aws cloze: the key is disabled or scheduled for deletion: cloze is disabled.; enable it"), "{said}");
        server.protocol().disable_key("cloze", false);
        let said = suite::refusal(&key(&server, "arn:aws:kms:us-east-1:1:key/cloze")).await;
        assert!(said.contains("AWS does not accept the credential (InvalidSignatureException)"), "{said}");
        let table = [
            (Fault::variant(400, "IncorrectKeyException"), "AWS KMS does not decrypt it"),
            (Fault::variant(418, "Teapot"), "AWS KMS refused the request with status 418 (Teapot)"),
            (Fault::body(200, "{}"), "the answer is not that of AWS KMS"),
        ];
        for (fault, words) in table {
            server.script(Script::new("Encrypt", 1, fault));
            let said = suite::refusal(&recipient).await;
            assert!(said.contains(words), "{said}");
        }
    }

    #[tokio::test]
    async fn without_a_region_it_says_so() {
        let server = Aws::serve(Seed::default()).unwrap();
        let settings = KmsSettings {
            key: "alias/cloze".to_owned(),
            region: None,
            profile: None,
            endpoint: Some(server.url()),
            environment: Arc::new(ToolEnvironment::collect([("AWS_EC2_METADATA_DISABLED".into(), "true".into())], None)),
            transport: Transport::default(),
            limits: RequestLimits::default(),
            entropy: Arc::new(Machine),
            clock: Arc::new(Machine),
        };
        let said = suite::refusal(&kms(settings)).await;
        assert_eq!(
            said,
            "aws alias/cloze: no AWS region is set; name the key by its ARN, or set `region` in the project file, or AWS_REGION"
        );
    }
}
