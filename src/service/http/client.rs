//! A client for one service: it follows no redirect, retries nothing by itself, speaks TLS by ring and uses the proxy that it is given.

use std::sync::Arc;

use reqwest::Proxy;
use reqwest::Request;
use reqwest::Url;
use reqwest::redirect::Policy;
use rustls::ClientConfig;
use rustls::RootCertStore;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls_platform_verifier::BuilderVerifierExt as _;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::http::Transport;
use crate::service::http::failure::Failure;
use crate::service::http::peer::CONNECT;
use crate::service::http::peer::Peer;
use crate::service::http::peer::READ;
use crate::service::http::proxy::Route;
use crate::service::http::proxy::address;

/// The largest answer of a service that gives out tokens.
const LIMIT: usize = 1 << 20;

/// A client for one service.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    peer: Peer,
    /// How the proxy that is set is used, for a diagnosis.
    pub(super) route: Option<String>,
    /// The proxy on the way.
    pub(super) proxy: Option<Url>,
    /// By whose signature a certificate is valid, for a diagnosis.
    pub(super) authorities: String,
}

impl Client {
    /// A client for the service `name` (with its article) at `origin`.
    ///
    /// # Errors
    /// Certificates that are not in PEM, and a machine without any.
    pub(crate) fn new(name: &'static str, origin: &Url, transport: &Transport, parallel: usize) -> Result<Self, ServiceError> {
        let encrypted = origin.scheme() == "https";
        let broken = |_| ServiceError::new(ServiceFault::Unavailable, "the HTTP client cannot be set up", "report this as a bug of cloze");
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(config(encrypted, transport)?)
            .https_only(encrypted)
            .redirect(Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .pool_max_idle_per_host(parallel)
            .user_agent(concat!("cloze/", env!("CARGO_PKG_VERSION")));
        let (mut peer, mut proxy) = (Peer { name, proxy: None }, None);
        let route = match transport.proxies.route(origin) {
            Route::Plain => None,
            Route::Direct(why) => Some(format!("not used: {why}")),
            Route::Proxy(url) => {
                builder = builder.proxy(Proxy::all(url.clone()).map_err(broken)?);
                peer.proxy = Some(address(url));
                proxy = Some(url.clone());
                Some(format!("by {}", address(url)))
            }
        };
        let authorities = transport.authorities.as_ref().map_or_else(|| "the system's authorities".to_owned(), |own| own.source.clone());
        Ok(Self { http: builder.build().map_err(broken)?, peer, route, proxy, authorities })
    }

    /// The service, as messages name it.
    pub(super) fn name(&self) -> &'static str {
        self.peer.name
    }

    /// One request and its answer of at most `limit` bytes, read to its end.
    pub(super) async fn send(&self, request: Request, limit: usize) -> Result<Reply, Failure> {
        let url = request.url().clone();
        let response = self.http.execute(request).await.map_err(|error| Failure::of(&error, &self.peer))?;
        Reply::read(response, &url, limit, &self.peer).await
    }

    /// One request to a service that gives out tokens. A redirect is a failure.
    pub(crate) async fn send_once(&self, request: Request) -> Result<Reply, Failure> {
        let reply = self.send(request, LIMIT).await?;
        match reply.redirect() {
            Some(error) => Err(Failure { error, again: false }),
            None => Ok(reply),
        }
    }

    /// Whether there is an answer of any kind to a request without a credential.
    pub(super) async fn reach(&self, url: Url) -> Result<(), ServiceError> {
        self.http.head(url).send().await.map(drop).map_err(|error| Failure::of(&error, &self.peer).error)
    }
}

fn config(encrypted: bool, transport: &Transport) -> Result<ClientConfig, ServiceError> {
    let bad = |reason: &str, next: &str| ServiceError::new(ServiceFault::Unavailable, reason, next);
    let system = || {
        let next = "install the system's CA certificates, such as the package `ca-certificates`";
        bad("TLS cannot be set up with the system's certificates", next)
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| system())?;
    let builder = match &transport.authorities {
        Some(authorities) => {
            let next = "give a file with certificates in PEM, each from `-----BEGIN CERTIFICATE-----` to its end";
            let bad = |reason: &str| bad(&format!("the file of authorities {} {reason}", authorities.source), next);
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(&authorities.pem) {
                let certificate = certificate.map_err(|_| bad("is not valid PEM"))?;
                roots.add(certificate).map_err(|_| bad("has something other than a certificate"))?;
            }
            if roots.is_empty() {
                return Err(bad("has no certificate"));
            }
            builder.with_root_certificates(roots)
        }
        None if encrypted => builder.with_platform_verifier().map_err(|_| system())?,
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    let Some(identity) = &transport.identity else { return Ok(builder.with_no_client_auth()) };
    let next = "give the certificate's chain and its private key in PEM";
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&identity.chain).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| bad("the client's certificate is not valid PEM", next))?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose()).map_err(|_| bad("the client's private key is not valid PEM", next))?;
    builder.with_client_auth_cert(chain, key).map_err(|_| bad("the client's private key does not match its certificate", next))
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::Client;
    use crate::secret::Secret;
    use crate::service::http::Authorities;
    use crate::service::http::ClientCertificate;
    use crate::service::http::Transport;

    fn reason(transport: &Transport) -> String {
        Client::new("the vault", &Url::parse("https://vault.example").unwrap(), transport, 1).unwrap_err().reason
    }

    #[test]
    fn a_file_without_certificates_is_an_error() {
        let authorities = |pem: &[u8]| Transport {
            authorities: Some(Authorities { pem: pem.to_vec(), source: "`ca.pem`".to_owned() }),
            ..Transport::default()
        };
        assert_eq!(reason(&authorities(b"canary")), "the file of authorities `ca.pem` has no certificate");
        let broken = b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
        assert_eq!(reason(&authorities(broken)), "the file of authorities `ca.pem` is not valid PEM");
        let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(reason(&authorities(empty)), "the file of authorities `ca.pem` has something other than a certificate");
        let identity = |chain: &[u8], key: &[u8]| Transport {
            identity: Some(ClientCertificate { chain: chain.to_vec(), key: Secret::copy_of(key) }),
            ..Transport::default()
        };
        assert_eq!(reason(&identity(b"canary", b"")), "the client's certificate is not valid PEM");
        assert_eq!(reason(&identity(empty, b"canary")), "the client's private key is not valid PEM");
    }
}
