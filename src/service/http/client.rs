//! The client: it follows no redirect, uses no proxy, retries nothing by itself and speaks TLS by ring.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
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
use crate::service::http::Tls;

/// How long a connection may take.
pub(crate) const CONNECT: Duration = Duration::from_secs(5);
/// How long a vault may be silent.
pub(crate) const READ: Duration = Duration::from_secs(10);

/// A client for servers with `https`, or for the loopback without.
pub(crate) fn client(encrypted: bool, tls: &Tls, parallel: usize) -> Result<Client, ServiceError> {
    let unusable = |reason: &str, next: &str| ServiceError::new(ServiceFault::Unavailable, reason, next);
    let config = config(encrypted, tls)?;
    Client::builder()
        .tls_backend_preconfigured(config)
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
        .map_err(|_| unusable("the HTTP client cannot be set up", "report this as a bug of cloze"))
}

fn config(encrypted: bool, tls: &Tls) -> Result<ClientConfig, ServiceError> {
    let bad = |reason: &str, next: &str| ServiceError::new(ServiceFault::Unavailable, reason, next);
    let system = || {
        let next = "install the system's CA certificates, such as the package `ca-certificates`";
        bad("TLS cannot be set up with the system's certificates", next)
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider())).with_safe_default_protocol_versions();
    let builder = builder.map_err(|_| system())?;
    let builder = match &tls.authorities {
        Some(pem) => {
            let next = "give a file with certificates in PEM, each from `-----BEGIN CERTIFICATE-----` to its end";
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                let certificate = certificate.map_err(|_| bad("the file of authorities is no PEM", next))?;
                roots.add(certificate).map_err(|_| bad("the file of authorities has something else than a certificate", next))?;
            }
            if roots.is_empty() {
                return Err(bad("the file of authorities holds no certificate", next));
            }
            builder.with_root_certificates(roots)
        }
        None if encrypted => builder.with_platform_verifier().map_err(|_| system())?,
        None => builder.with_root_certificates(RootCertStore::empty()),
    };
    let Some(identity) = &tls.identity else { return Ok(builder.with_no_client_auth()) };
    let next = "give the certificate's chain and its private key in PEM";
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&identity.chain).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty()).ok_or_else(|| bad("the client's certificate is no PEM", next))?;
    let key = PrivateKeyDer::from_pem_slice(identity.key.expose()).map_err(|_| bad("the client's private key is no PEM", next))?;
    builder.with_client_auth_cert(chain, key).map_err(|_| bad("the client's private key does not fit its certificate", next))
}

#[cfg(test)]
mod tests {
    use super::client;
    use crate::secret::Secret;
    use crate::service::http::Identity;
    use crate::service::http::Tls;

    fn reason(tls: &Tls) -> String {
        client(true, tls, 1).unwrap_err().reason
    }

    #[test]
    fn what_is_no_certificate_is_told() {
        let authorities = |pem: &[u8]| Tls { authorities: Some(pem.to_vec()), identity: None };
        assert_eq!(reason(&authorities(b"canary")), "the file of authorities holds no certificate");
        let broken = b"-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
        assert_eq!(reason(&authorities(broken)), "the file of authorities is no PEM");
        let empty = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(reason(&authorities(empty)), "the file of authorities has something else than a certificate");
        let identity = |chain: &[u8], key: &[u8]| Tls {
            authorities: None,
            identity: Some(Identity { chain: chain.to_vec(), key: Secret::copy_of(key) }),
        };
        assert_eq!(reason(&identity(b"canary", b"")), "the client's certificate is no PEM");
        assert_eq!(reason(&identity(empty, b"canary")), "the client's private key is no PEM");
    }
}
