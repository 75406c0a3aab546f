//! Cobblestone-256: C2SP chunked-encryption (c2sp.org/chunked-encryption) over SHA-512 and AES-256-GCM.
//!
//! A message's key, nonce and 32-byte commitment come out of HKDF-Expand over the input key, a random salt and the context, so
//! that a sealed message opens under one key and as one thing only.

use hmac::Hmac;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::seal::OpenFault;
use crate::seal::derive;
use crate::seal::gcm::Gcm;
use crate::seal::gcm::KEY_LENGTH;
use crate::seal::gcm::NONCE_LENGTH;
use crate::seal::gcm::TAG_LENGTH;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// Bytes in a salt. A salt must never repeat under one input key.
pub(crate) const SALT_LENGTH: usize = 24;

/// Bytes in a commitment.
pub(crate) const COMMITMENT_LENGTH: usize = 32;

/// Bytes of plaintext in every chunk but the last, which is always shorter.
pub(crate) const CHUNK_LENGTH: usize = 16 * 1024;

/// Bytes that a sealed message of `length` bytes takes.
pub(crate) fn sealed_length(length: usize) -> usize {
    PREFIX_LENGTH + length + (length / CHUNK_LENGTH + 1) * TAG_LENGTH
}

/// Appends `plain`, sealed under `key` and bound to `context`, to `sealed`.
pub(crate) fn seal(key: &Secret, salt: &[u8; SALT_LENGTH], context: &[u8], plain: &[u8], sealed: &mut Vec<u8>) {
    let message = Message::derive(key, salt, context);
    let start = sealed.len();
    sealed.resize(start + sealed_length(plain.len()), 0);
    let (prefix, mut rest) = sealed[start..].split_at_mut(PREFIX_LENGTH);
    prefix[..SALT_LENGTH].copy_from_slice(salt);
    prefix[SALT_LENGTH..].copy_from_slice(message.commitment());
    let gcm = message.gcm();
    for number in 0..=plain.len() / CHUNK_LENGTH {
        let chunk = &plain[number * CHUNK_LENGTH..plain.len().min((number + 1) * CHUNK_LENGTH)];
        let (target, next) = rest.split_at_mut(chunk.len() + TAG_LENGTH);
        gcm.seal(&message.nonce(number as u64), b"", chunk, target)
            .unwrap_or_else(|_| unreachable!("a chunk is far below the limits of AES-GCM"));
        rest = next;
    }
}

/// What `sealed` holds, in a buffer of exactly its size. The commitment is compared before any chunk is touched, and nothing
/// leaves before the last chunk has verified; on a fault what was decrypted is wiped.
pub(crate) fn open(key: &Secret, context: &[u8], sealed: &[u8]) -> Result<Secret, OpenFault> {
    let (salt, rest) = sealed.split_first_chunk::<SALT_LENGTH>().ok_or(OpenFault)?;
    let (commitment, body) = rest.split_first_chunk::<COMMITMENT_LENGTH>().ok_or(OpenFault)?;
    let message = Message::derive(key, salt, context);
    if !bool::from(message.commitment().ct_eq(commitment)) {
        return Err(OpenFault);
    }
    // The last chunk is what is left over, and must be there even when it is empty; full chunks alone are a truncated message.
    let full = body.len() / SEALED_CHUNK_LENGTH;
    let last = (body.len() % SEALED_CHUNK_LENGTH).checked_sub(TAG_LENGTH).ok_or(OpenFault)?;
    let length = full * CHUNK_LENGTH + last;
    let mut plain = SecretBuffer::with_capacity(length);
    let gcm = message.gcm();
    let targets = plain.extend_zeroed(length).chunks_mut(CHUNK_LENGTH).chain((last == 0).then(Default::default));
    for ((number, chunk), target) in (0..).zip(body.chunks(SEALED_CHUNK_LENGTH)).zip(targets) {
        gcm.open(&message.nonce(number), b"", chunk, target).map_err(|_| OpenFault)?;
    }
    Ok(Secret::from(plain))
}

/// What one message is sealed with: key, base nonce and commitment, in this order.
struct Message {
    derived: Zeroizing<[u8; KEY_LENGTH + NONCE_LENGTH + COMMITMENT_LENGTH]>,
}

impl Message {
    fn derive(key: &Secret, salt: &[u8; SALT_LENGTH], context: &[u8]) -> Self {
        let mut derived = Zeroizing::new([0; KEY_LENGTH + NONCE_LENGTH + COMMITMENT_LENGTH]);
        derive::expand::<Hmac<Sha512>>(key.expose(), &[LABEL, salt, context], &mut derived[..])
            .unwrap_or_else(|_| unreachable!("the output is two blocks of SHA-512"));
        Self { derived }
    }

    fn gcm(&self) -> Gcm {
        Gcm::new(self.derived.first_chunk().unwrap_or_else(|| unreachable!("the key comes first")))
    }

    fn nonce(&self, number: u64) -> [u8; NONCE_LENGTH] {
        assert!(number < MOST_CHUNKS, "a message has at most 2^38 chunks");
        let mut nonce = [0; NONCE_LENGTH];
        nonce.copy_from_slice(&self.derived[KEY_LENGTH..][..NONCE_LENGTH]);
        for (byte, counter) in nonce[NONCE_LENGTH - 8..].iter_mut().zip(number.to_be_bytes()) {
            *byte ^= counter;
        }
        nonce
    }

    fn commitment(&self) -> &[u8] {
        &self.derived[KEY_LENGTH + NONCE_LENGTH..]
    }
}

/// The specification's name, the AEAD's name in IANA's registry, and a zero byte.
const LABEL: &[u8] = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0";
const PREFIX_LENGTH: usize = SALT_LENGTH + COMMITMENT_LENGTH;
const SEALED_CHUNK_LENGTH: usize = CHUNK_LENGTH + TAG_LENGTH;
const MOST_CHUNKS: u64 = 1 << 38;
