//! Ciphertexts that plain AES-GCM opens under two keys ("Fast Message Franking", Dodis, Grubbs, Ristenpart, Woodage 2018), made
//! here to show that a committed message opens under one of them only.

use aes_gcm::KeyInit;
use aes_gcm::aes::Aes256;
use aes_gcm::aes::cipher::BlockCipherEncrypt;

use crate::clock::Entropy;
use crate::clock::Machine;
use crate::seal::OpenFault;
use crate::seal::RootKey;
use crate::seal::cobblestone::COMMITMENT_LENGTH;
use crate::seal::cobblestone::Message;
use crate::seal::cobblestone::SALT_LENGTH;
use crate::seal::cobblestone::open;
use crate::secret::Secret;

#[test]
fn two_key_ciphertexts_open_under_one_key() {
    for _ in 0..1_000 {
        let (one, two) = (RootKey::generate(&Machine).0, RootKey::generate(&Machine).0);
        let mut salt = [0; SALT_LENGTH];
        Machine.fill(&mut salt);
        let messages = [Message::derive(&one, &salt, b"slot"), Message::derive(&two, &salt, b"slot")];
        let chunk = two_key_chunk(&messages);

        // Plain AES-GCM takes it under both keys, for two different texts.
        let mut plains = [[0; 32]; 2];
        for (message, plain) in messages.iter().zip(&mut plains) {
            let mut buffer = chunk.clone();
            message.gcm().open(&message.nonce(0), b"", &mut buffer).unwrap();
            plain.copy_from_slice(&buffer[..32]);
        }
        assert_ne!(plains[0], plains[1]);

        let committed = |commitment: &[u8]| [&salt, commitment, &chunk].concat();
        let sealed = committed(messages[0].commitment());
        assert_eq!(open(&one, b"slot", &sealed).unwrap().expose(), plains[0]);
        refused(&two, &sealed);
        refused(&one, &committed(messages[1].commitment()));
        for other in [[0; COMMITMENT_LENGTH], [0xff; COMMITMENT_LENGTH]] {
            refused(&one, &committed(&other));
            refused(&two, &committed(&other));
        }
    }
}

fn refused(key: &Secret, sealed: &[u8]) {
    assert_eq!(open(key, b"slot", sealed).unwrap_err(), OpenFault);
    assert_eq!(RootKey::open_under(key, b"slot", sealed).unwrap_err(), OpenFault);
}

/// Two blocks and a tag that verify under both messages' keys and first nonces. The second block is random; the first is the
/// one at which both tags, as polynomials in their hash keys, are equal.
fn two_key_chunk(messages: &[Message; 2]) -> Vec<u8> {
    let mut block = [0; 16];
    Machine.fill(&mut block);
    let second = Element(u128::from_be_bytes(block));
    let lengths = Element(32 * 8);
    let sides = messages.each_ref().map(|message| {
        let cipher = Aes256::new(message.derived[..32].try_into().unwrap());
        let encrypt = |input: u128| {
            let mut block = input.to_be_bytes().into();
            cipher.encrypt_block(&mut block);
            Element(u128::from_be_bytes(block.into()))
        };
        let mut counter = [0; 16];
        counter[..12].copy_from_slice(&message.nonce(0));
        counter[15] = 1;
        let hash = encrypt(0);
        let square = hash.times(hash);
        let rest = second.times(square).plus(lengths.times(hash)).plus(encrypt(u128::from_be_bytes(counter)));
        (square.times(hash), rest)
    });
    let first = sides[0].1.plus(sides[1].1).times(sides[0].0.plus(sides[1].0).inverse());
    let tag = first.times(sides[0].0).plus(sides[0].1);
    [first, second, tag].map(|element| element.0.to_be_bytes()).concat()
}

/// An element of GF(2^128) as GHASH writes it (NIST SP 800-38D, section 6.3): the first bit is the coefficient of 1.
#[derive(Clone, Copy)]
struct Element(u128);

impl Element {
    fn plus(self, other: Self) -> Self {
        Self(self.0 ^ other.0)
    }

    fn times(self, other: Self) -> Self {
        let (mut product, mut shifted) = (0, other.0);
        for bit in (0..128).rev() {
            if self.0 >> bit & 1 == 1 {
                product ^= shifted;
            }
            shifted = shifted >> 1 ^ if shifted & 1 == 1 { 0xe1 << 120 } else { 0 };
        }
        Self(product)
    }

    /// The power 2^128 - 2.
    fn inverse(self) -> Self {
        let (mut inverse, mut square) = (Self(1 << 127), self);
        for _ in 1..128 {
            square = square.times(square);
            inverse = inverse.times(square);
        }
        inverse
    }
}
