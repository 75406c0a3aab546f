//! The bytes of what is sealed: numbers of seven bits a byte, lengths before contents, repeated texts written once.

use std::collections::HashMap;

use crate::digest::Digest;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// Writes into a buffer that is wiped.
pub(crate) struct Writer {
    buffer: SecretBuffer,
    texts: HashMap<String, u64>,
}

/// What was read is not what a [`Writer`] wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

impl Writer {
    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self { buffer: SecretBuffer::with_capacity(capacity), texts: HashMap::new() }
    }

    /// Seven bits a byte, the lowest first, the top bit set on all but the last (LEB128).
    pub(crate) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.buffer.push(number.to_le_bytes()[0] | 0x80);
            number >>= 7;
        }
        self.buffer.push(number.to_le_bytes()[0]);
    }

    pub(crate) fn length(&mut self, length: usize) {
        self.number(length as u64);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.buffer.extend(bytes);
    }

    pub(crate) fn digest(&mut self, digest: Digest) {
        self.bytes(&digest.0);
    }

    /// A text with its length before it.
    pub(crate) fn text(&mut self, text: &str) {
        self.length(text.len());
        self.bytes(text.as_bytes());
    }

    /// A text that comes often: zero and the text at first, its number from 1 afterwards.
    pub(crate) fn word(&mut self, text: &str) {
        if let Some(&index) = self.texts.get(text) {
            self.number(index);
        } else {
            self.texts.insert(text.to_owned(), self.texts.len() as u64 + 1);
            self.number(0);
            self.text(text);
        }
    }

    pub(crate) fn finish(self) -> Secret {
        Secret::from(self.buffer)
    }
}

/// How many bytes [`Writer::number`] takes.
pub(crate) fn width(number: u64) -> usize {
    (64 - (number | 1).leading_zeros() as usize).div_ceil(7)
}

/// Reads what a [`Writer`] wrote. Every length is checked against what is left before anything is made of it.
pub(crate) struct ByteReader<'a> {
    rest: &'a [u8],
    texts: Vec<&'a str>,
}

impl<'a> ByteReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, texts: Vec::new() }
    }

    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (&byte, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        Ok(byte)
    }

    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 || shift > 0 && byte == 0 {
                return Err(Malformed);
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(Malformed)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed),
        }
    }

    /// A count of things that take at least `least` bytes each: never more than fit into what is left.
    pub(crate) fn count(&mut self, least: usize) -> Result<usize, Malformed> {
        let count = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        if count > self.rest.len() / least.max(1) { Err(Malformed) } else { Ok(count) }
    }

    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Malformed)?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(crate) fn digest(&mut self) -> Result<Digest, Malformed> {
        self.bytes(32)?.try_into().map(Digest).map_err(|_| Malformed)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let length = self.count(1)?;
        std::str::from_utf8(self.bytes(length)?).map_err(|_| Malformed)
    }

    pub(crate) fn word(&mut self) -> Result<&'a str, Malformed> {
        match self.number()? {
            0 => {
                let text = self.text()?;
                self.texts.push(text);
                Ok(text)
            }
            index => usize::try_from(index - 1).ok().and_then(|index| self.texts.get(index)).copied().ok_or(Malformed),
        }
    }

    /// What is left.
    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// That nothing is left.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::proptest;

    use super::ByteReader;
    use super::Malformed;
    use super::Writer;
    use super::width;

    proptest! {
        #[test]
        fn numbers_go_both_ways_in_one_form(number in any::<u64>(), shift in 0..64u32) {
            let number = number >> shift;
            let mut writer = Writer::with_capacity(10);
            writer.number(number);
            let bytes = writer.finish();
            prop_assert_eq!(bytes.len(), width(number));
            let mut reader = ByteReader::new(bytes.expose());
            prop_assert_eq!(reader.number(), Ok(number));
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn words_go_both_ways(words in proptest::collection::vec("[a-c]{0,2}", 0..40)) {
            let mut writer = Writer::with_capacity(0);
            for word in &words {
                writer.word(word);
            }
            let bytes = writer.finish();
            let mut reader = ByteReader::new(bytes.expose());
            for word in &words {
                prop_assert_eq!(reader.word(), Ok(word.as_str()));
            }
            prop_assert_eq!(reader.end(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let mut reader = ByteReader::new(&bytes);
            while reader.remaining() > 0 {
                let before = reader.remaining();
                if reader.word().is_err() {
                    break;
                }
                prop_assert!(reader.remaining() < before);
            }
        }
    }

    #[test]
    fn a_second_way_to_write_a_number_is_refused() {
        assert_eq!(ByteReader::new(&[0x80, 0x00]).number(), Err(Malformed));
        assert_eq!(ByteReader::new(&[0xff; 10]).number(), Err(Malformed));
        assert_eq!(ByteReader::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]).number(), Ok(u64::MAX));
    }

    #[test]
    fn a_count_never_exceeds_what_is_left() {
        assert_eq!(ByteReader::new(&[0xff, 0xff, 0xff, 0x7f, 1, 2, 3]).count(1), Err(Malformed));
        assert_eq!(ByteReader::new(&[3, 1, 2, 3]).count(1), Ok(3));
        assert_eq!(ByteReader::new(&[3, 1, 2, 3]).count(2), Err(Malformed));
    }
}
