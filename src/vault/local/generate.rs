//! Values that are made up.

use crate::clock::Entropy;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// Characters of a value, where nobody says how many: 190 bits.
pub const GENERATED_LENGTH: u16 = 32;

/// That many letters and digits, each equally likely: nothing that a URL, a file's format or a shell reads otherwise.
pub fn generate(length: u16, entropy: &dyn Entropy) -> Secret {
    const LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut value = SecretBuffer::with_capacity(length.into());
    let mut drawn = SecretBuffer::with_capacity(64);
    while value.len() < length.into() {
        drawn.truncate(0);
        entropy.fill(drawn.extend_zeroed(64));
        // Of 64 equally likely numbers the last two are drawn again.
        let letters = drawn.expose().iter().filter_map(|byte| LETTERS.get(usize::from(byte & 63)));
        for letter in letters.take(usize::from(length) - value.len()) {
            value.push(*letter);
        }
    }
    value.into()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::generate;
    use crate::clock::Machine;

    #[test]
    fn a_generated_value_has_its_length_and_letters_and_digits_only() {
        for length in [0, 1, 12, 32, 4096] {
            let value = generate(length, &Machine);
            assert_eq!(value.len(), usize::from(length));
            assert!(value.expose().iter().all(u8::is_ascii_alphanumeric));
        }
        let letters: BTreeSet<u8> = generate(4096, &Machine).expose().iter().copied().collect();
        assert_eq!(letters.len(), 62);
        assert!(!generate(32, &Machine).ct_eq(&generate(32, &Machine)));
    }
}
