//! Whether a private key belongs to a certificate.

use rustls::Error;
use rustls::InconsistentKeys;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::sign::CertifiedKey;

/// Whether the private key is certainly another than the first certificate's. What cannot be read is not judged.
pub(super) fn is_mismatch(certificates: &[u8], key: &[u8]) -> bool {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(certificates).collect();
    let (Ok(chain), Ok(key)) = (chain, PrivateKeyDer::from_pem_slice(key)) else { return false };
    let Ok(key) = any_supported_type(&key) else { return false };
    let kept = CertifiedKey::new(chain, key).keys_match();
    matches!(kept, Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)))
}

#[cfg(test)]
mod tests {
    use super::is_mismatch;

    const PAIRS: [(&[u8], &[u8]); 3] = [
        (include_bytes!("../../../tests/tls/one.crt"), include_bytes!("../../../tests/tls/one.key")),
        (include_bytes!("../../../tests/tls/two.crt"), include_bytes!("../../../tests/tls/two.key")),
        (include_bytes!("../../../tests/tls/rsa.crt"), include_bytes!("../../../tests/tls/rsa.key")),
    ];

    #[test]
    fn a_key_belongs_to_its_own_certificate_only() {
        for (index, (certificate, _)) in PAIRS.iter().enumerate() {
            for (other, (_, key)) in PAIRS.iter().enumerate() {
                assert_eq!(is_mismatch(certificate, key), index != other, "{index} {other}");
            }
        }
        // The server's own comes first, its authority's after it.
        let chain = [PAIRS[0].0, PAIRS[1].0].concat();
        assert!(!is_mismatch(&chain, PAIRS[0].1) && is_mismatch(&chain, PAIRS[1].1));
    }

    #[test]
    fn what_cannot_be_read_is_not_judged() {
        let (certificate, key) = PAIRS[0];
        let broken = b"-----BEGIN CERTIFICATE-----\nYQ==\n-----END CERTIFICATE-----\n";
        for (certificate, key) in [(&b""[..], key), (certificate, &b"canary"[..]), (broken, key), (key, certificate)] {
            assert!(!is_mismatch(certificate, key));
        }
    }
}
