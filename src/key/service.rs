//! A key that a service holds and never gives out: it encrypts the root key and decrypts it, for those whom its own policy allows to.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::GeneralPurpose;
use base64::engine::GeneralPurposeConfig;

use crate::clock::Entropy;
use crate::key::KeyError;
use crate::key::KeyWrap;
use crate::key::Parameter;
use crate::key::Recipient;
use crate::key::Slot;
use crate::key::binding::bound;
use crate::key::binding::unbound;
use crate::seal::RootKey;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::HttpClient;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::connectivity;
use crate::service::json::Json;
use crate::service::words;

/// What a service wrapped: its text, and what it needs besides to unwrap it.
#[derive(Debug)]
pub(super) struct Wrapped {
    pub(super) text: String,
    pub(super) version: Option<String>,
}

/// How a service's key is asked.
#[async_trait]
pub(super) trait Cipher: fmt::Debug + Send + Sync {
    /// `plain`, encrypted. `context` is bound to it where [`Cipher::BINDS`]; the caller sees to it where not.
    async fn encrypt(&self, plain: &Secret, context: &[u8]) -> Result<Wrapped, ServiceError>;

    /// What [`Cipher::encrypt`] encrypted in the same context.
    async fn decrypt(&self, wrapped: &Wrapped, context: &[u8]) -> Result<Secret, ServiceError>;

    /// The client that it is asked by, once it is known where the service is.
    async fn client(&self) -> Result<&HttpClient, ServiceError>;

    /// Ends what a login left open.
    async fn close(&self) {}

    /// Whether the service binds a context to what it encrypts.
    fn binds(&self) -> bool {
        true
    }

    /// Whether a wrapped text needs the version of the key that wrapped it.
    fn has_versions(&self) -> bool {
        false
    }
}

/// The key of a service. Where the service binds no context, the context's digest is wrapped with the key.
pub struct ServiceKey {
    recipient: Recipient,
    cipher: Box<dyn Cipher>,
}

impl ServiceKey {
    pub(super) fn new(kind: &str, id: String, cipher: impl Cipher + 'static) -> Self {
        Self { recipient: Recipient { kind: kind.to_owned(), id }, cipher: Box::new(cipher) }
    }

    fn failed(&self, error: ServiceError) -> KeyError {
        KeyError::new(format!("{}: {}", self.recipient, error.reason), error.next)
    }

    async fn opened(&self, slot: &Slot, context: &[u8]) -> Result<RootKey, KeyError> {
        let version = slot.parameters.get(VERSION).and_then(Parameter::text).map(str::to_owned);
        let expected = usize::from(self.cipher.has_versions());
        if slot.parameters.len() != expected || version.is_some() != self.cipher.has_versions() || slot.wrapped.len() > LONGEST {
            return Err(KeyError::unopened(&self.recipient));
        }
        let wrapped = Wrapped { text: slot.wrapped.clone(), version };
        let plain = match self.cipher.decrypt(&wrapped, context).await {
            Err(error) if error.fault == ServiceFault::BadValue => return Err(KeyError::unopened(&self.recipient)),
            other => other.map_err(|error| self.failed(error))?,
        };
        let root = if self.cipher.binds() { (plain.len() == RootKey::LENGTH).then(|| RootKey(plain)) } else { unbound(&plain, context) };
        root.ok_or_else(|| KeyError::unopened(&self.recipient))
    }
}

#[async_trait]
impl KeyWrap for ServiceKey {
    fn recipient(&self) -> Recipient {
        self.recipient.clone()
    }

    async fn wrap(&self, root: &RootKey, context: &[u8], _: &dyn Entropy) -> Result<Slot, KeyError> {
        let plain = if self.cipher.binds() { root.0.duplicate() } else { bound(root, context) };
        let wrapped = self.cipher.encrypt(&plain, context).await.map_err(|error| self.failed(error))?;
        let parameters: BTreeMap<String, Parameter> =
            wrapped.version.into_iter().map(|version| (VERSION.to_owned(), version.into())).collect();
        Ok(Slot { recipient: self.recipient(), parameters, wrapped: wrapped.text })
    }

    fn is_remote(&self) -> bool {
        true
    }

    async fn unwrap(&self, slot: &Slot, context: &[u8]) -> Option<Result<RootKey, KeyError>> {
        if slot.recipient == self.recipient { Some(self.opened(slot, context).await) } else { None }
    }

    async fn diagnose(&self) -> Vec<Diagnostic> {
        match self.cipher.client().await {
            Ok(client) => connectivity(client).await,
            Err(error) => vec![Diagnostic::bad(DiagnosticStep::Setup, error)],
        }
    }

    async fn close(&self) {
        self.cipher.close().await;
    }
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.recipient.fmt(f)
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceKey({})", self.recipient)
    }
}

/// The parts, one after the other.
pub(super) fn joined(parts: &[&[u8]]) -> Secret {
    let mut buffer = SecretBuffer::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        buffer.extend(part);
    }
    Secret::from(buffer)
}

/// A secret in base64.
pub(super) fn encoded(engine: &GeneralPurpose, plain: &Secret) -> Secret {
    let length = base64::encoded_len(plain.len(), true).unwrap_or_default();
    let mut buffer = SecretBuffer::with_capacity(length);
    let written = engine.encode_slice(plain.expose(), buffer.extend_zeroed(length)).unwrap_or_default();
    buffer.truncate(written);
    Secret::from(buffer)
}

/// The bytes of a secret in base64, in either alphabet and with or without padding: not all servers write what they document.
pub(super) fn decoded(text: &Secret) -> Option<Secret> {
    let mut plain = SecretBuffer::with_capacity(text.len());
    for byte in text.expose() {
        plain.push(match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        });
    }
    let mut bytes = SecretBuffer::with_capacity(text.len() + 4);
    let written = LENIENT.decode_slice(plain.expose(), bytes.extend_zeroed(text.len() + 4)).ok()?;
    bytes.truncate(written);
    Some(Secret::from(bytes))
}

/// A text under these keys in an answer.
pub(super) fn field(body: &Secret, keys: &[&str]) -> Option<Secret> {
    let mut json = Json::parse(body.expose()).ok()?;
    for key in keys {
        json = json.get(key)?;
    }
    json.secret()
}

/// A field that is not secret.
pub(super) fn text(body: &Secret, keys: &[&str]) -> Option<String> {
    field(body, keys)?.expose_text().map(str::to_owned)
}

/// The error of an answer that is not what its service documents.
pub(super) fn unexpected(what: &str) -> ServiceError {
    ServiceError::new(ServiceFault::Unavailable, format!("the answer is not that of {what}"), "check the address of the key")
}

/// The error of an answer that brings nothing, in the words of `error.message` of Azure and Google. `right` says what the identity needs.
pub(super) fn refusal(reply: &Reply, protocol: &dyn Protocol, right: &str) -> ServiceError {
    if let Some(redirect) = reply.redirect() {
        return redirect;
    }
    let said = text(&reply.body, &["error", "message"]).filter(|said| !protocol.gives_away(said));
    let shown = said.map(|said| format!(": {}", words::tame(&said, 200))).unwrap_or_default();
    let error = |fault, reason: String, next: &str| ServiceError::new(fault, format!("{reason}{shown}"), next);
    match reply.status {
        400 if text(&reply.body, &["error", "status"]).is_some_and(|status| status == "FAILED_PRECONDITION") => {
            error(ServiceFault::Gone, "the key is not enabled".to_owned(), "enable the version of the key that wrapped this")
        }
        400 => {
            error(ServiceFault::BadValue, "the service does not take it".to_owned(), "check the key, and that it can encrypt and decrypt")
        }
        401 => error(ServiceFault::Unauthenticated, "the service does not accept the token".to_owned(), "check the credentials"),
        403 => error(ServiceFault::Denied, "the identity may not use the key".to_owned(), right),
        404 => error(ServiceFault::NotFound, "there is no such key, or no such version of it".to_owned(), "check the key's name"),
        429 => error(ServiceFault::RateLimited, "the service is rate limiting requests".to_owned(), "try again later"),
        status @ 500.. => error(ServiceFault::Unavailable, format!("the service failed with status {status}"), "try again later"),
        status => {
            error(ServiceFault::Unavailable, format!("the service refused the request with status {status}"), "check the key's address")
        }
    }
}

/// The parameter of a slot that names the version of the key.
const VERSION: &str = "version";
/// Characters of a wrapped key, several times what a service makes.
const LONGEST: usize = 8 << 10;
const LENIENT: GeneralPurpose =
    GeneralPurpose::new(&alphabet::STANDARD, GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent));
