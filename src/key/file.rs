//! A key file: one line of text with a random key, kept outside version control.

use std::collections::BTreeMap;
use std::fmt;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use crate::clock::Entropy;
use crate::key::KeyError;
use crate::key::KeyWrap;
use crate::key::Recipient;
use crate::key::Slot;
use crate::seal::RootKey;
use crate::seal::derive;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// The key of a key file. A slot's root key is sealed by Cobblestone-256 under a key that comes from it.
#[derive(Debug)]
pub struct KeyFile {
    key: Secret,
    wrapping: Secret,
    id: String,
}

impl KeyFile {
    /// A new key.
    #[must_use]
    pub fn generate(entropy: &dyn Entropy) -> Self {
        Self::of(RootKey::generate(entropy).0)
    }

    /// The key of a key file's text: `cloze-key-v1`, the key's id, and the key's 32 bytes in standard base64, on one line.
    pub fn parse(text: &Secret) -> Result<Self, KeyError> {
        let mut words = text.expose_text().ok_or_else(unreadable)?.split_ascii_whitespace();
        let (Some(FORMAT), Some(id), Some(encoded), None) = (words.next(), words.next(), words.next(), words.next()) else {
            return Err(unreadable());
        };
        let mut bytes = Zeroizing::new([0; RootKey::LENGTH + 16]);
        let Ok(RootKey::LENGTH) = STANDARD.decode_slice(encoded, &mut bytes[..]) else {
            return Err(unreadable());
        };
        let file = Self::of(Secret::copy_of(&bytes[..RootKey::LENGTH]));
        if file.id != id {
            return Err(KeyError::new("the key file's key and id do not belong together", "restore the key file from where it was made"));
        }
        Ok(file)
    }

    /// The text of the key file, with a newline at its end. Whoever has it has the key.
    #[must_use]
    pub fn to_secret_text(&self) -> Secret {
        let encoded = RootKey::LENGTH.div_ceil(3) * 4;
        let mut text = SecretBuffer::with_capacity(FORMAT.len() + 1 + self.id.len() + 1 + encoded + 1);
        text.extend(FORMAT.as_bytes());
        text.push(b' ');
        text.extend(self.id.as_bytes());
        text.push(b' ');
        STANDARD
            .encode_slice(self.key.expose(), text.extend_zeroed(encoded))
            .unwrap_or_else(|_| unreachable!("the buffer has the size that base64 needs"));
        text.push(b'\n');
        Secret::from(text)
    }

    /// The key's id: 16 hexadecimal characters that come from the key and say nothing about it.
    pub fn id(&self) -> &str {
        &self.id
    }

    fn of(key: Secret) -> Self {
        let digest = derive::key(&key, &[LABEL, b"id"]);
        let number = digest.expose().first_chunk().copied().map_or(0, u64::from_be_bytes);
        Self { wrapping: derive::key(&key, &[LABEL, b"wrap"]), id: format!("{number:016x}"), key }
    }
}

#[async_trait]
impl KeyWrap for KeyFile {
    fn recipient(&self) -> Recipient {
        Recipient { kind: KIND.to_owned(), id: self.id.clone() }
    }

    async fn wrap(&self, root: &RootKey, context: &[u8], entropy: &dyn Entropy) -> Result<Slot, KeyError> {
        let wrapped = STANDARD.encode(root.seal_under(&self.wrapping, context, entropy));
        Ok(Slot { recipient: self.recipient(), parameters: BTreeMap::new(), wrapped })
    }

    async fn unwrap(&self, slot: &Slot, context: &[u8]) -> Option<Result<RootKey, KeyError>> {
        if slot.recipient != self.recipient() {
            return None;
        }
        let sealed = STANDARD.decode(&slot.wrapped).unwrap_or_default();
        let root = if slot.parameters.is_empty() { RootKey::open_under(&self.wrapping, context, &sealed).ok() } else { None };
        Some(root.ok_or_else(|| KeyError::unopened(self)))
    }
}

impl fmt::Display for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key file {}", self.id)
    }
}

fn unreadable() -> KeyError {
    KeyError::new(
        "the key file is not one line of `cloze-key-v1`, an id and a key",
        "check that it is the right file and arrived whole, or restore it from where it was made",
    )
}

const FORMAT: &str = "cloze-key-v1";
const KIND: &str = "key-file";
const LABEL: &[u8] = b"cloze.dev/key-file/v1";

#[cfg(test)]
mod tests {
    use super::KeyFile;
    use crate::clock::Machine;
    use crate::key::suite;
    use crate::secret::Secret;

    #[tokio::test]
    async fn conforms() {
        suite::conforms(&KeyFile::generate(&Machine), &KeyFile::generate(&Machine)).await;
    }

    #[test]
    fn text_goes_both_ways() {
        let file = KeyFile::generate(&Machine);
        let text = file.to_secret_text();
        assert!(text.expose_text().unwrap().starts_with(&format!("cloze-key-v1 {} ", file.id())));
        assert!(text.expose_text().unwrap().ends_with("=\n"));
        let again = KeyFile::parse(&text).unwrap();
        assert!(again.to_secret_text().ct_eq(&text));
        assert_eq!(again.id(), file.id());
    }

    #[test]
    fn line_ends_do_not_matter() {
        let text = KeyFile::generate(&Machine).to_secret_text();
        let line = text.expose_text().unwrap().trim_end();
        for end in ["", "\n", "\r\n", "\n\n"] {
            assert!(KeyFile::parse(&Secret::new(format!("{line}{end}").into_bytes())).is_ok());
        }
    }

    #[test]
    fn every_changed_character_is_refused_without_showing_the_key() {
        let text = KeyFile::generate(&Machine).to_secret_text().expose().to_vec();
        let key = String::from_utf8(text[30..73].to_vec()).unwrap();
        for index in 0..text.len() - 1 {
            let mut changed = text.clone();
            changed[index] = if changed[index] == b'b' { b'c' } else { b'b' };
            let error = KeyFile::parse(&Secret::new(changed)).unwrap_err();
            assert!(!format!("{error:?}").contains(&key[..8]), "{error:?}");
            let mut cut = text.clone();
            cut.remove(index);
            assert!(KeyFile::parse(&Secret::new(cut)).is_err());
        }
        for other in [&b""[..], b"\xff\xfe", b"cloze-key-v1", b"cloze-key-v2 a b"] {
            assert!(KeyFile::parse(&Secret::copy_of(other)).is_err());
        }
    }

    #[test]
    fn errors_say_what_to_do() {
        let error = KeyFile::parse(&Secret::copy_of(b"AGE-SECRET-KEY-1")).unwrap_err();
        assert_eq!(error.to_string(), "the key file is not one line of `cloze-key-v1`, an id and a key");
        assert!(error.next.starts_with("check that it is the right file"));
        let one = KeyFile::generate(&Machine).to_secret_text();
        let two = KeyFile::generate(&Machine).to_secret_text();
        let mixed = [&one.expose()[..29], &two.expose()[29..]].concat();
        let error = KeyFile::parse(&Secret::new(mixed)).unwrap_err();
        assert_eq!(error.to_string(), "the key file's key and id do not belong together");
    }

    #[test]
    fn debug_and_display_show_no_key() {
        let file = KeyFile::parse(&KeyFile::generate(&Machine).to_secret_text()).unwrap();
        let text = file.to_secret_text();
        let encoded = &text.expose_text().unwrap()[30..];
        assert!(!format!("{file:?} {file}").contains(&encoded[..8]));
        assert_eq!(file.to_string(), format!("key file {}", file.id()));
    }
}
