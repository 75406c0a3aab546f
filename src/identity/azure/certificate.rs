//! What an application shows in place of a client secret: a token that its certificate's key signed
//! (learn.microsoft.com/entra/identity-platform/certificate-credentials).

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use reqwest::Url;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::CertifiedKey;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::signed_jwt::Algorithm;
use crate::identity::signed_jwt::JwtSigner;
use crate::identity::signed_jwt::KeyFault;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;

/// How many seconds a signed token is good for.
const LIFE: i64 = 600;

/// A certificate with its key.
pub(super) struct Certificate {
    signer: JwtSigner,
    thumbprint: String,
}

impl Certificate {
    /// The certificate and the key in `pem`.
    ///
    /// # Errors
    /// Not a certificate, not an RSA key, or not a pair.
    pub(super) fn new(pem: &Secret) -> Result<Self, ServiceError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose()).collect();
        let chain = chain.map_err(|_| bad("the application's certificate is not PEM"))?;
        let signer = JwtSigner::new(pem.expose(), Algorithm::Ps256).map_err(|fault| match fault {
            KeyFault::Missing => bad("the application's certificate comes without a private key"),
            KeyFault::Unreadable => bad("the application's private key cannot be used"),
            KeyFault::NotRsa => bad("the application's private key is not an RSA key"),
        })?;
        let fits = |certificate: &CertificateDer<'static>| {
            CertifiedKey::new(vec![certificate.clone()], Arc::clone(&signer.key)).keys_match().is_ok()
        };
        let leaf = chain.into_iter().find(fits).ok_or_else(|| bad("no certificate fits the application's private key"))?;
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&leaf));
        Ok(Self { signer, thumbprint })
    }

    /// A token as Entra ID wants it at `endpoint`: PS256 (RFC 7518 section 3.5) with the certificate's thumbprint (RFC 7515 section 4.1.8).
    pub(super) fn assertion(&self, client: &str, endpoint: &Url, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Secret, ServiceError> {
        let now = clock.now().0;
        let mut number = [0; 16];
        entropy.fill(&mut number);
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": self.thumbprint});
        let claims = json!({
            "aud": endpoint.as_str(), "iss": client, "sub": client, "jti": BASE64_URL_SAFE_NO_PAD.encode(number), "iat": now, "nbf": now,
            "exp": now + LIFE,
        });
        self.signer.sign(&header, &claims).ok_or_else(|| bad("the application's private key cannot be used"))
    }
}

fn bad(reason: &str) -> ServiceError {
    let next = "give the certificate and its RSA key in one text of PEM, without a passphrase";
    ServiceError::new(ServiceFault::Unauthenticated, reason, next)
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Certificate;
    use crate::secret::Secret;

    #[test]
    fn what_is_not_a_pair_is_refused() {
        let reason = |pem: &str| Certificate::new(&Secret::copy_of(pem.as_bytes())).map(drop).unwrap_err().reason;
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(reason("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"), "the application's certificate is not PEM");
        assert_eq!(reason("canary"), "the application's certificate comes without a private key");
        assert_eq!(reason(certificate), "the application's certificate comes without a private key");
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(reason(&format!("{certificate}{key}")), "the application's private key cannot be used");
    }
}
