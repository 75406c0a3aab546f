//! One request and its answer: with a token that goes to its own origin only, within a deadline, a few times over if need be.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use reqwest::Method;
use reqwest::Response;
use reqwest::Url;
use reqwest::header::HeaderValue;
use reqwest::header::LOCATION;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls_platform_verifier::BuilderVerifierExt as _;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout_at;
use zeroize::Zeroize as _;

use crate::clock::Entropy;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::vault::VaultError;
use crate::vault::VaultFault;
use crate::vault::words;

/// How often one request is made at most.
const ATTEMPTS: u32 = 4;
/// The first wait is up to this long, and each further one up to twice the last.
const BACKOFF: Duration = Duration::from_millis(250);
const CONNECT: Duration = Duration::from_secs(5);
const READ: Duration = Duration::from_secs(10);
/// The largest body in bytes.
const BODY_LIMIT: usize = 1 << 20;

/// What every request of a vault has in common.
#[derive(Debug)]
pub(super) struct Exchange {
    client: Client,
    token: Secret,
    namespace: Option<HeaderValue>,
    slots: Semaphore,
    deadline: Duration,
    entropy: Arc<dyn Entropy>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: Secret,
    /// The host that a redirect names.
    pub(super) host: Option<String>,
    retry_after: Option<Duration>,
}

/// Why there is no answer.
#[derive(Debug)]
struct Failure {
    error: VaultError,
    again: bool,
}

impl Exchange {
    /// A client for servers with `https` (or for the loopback without).
    pub(super) fn new(
        (token, namespace): (Secret, Option<&str>),
        (parallel, deadline): (usize, Duration),
        encrypted: bool,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, VaultError> {
        let unusable = |reason: &str, next: &str| VaultError::new(VaultFault::Unauthenticated, reason, next);
        if token.is_empty() || !token.expose().iter().all(u8::is_ascii_graphic) {
            return Err(unusable("the token is empty or has characters that no token has", "give the token alone, without a line end"));
        }
        let namespace = namespace.map(HeaderValue::from_str).transpose();
        let namespace = namespace.map_err(|_| unusable("the namespace has characters that no namespace has", "correct the namespace"))?;
        let client = client(encrypted, parallel).ok_or_else(|| {
            let next = "install the system's CA certificates, such as the package `ca-certificates`";
            VaultError::new(VaultFault::Unavailable, "TLS cannot be set up with the system's certificates", next)
        })?;
        Ok(Self { client, token, namespace, slots: Semaphore::new(parallel.max(1)), deadline, entropy })
    }

    /// When what begins now has to be done.
    pub(super) fn until(&self) -> Instant {
        Instant::now() + self.deadline
    }

    /// Asks until there is an answer that is worth having, there were four attempts, or it is `until`. Nothing is sent when
    /// `hopeless` by the time that it is its turn.
    pub(super) async fn ask(&self, method: &Method, url: &Url, until: Instant, hopeless: impl Fn() -> bool) -> Result<Reply, VaultError> {
        let mut last = None;
        let answer = timeout_at(until, async {
            // The semaphore is never closed.
            let _slot = self.slots.acquire().await.ok();
            if hopeless() {
                let reason = "not asked for: the vault could not answer several others";
                return Err(VaultError::new(VaultFault::Unavailable, reason, "see why the others failed"));
            }
            self.attempts(method, url, until, &mut last).await
        })
        .await;
        answer.unwrap_or_else(|_| {
            let seconds = self.deadline.as_secs_f32();
            let before = last.map(|reason: String| format!("; before that: {reason}")).unwrap_or_default();
            let reason = format!("the vault did not answer within {seconds} s{before}");
            Err(VaultError::new(VaultFault::Unavailable, reason, "check the vault and the network, or allow more time"))
        })
    }

    /// Whether `text` holds the token.
    pub(super) fn gives_away(&self, text: &str) -> bool {
        self.token.expose_text().is_some_and(|token| text.contains(token))
    }

    async fn attempts(&self, method: &Method, url: &Url, until: Instant, last: &mut Option<String>) -> Result<Reply, VaultError> {
        for attempt in 1.. {
            let (outcome, again, at_least) = match self.once(method, url).await {
                Ok(reply) => {
                    let (again, wait) = (is_passing(reply.status), reply.retry_after.unwrap_or_default());
                    *last = Some(format!("status {}", reply.status));
                    (Ok(reply), again, wait)
                }
                Err(Failure { error, again }) => {
                    *last = Some(error.reason.clone());
                    (Err(error), again, Duration::ZERO)
                }
            };
            let wait = self.jitter(BACKOFF * 2_u32.pow(attempt - 1)).max(at_least);
            if !again || attempt == ATTEMPTS || Instant::now() + wait >= until {
                return outcome;
            }
            sleep(wait).await;
        }
        unreachable!("the last attempt returns")
    }

    async fn once(&self, method: &Method, url: &Url) -> Result<Reply, Failure> {
        let mut token = HeaderValue::from_bytes(self.token.expose()).unwrap_or_else(|_| unreachable!("the token was checked"));
        token.set_sensitive(true);
        let mut request = self.client.request(method.clone(), url.clone()).header("X-Vault-Token", token).header("X-Vault-Request", "true");
        if let Some(namespace) = &self.namespace {
            request = request.header("X-Vault-Namespace", namespace);
        }
        let mut response = request.send().await.map_err(|error| Failure::of(&error))?;
        let text = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        let retry_after = text(RETRY_AFTER).and_then(|seconds| seconds.parse().ok()).map(Duration::from_secs);
        let target = text(LOCATION).and_then(|location| url.join(location).ok());
        let host = target.and_then(|target| target.host_str().map(|host| words::tame(host, 128)));
        let status = response.status().as_u16();
        Ok(Reply { status, body: body(&mut response).await?, host, retry_after })
    }

    /// A random time up to `most`, that is full jitter: clients that failed together do not come back together.
    fn jitter(&self, most: Duration) -> Duration {
        let mut bytes = [0; 4];
        self.entropy.fill(&mut bytes);
        most.mul_f64(f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX))
    }
}

impl Failure {
    /// In our words: the crate's own may hold whatever the server sent.
    fn of(error: &reqwest::Error) -> Self {
        let causes = io_causes(error);
        let io = causes.first();
        let tls = causes.iter().find_map(|cause| cause.get_ref()?.downcast_ref::<rustls::Error>());
        let (reason, next, again) = match (tls, io) {
            (Some(rustls::Error::InvalidCertificate(_)), _) => {
                let next = "check the address, and that the system trusts the authority that signed the certificate";
                ("the vault's certificate is not valid here".to_owned(), next, false)
            }
            (Some(_), _) => ("TLS with the vault failed".to_owned(), "check that the address is the vault's TLS listener", false),
            (None, _) if error.is_timeout() && error.is_connect() => {
                (format!("no connection to the vault within {} s", CONNECT.as_secs()), "check the address and the network", true)
            }
            (None, _) if error.is_timeout() => {
                (format!("the vault was silent for {} s", READ.as_secs()), "check the vault and the network", true)
            }
            (None, Some(io)) if error.is_connect() => {
                (format!("no connection to the vault: {}", io.kind()), "check the address, and that the vault runs", true)
            }
            (None, _) if error.is_connect() => {
                ("no connection to the vault".to_owned(), "check the address, and that the vault runs", true)
            }
            _ => ("the connection to the vault broke before the answer was complete".to_owned(), "check the vault and the network", true),
        };
        Self { error: VaultError::new(VaultFault::Unavailable, reason, next), again }
    }
}

/// The I/O errors among the causes of an error, outermost first.
fn io_causes(error: &reqwest::Error) -> Vec<&io::Error> {
    let mut causes = Vec::new();
    let mut cause: Option<&(dyn Error + 'static)> = error.source();
    while let Some(inner) = cause {
        let io = inner.downcast_ref::<io::Error>();
        causes.extend(io);
        // An I/O error made of another error gives that one's source as its own, and so hides the one it is made of.
        cause = match io.and_then(io::Error::get_ref) {
            Some(made_of) => Some(made_of),
            None => inner.source(),
        };
    }
    causes
}

/// A client that follows no redirect, uses no proxy, retries nothing by itself and speaks TLS by ring.
fn client(encrypted: bool, parallel: usize) -> Option<Client> {
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions().ok()?;
    let tls = if encrypted { builder.with_platform_verifier().ok()? } else { builder.with_root_certificates(RootCertStore::empty()) };
    Client::builder()
        .tls_backend_preconfigured(tls.with_no_client_auth())
        .https_only(encrypted)
        .redirect(Policy::none())
        .referer(false)
        .retry(reqwest::retry::never())
        .no_proxy()
        .connect_timeout(CONNECT)
        .read_timeout(READ)
        .pool_max_idle_per_host(parallel)
        .user_agent(concat!("cloze/", env!("CARGO_PKG_VERSION")))
        .build()
        .ok()
}

/// Whether another attempt may fare better: 412 is a replica that lags behind, 473 a standby.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 412 | 429 | 473 | 500 | 502..=504)
}

/// The body, piece by piece into a wiped buffer.
async fn body(response: &mut Response) -> Result<Secret, Failure> {
    let announced = response.content_length().unwrap_or_default();
    let too_large = || {
        let reason = format!("the vault's answer is larger than {} MiB", BODY_LIMIT >> 20);
        Failure { error: VaultError::new(VaultFault::BadValue, reason, "split the secret"), again: false }
    };
    let size = usize::try_from(announced).ok().filter(|size| *size <= BODY_LIMIT).ok_or_else(too_large)?;
    let mut buffer = SecretBuffer::with_capacity(size.max(4096));
    while let Some(piece) = response.chunk().await.map_err(|error| Failure::of(&error))? {
        if buffer.len() + piece.len() > BODY_LIMIT {
            return Err(too_large());
        }
        buffer.extend(&piece);
        // The connection's own buffer is wiped where nobody else holds it.
        if let Ok(mut own) = piece.try_into_mut() {
            own.as_mut().zeroize();
        }
    }
    Ok(Secret::from(buffer))
}
