//! What an application shows in place of a client secret: a token that its certificate's key signed, or a token of another issuer.

use std::fmt;
use std::sync::Arc;

use azure_core::http::ClientMethodOptions;
use azure_identity::ClientAssertion;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::CertifiedKey;
use rustls::sign::Signer;
use serde_json::json;
use sha2::Digest as _;
use sha2::Sha256;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::id_token::IdToken;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::azure::note::Note;

/// How many seconds a signed token is good for.
const LIFE: i64 = 600;

/// A certificate with its key.
pub(super) struct Certificate {
    signer: Box<dyn Signer>,
    thumbprint: String,
    client: String,
    endpoint: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Certificate {
    /// The certificate and the key in `pem`, for the application `client` at a token endpoint.
    ///
    /// # Errors
    /// What is no certificate, no RSA key, or not a pair.
    pub(super) fn new(
        pem: &Secret,
        client: &str,
        endpoint: String,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ServiceError> {
        let bad = |reason: &str| {
            ServiceError::new(
                ServiceFault::Unauthenticated,
                reason,
                "give the certificate and its RSA key in one text of PEM, without a passphrase",
            )
        };
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.expose()).collect();
        let chain = chain.map_err(|_| bad("the application's certificate is no PEM"))?;
        let key =
            PrivateKeyDer::from_pem_slice(pem.expose()).map_err(|_| bad("the application's certificate comes without a private key"))?;
        let key = any_supported_type(&key).map_err(|_| bad("the application's private key cannot be used"))?;
        let signer =
            key.choose_scheme(&[SignatureScheme::RSA_PSS_SHA256]).ok_or_else(|| bad("the application's private key is no RSA key"))?;
        let leaf =
            chain.into_iter().find(|certificate| CertifiedKey::new(vec![certificate.clone()], Arc::clone(&key)).keys_match().is_ok());
        let leaf = leaf.ok_or_else(|| bad("no certificate fits the application's private key"))?;
        let thumbprint = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&leaf));
        Ok(Self { signer, thumbprint, client: client.to_owned(), endpoint, clock, entropy })
    }

    /// A token as Entra ID wants it: PS256 (RFC 7518 section 3.5) with the certificate's thumbprint (RFC 7515 section 4.1.8).
    fn token(&self) -> Option<String> {
        let (Self { client, endpoint, thumbprint, .. }, now) = (self, self.clock.now().0);
        let mut number = [0; 16];
        self.entropy.fill(&mut number);
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint});
        let claims = json!({
            "aud": endpoint, "iss": client, "sub": client, "jti": BASE64_URL_SAFE_NO_PAD.encode(number), "iat": now, "nbf": now,
            "exp": now + LIFE,
        });
        let part = |value: serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.signer.sign(message.as_bytes()).ok()?;
        Some(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)))
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("client", &self.client).field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ClientAssertion for Certificate {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        self.token().ok_or_else(|| azure_core::error::ErrorKind::Credential.into_error())
    }
}

/// A token of another issuer, asked for anew at each login.
#[derive(Debug)]
pub(super) struct Foreign {
    pub(super) token: IdToken,
    pub(super) audience: &'static str,
    pub(super) note: Arc<Note>,
}

#[async_trait::async_trait]
impl ClientAssertion for Foreign {
    async fn secret(&self, _: Option<ClientMethodOptions<'_>>) -> azure_core::Result<String> {
        let obtained = self.token.obtain(self.audience).await;
        let token = obtained.map_err(|error| {
            self.note.write(error);
            azure_core::error::ErrorKind::Credential.into_error()
        })?;
        Ok(token.expose_text().unwrap_or_default().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Certificate;
    use crate::clock::Machine;
    use crate::secret::Secret;

    #[test]
    fn what_is_no_pair_is_told() {
        let reason = |pem: &str| {
            let endpoint = "https://login.example/t/oauth2/v2.0/token".to_owned();
            let made = Certificate::new(&Secret::copy_of(pem.as_bytes()), "c", endpoint, Arc::new(Machine), Arc::new(Machine));
            made.map(drop).unwrap_err().reason
        };
        let certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(reason("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n"), "the application's certificate is no PEM");
        assert_eq!(reason("canary"), "the application's certificate comes without a private key");
        assert_eq!(reason(certificate), "the application's certificate comes without a private key");
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(reason(&format!("{certificate}{key}")), "the application's private key cannot be used");
    }
}
