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
    seal_parts(key, salt, context, &[plain], plain.len(), sealed);
}

/// The same of `length` bytes: the parts one after the other, and zeros. A chunk is put together where it is sealed, at once, so the
/// parts are never together in clear.
pub(crate) fn seal_parts(key: &Secret, salt: &[u8; SALT_LENGTH], context: &[u8], parts: &[&[u8]], length: usize, sealed: &mut Vec<u8>) {
    assert!(parts.iter().map(|part| part.len()).sum::<usize>() <= length, "the parts have at most that length");
    let message = Message::derive(key, salt, context);
    let start = sealed.len();
    sealed.resize(start + sealed_length(length), 0);
    let (prefix, rest) = sealed[start..].split_at_mut(PREFIX_LENGTH);
    prefix[..SALT_LENGTH].copy_from_slice(salt);
    prefix[SALT_LENGTH..].copy_from_slice(message.commitment());
    let gcm = message.gcm();
    let mut parts = parts.iter().copied();
    let mut part: &[u8] = &[];
    for (number, chunk) in (0..).zip(rest.chunks_mut(SEALED_CHUNK_LENGTH)) {
        let room = chunk.len() - TAG_LENGTH;
        let mut filled = 0;
        while filled < room {
            let count = part.len().min(room - filled);
            let (now, later) = part.split_at(count);
            chunk[filled..][..count].copy_from_slice(now);
            filled += count;
            part = later;
            if part.is_empty() {
                let Some(next) = parts.next() else { break };
                part = next;
            }
        }
        gcm.seal(&message.nonce(number), b"", chunk).unwrap_or_else(|_| unreachable!("a chunk is far below the limits of AES-GCM"));
    }
}

/// What `sealed` holds. The commitment is compared before any chunk is touched, and nothing leaves before the last chunk has
/// verified; on a fault what was decrypted is wiped.
pub(crate) fn open(key: &Secret, context: &[u8], sealed: &[u8]) -> Result<Secret, OpenFault> {
    open_in_place(key, context, sealed.to_vec(), 0)
}

/// The same of what lies in `buffer` from `start` on, in that very buffer.
pub(crate) fn open_in_place(key: &Secret, context: &[u8], buffer: Vec<u8>, start: usize) -> Result<Secret, OpenFault> {
    let mut buffer = Zeroizing::new(buffer);
    let sealed = buffer.get(start..).ok_or(OpenFault)?;
    let (salt, rest) = sealed.split_first_chunk::<SALT_LENGTH>().ok_or(OpenFault)?;
    let (commitment, body) = rest.split_first_chunk::<COMMITMENT_LENGTH>().ok_or(OpenFault)?;
    let message = Message::derive(key, salt, context);
    if !bool::from(message.commitment().ct_eq(commitment)) {
        return Err(OpenFault);
    }
    // The last chunk is what is left over, and must be there even when it is empty; full chunks alone are a truncated message.
    if body.len() % SEALED_CHUNK_LENGTH < TAG_LENGTH {
        return Err(OpenFault);
    }
    let gcm = message.gcm();
    let mut from = start + PREFIX_LENGTH;
    let mut length = 0;
    for number in 0.. {
        let to = buffer.len().min(from + SEALED_CHUNK_LENGTH);
        if from == to {
            break;
        }
        gcm.open(&message.nonce(number), b"", &mut buffer[from..to]).map_err(|_| OpenFault)?;
        buffer.copy_within(from..to - TAG_LENGTH, length);
        length += to - from - TAG_LENGTH;
        from = to;
    }
    Ok(Secret::new(std::mem::take(&mut *buffer)).shortened(length))
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

#[cfg(test)]
mod salamander;

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use sha2::Digest;
    use sha2::Sha256;

    use super::CHUNK_LENGTH;
    use super::Message;
    use super::PREFIX_LENGTH;
    use super::SALT_LENGTH;
    use super::SEALED_CHUNK_LENGTH;
    use super::open;
    use super::seal;
    use super::seal_parts;
    use super::sealed_length;
    use crate::seal::OpenFault;
    use crate::seal::gcm::TAG_LENGTH;
    use crate::secret::Secret;

    #[derive(Deserialize)]
    struct Vectors {
        vectors: Vec<Vector>,
    }

    #[derive(Deserialize)]
    struct Vector {
        key: String,
        salt: String,
        context: String,
        length: usize,
        sealed: Option<String>,
        sha256: String,
    }

    fn bytes(hex: &str) -> Vec<u8> {
        hex.as_bytes().chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn text(length: usize) -> Vec<u8> {
        (0..=250).cycle().take(length).collect()
    }

    fn key() -> Secret {
        Secret::copy_of(&[7; 32])
    }

    fn sealed(plain: &[u8]) -> Vec<u8> {
        let mut sealed = Vec::new();
        seal(&key(), &[9; SALT_LENGTH], b"context", plain, &mut sealed);
        sealed
    }

    #[test]
    fn agrees_with_an_independent_implementation() {
        let file: Vectors = serde_json::from_str(include_str!("../../tests/vectors/cobblestone-256.json")).unwrap();
        assert_eq!(file.vectors.len(), 13);
        for vector in file.vectors {
            let (key, plain, context) = (Secret::new(bytes(&vector.key)), text(vector.length), bytes(&vector.context));
            let mut sealed = Vec::new();
            seal(&key, bytes(&vector.salt)[..].try_into().unwrap(), &context, &plain, &mut sealed);
            assert_eq!(sealed.len(), sealed_length(vector.length));
            assert_eq!(Sha256::digest(&sealed)[..], bytes(&vector.sha256), "{} bytes", vector.length);
            if let Some(expected) = vector.sealed {
                assert_eq!(sealed, bytes(&expected));
            }
            assert_eq!(open(&key, &context, &sealed).unwrap().expose(), plain);
        }
    }

    #[test]
    fn parts_are_sealed_as_the_whole_with_zeros_behind_it() {
        for (length, zeros) in [(0, 0), (0, 5), (CHUNK_LENGTH, 0), (CHUNK_LENGTH + 7, 2 * CHUNK_LENGTH), (3 * CHUNK_LENGTH - 1, 1)] {
            let plain = text(length);
            let whole = [&plain[..], &vec![0; zeros]].concat();
            for size in [1, 999, CHUNK_LENGTH - 1, CHUNK_LENGTH, CHUNK_LENGTH + 1, 10 * CHUNK_LENGTH] {
                let mut parts: Vec<&[u8]> = plain.chunks(size).collect();
                parts.insert(parts.len() / 2, &[]);
                let mut target = Vec::new();
                seal_parts(&key(), &[9; SALT_LENGTH], b"context", &parts, whole.len(), &mut target);
                assert_eq!(target, sealed(&whole), "{length} bytes in parts of {size}, {zeros} zeros");
            }
        }
    }

    #[test]
    fn seals_after_what_is_there() {
        let mut all = b"header".to_vec();
        seal(&key(), &[9; SALT_LENGTH], b"context", b"plain", &mut all);
        assert_eq!(all, [b"header", &sealed(b"plain")[..]].concat());
    }

    #[test]
    fn every_truncation_and_extension_of_several_chunks_is_refused() {
        for length in [0, 1, CHUNK_LENGTH - 1, CHUNK_LENGTH, CHUNK_LENGTH + 1, 2 * CHUNK_LENGTH + 5] {
            let whole = sealed(&text(length));
            // Near a chunk's end every length, between them a few.
            let near = |cut: &usize| {
                let into = cut.saturating_sub(PREFIX_LENGTH) % SEALED_CHUNK_LENGTH;
                !(20..SEALED_CHUNK_LENGTH - 20).contains(&into) || *cut < 100 || cut.is_multiple_of(4_999)
            };
            for cut in (0..whole.len()).filter(near) {
                assert_eq!(open(&key(), b"context", &whole[..cut]).unwrap_err(), OpenFault, "{cut} of {} bytes", whole.len());
            }
            for more in [1, 15, 16, 17, SEALED_CHUNK_LENGTH - 1, SEALED_CHUNK_LENGTH] {
                let longer = [&whole[..], &vec![0; more]].concat();
                assert_eq!(open(&key(), b"context", &longer).unwrap_err(), OpenFault, "{more} bytes more");
            }
            assert!(open(&key(), b"context", &whole).is_ok());
        }
    }

    #[test]
    fn chunks_keep_their_places() {
        let whole = sealed(&vec![b'x'; 3 * CHUNK_LENGTH]);
        let (prefix, body) = whole.split_at(PREFIX_LENGTH);
        let chunks: Vec<&[u8]> = body.chunks(SEALED_CHUNK_LENGTH).collect();
        assert_eq!(chunks.len(), 4);
        for order in [[1, 0, 2, 3], [0, 2, 1, 3], [0, 0, 2, 3], [2, 1, 0, 3]] {
            let moved = [prefix, &order.map(|index| chunks[index]).concat()].concat();
            assert_eq!(open(&key(), b"context", &moved).unwrap_err(), OpenFault);
        }
        for fewer in [&[0, 1, 3][..], &[0, 3], &[3], &[0, 1, 2]] {
            let cut = [prefix, &fewer.iter().map(|index| chunks[*index]).collect::<Vec<_>>().concat()].concat();
            assert_eq!(open(&key(), b"context", &cut).unwrap_err(), OpenFault);
        }
    }

    #[test]
    fn a_flipped_bit_in_any_chunk_is_refused() {
        let mut whole = sealed(&text(2 * CHUNK_LENGTH + 100));
        let length = whole.len();
        for index in (0..length).filter(|index| index % 251 == 0 || *index > length - 2 * TAG_LENGTH) {
            whole[index] ^= 0x10;
            assert_eq!(open(&key(), b"context", &whole).unwrap_err(), OpenFault, "byte {index}");
            whole[index] ^= 0x10;
        }
        assert!(open(&key(), b"context", &whole).is_ok());
    }

    #[test]
    fn another_key_or_context_is_refused() {
        let whole = sealed(b"plain");
        assert_eq!(open(&Secret::copy_of(&[8; 32]), b"context", &whole).unwrap_err(), OpenFault);
        for context in [&b""[..], b"contex", b"context\0", b"Context"] {
            assert_eq!(open(&key(), context, &whole).unwrap_err(), OpenFault);
        }
    }

    #[test]
    fn a_changed_commitment_is_refused_though_the_chunks_are_sound() {
        let mut whole = sealed(b"plain");
        for bit in 0..256 {
            whole[SALT_LENGTH + bit / 8] ^= 1 << (bit % 8);
            assert_eq!(open(&key(), b"context", &whole).unwrap_err(), OpenFault);
            whole[SALT_LENGTH + bit / 8] ^= 1 << (bit % 8);
        }
    }

    #[test]
    fn nonces_count_up_from_the_base_nonce() {
        let message = Message::derive(&key(), &[9; SALT_LENGTH], b"");
        let base = u128::from_be_bytes([&[0; 4], &message.nonce(0)[..]].concat().try_into().unwrap());
        for number in [1, 2, 255, 256, (1 << 38) - 1] {
            let nonce = u128::from_be_bytes([&[0; 4], &message.nonce(number)[..]].concat().try_into().unwrap());
            assert_eq!(nonce, base ^ u128::from(number));
        }
    }

    #[test]
    fn a_message_has_an_end() {
        let message = Message::derive(&key(), &[9; SALT_LENGTH], b"");
        message.nonce((1 << 38) - 1);
        let beyond = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| message.nonce(1 << 38)));
        assert!(beyond.is_err());
    }
}
