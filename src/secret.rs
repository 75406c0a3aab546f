//! A secret value in memory: bytes that cannot print, be serialized, be cloned by accident or be compared in variable time.

use std::fmt;
use std::io;

use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

/// Bytes of a secret, wiped when dropped.
///
/// There is no `Display`, `Clone`, `Serialize` or `PartialEq`, and `Debug` prints a constant: not even the length shows.
/// The only way in is [`Secret::expose`], so that every use can be found by that word.
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
}

impl Secret {
    /// Takes the bytes over; the vector's whole capacity is wiped when the secret is dropped.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes: Zeroizing::new(bytes) }
    }

    /// Copies `bytes` into a buffer of exactly their length; the caller's copy stays the caller's to wipe.
    #[must_use]
    pub fn copy_of(bytes: &[u8]) -> Self {
        Self::new(bytes.to_vec())
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes as text, or `None` when they are not UTF-8.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The first `length` bytes in the same buffer; what is cut is wiped.
    #[must_use]
    pub fn shortened(mut self, length: usize) -> Self {
        if length < self.bytes.len() {
            self.bytes[length..].zeroize();
            self.bytes.truncate(length);
        }
        self
    }

    /// A second copy, on purpose.
    #[must_use]
    pub fn duplicate(&self) -> Self {
        Self::copy_of(&self.bytes)
    }

    /// Equality in time that depends on the lengths only.
    pub fn ct_eq(&self, other: &Self) -> bool {
        self.bytes.ct_eq(&other.bytes).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl From<SecretBuffer> for Secret {
    fn from(buffer: SecretBuffer) -> Self {
        Self { bytes: buffer.bytes }
    }
}

/// A buffer that a secret is written into, pre-sized by the writer.
///
/// When the size was guessed too small the bytes move to a larger buffer and the old one is wiped.
pub struct SecretBuffer {
    bytes: Zeroizing<Vec<u8>>,
}

impl SecretBuffer {
    /// An empty buffer that holds `capacity` bytes before it has to move.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self { bytes: Zeroizing::new(Vec::with_capacity(capacity)) }
    }

    /// Appends one byte.
    pub fn push(&mut self, byte: u8) {
        self.extend(&[byte]);
    }

    /// Appends `bytes`.
    pub fn extend(&mut self, bytes: &[u8]) {
        let needed = self.bytes.len() + bytes.len();
        if needed > self.bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(self.bytes.capacity() * 2)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Appends `count` zero bytes and lends them, for writers that fill a slice in place.
    pub fn extend_zeroed(&mut self, count: usize) -> &mut [u8] {
        let start = self.bytes.len();
        let needed = start + count;
        if needed > self.bytes.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(self.bytes.capacity() * 2)));
            larger.extend_from_slice(&self.bytes);
            self.bytes = larger;
        }
        self.bytes.resize(needed, 0);
        &mut self.bytes[start..]
    }

    /// Shortens the buffer to `length` bytes and wipes what is cut.
    pub fn truncate(&mut self, length: usize) {
        if length < self.bytes.len() {
            self.bytes[length..].zeroize();
            self.bytes.truncate(length);
        }
    }

    /// What was written so far.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Length in bytes of what was written so far.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing was written yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl io::Write for SecretBuffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl fmt::Debug for SecretBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBuffer(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::{Secret, SecretBuffer};

    #[test]
    fn debug_prints_a_constant() {
        assert_eq!(format!("{:?}", Secret::copy_of(b"hunter2")), format!("{:?}", Secret::copy_of(b"")));
    }

    #[test]
    fn buffer_grows_and_keeps_its_bytes() {
        let mut buffer = SecretBuffer::with_capacity(2);
        for byte in 0..100 {
            buffer.push(byte);
        }
        buffer.truncate(50);
        buffer.extend_zeroed(2).copy_from_slice(&[7, 8]);
        let secret = Secret::from(buffer);
        assert_eq!(secret.len(), 52);
        assert_eq!(secret.expose()[49..], [49, 7, 8]);
    }

    #[test]
    fn equality_is_by_content() {
        assert!(Secret::copy_of(b"a").ct_eq(&Secret::copy_of(b"a")));
        assert!(!Secret::copy_of(b"a").ct_eq(&Secret::copy_of(b"b")));
        assert!(!Secret::copy_of(b"a").ct_eq(&Secret::copy_of(b"ab")));
    }
}
