//! JSON Web Tokens (RFC 7519) in compact form: those that applications sign, and those that are given out.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use webpki::EndEntityCert;
use webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY;

/// A token that came.
#[derive(Debug)]
pub(crate) struct Assertion<'a> {
    pub(crate) claims: Map<String, Value>,
    header: Map<String, Value>,
    message: &'a str,
    signature: Vec<u8>,
}

impl<'a> Assertion<'a> {
    pub(crate) fn read(text: &'a str) -> Option<Self> {
        let (message, signature) = text.rsplit_once('.')?;
        let (header, claims) = message.split_once('.')?;
        let part = |text: &str| serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        Some(Self { claims: part(claims)?, header: part(header)?, message, signature: BASE64_URL_SAFE_NO_PAD.decode(signature).ok()? })
    }

    /// Whether the key of a certificate signed it with PS256 (RFC 7518 section 3.5), and it names the certificate (RFC 7515 section 4.1.8).
    pub(crate) fn signed_by(&self, pem: &str) -> Result<(), &'static str> {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).map_err(|_| "The certificate is none.")?;
        let named = |name: &str| self.header.get(name).and_then(Value::as_str).unwrap_or_default();
        if named("x5t#S256") != BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&certificate)) {
            return Err("The key was not found by its thumbprint.");
        }
        if named("alg") != "PS256" {
            return Err("The algorithm is not PS256.");
        }
        let entity = EndEntityCert::try_from(&certificate).map_err(|_| "The certificate is none.")?;
        let verdict = entity.verify_signature(RSA_PSS_2048_8192_SHA256_LEGACY_KEY, self.message.as_bytes(), &self.signature);
        verdict.map_err(|_| "The signature is wrong.")
    }
}

/// A token with `claims` and no signature that is worth anything.
pub(crate) fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.bW9jaw", part(&json!({"typ": "JWT", "alg": "none"})), part(claims))
}
