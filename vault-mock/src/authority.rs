//! A certificate authority of the test's own, for servers and for clients (RFC 5280).

use std::fmt;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use rustls::crypto::ring;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};

/// A certificate authority that only those clients trust that are given its certificate.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new one, with a new key.
    ///
    /// # Panics
    /// When the machine has no randomness.
    #[must_use]
    pub fn generate() -> Self {
        let issued = || {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, "vault-mock authority");
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            CertifiedIssuer::self_signed(params, KeyPair::generate()?)
        };
        Self { issuer: issued().unwrap_or_else(|error: rcgen::Error| unreachable!("fixed parameters: {error}")) }
    }

    /// Its certificate, as PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        self.issuer.pem()
    }

    /// A client's certificate and its private key, as PEM.
    ///
    /// # Panics
    /// As [`Authority::generate`].
    #[must_use]
    pub fn client(&self) -> (String, String) {
        let (certificate, key) =
            self.issue(&[], ExtendedKeyUsagePurpose::ClientAuth).unwrap_or_else(|error| unreachable!("fixed parameters: {error}"));
        (certificate.pem(), key.serialize_pem())
    }

    /// What a server on the loopback needs. `names` are further names that it goes by; with `mutual`, it wants a certificate of this
    /// authority from its clients.
    pub(crate) fn server(&self, names: &[String], mutual: bool) -> Result<ServerConfig, String> {
        let mut all = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
        all.extend_from_slice(names);
        let (certificate, key) = self.issue(&all, ExtendedKeyUsagePurpose::ServerAuth).map_err(|error| error.to_string())?;
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = if mutual {
            let mut roots = RootCertStore::empty();
            roots.add(self.issuer.der().clone()).map_err(|error| error.to_string())?;
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().map_err(|error| error.to_string())?;
            builder.with_client_cert_verifier(verifier)
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::try_from(key.serialize_der()).map_err(str::to_owned)?;
        let mut config = builder.with_single_cert(vec![certificate.der().clone()], key).map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn issue(&self, names: &[String], usage: ExtendedKeyUsagePurpose) -> Result<(rcgen::Certificate, KeyPair), rcgen::Error> {
        let mut params = CertificateParams::new(names)?;
        params.distinguished_name.push(DnType::CommonName, "vault-mock");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.insert_extended_key_usage(usage);
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &self.issuer)?, key))
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Authority")
    }
}
