//! Tokens that a private key signs (RFC 7515 section 3.1), and what tokens say of themselves.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::Signer;
use rustls::sign::SigningKey;
use serde_json::Value;

use crate::secret::Secret;

/// An RSA key that signs tokens by one algorithm.
pub(crate) struct JwtSigner {
    signer: Box<dyn Signer>,
    /// The key itself, such as to find its certificate.
    pub(crate) key: Arc<dyn SigningKey>,
}

/// The algorithms (RFC 7518 section 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    Rs256,
    /// RSASSA-PSS with SHA-256.
    Ps256,
}

/// Why a key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFault {
    /// There is no private key in PEM.
    Missing,
    /// The key cannot be read.
    Unreadable,
    /// It is not an RSA key.
    NotRsa,
}

impl JwtSigner {
    /// The first private key in `pem`: PKCS #8, PKCS #1 or SEC 1.
    pub(crate) fn new(pem: &[u8], algorithm: Algorithm) -> Result<Self, KeyFault> {
        let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| KeyFault::Missing)?;
        let key = any_supported_type(&key).map_err(|_| KeyFault::Unreadable)?;
        let scheme = match algorithm {
            Algorithm::Rs256 => SignatureScheme::RSA_PKCS1_SHA256,
            Algorithm::Ps256 => SignatureScheme::RSA_PSS_SHA256,
        };
        let signer = key.choose_scheme(&[scheme]).ok_or(KeyFault::NotRsa)?;
        Ok(Self { signer, key })
    }

    /// The token with this header and these claims; nothing where the key fails.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> Option<Secret> {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = self.signer.sign(message.as_bytes()).ok()?;
        Some(Secret::new(format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature)).into_bytes()))
    }
}

impl fmt::Debug for JwtSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JwtSigner(…)")
    }
}

/// The claims of a token as JSON, if it has any. They are not verified: that is for who accepts the token.
pub(crate) fn claims(token: &Secret) -> Option<Secret> {
    let mut parts = token.expose_text()?.split('.');
    let (_, claims, _, None) = (parts.next()?, parts.next()?, parts.next()?, parts.next()) else { return None };
    Some(Secret::new(BASE64_URL_SAFE_NO_PAD.decode(claims.trim_end_matches('=')).ok()?))
}
