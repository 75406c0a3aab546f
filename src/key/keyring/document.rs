//! A keyring as text: JSON that changes in as few lines as its meaning does.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::Serialize;
use serde_json::error::Category;

use crate::key::Keyring;
use crate::key::KeyringError;
use crate::key::Slot;
use crate::key::keyring::FORMAT;

impl Keyring {
    /// The keyring of a text. Unknown fields, another format and anything above the limits are refused; whether it was edited
    /// shows when it is opened.
    pub fn parse(text: &str) -> Result<Self, KeyringError> {
        if text.len() > LONGEST_TEXT {
            return Err(KeyringError::Invalid { reason: "it is larger than 1 MiB" });
        }
        let document: KeyringDocument =
            serde_json::from_str(text).map_err(|error| named_otherwise(text).unwrap_or_else(|| unreadable(&error)))?;
        if document.format != FORMAT {
            return Err(KeyringError::Format);
        }
        let KeyringDocument { format: _, id, project, environment, slots, sealed } = document;
        let keyring = Self { id, project, environment, slots, sealed };
        keyring.check()?;
        Ok(keyring)
    }

    /// The text: fields in a fixed order, two spaces of indent, a newline at the end.
    ///
    /// # Panics
    /// Never: it is made of texts and numbers.
    #[must_use]
    pub fn to_text(&self) -> String {
        let document = KeyringDocument {
            format: FORMAT.to_owned(),
            id: self.id.clone(),
            project: self.project.clone(),
            environment: self.environment.clone(),
            slots: self.slots.clone(),
            sealed: self.sealed.clone(),
        };
        let mut text = serde_json::to_string_pretty(&document).unwrap_or_else(|_| unreachable!("texts and numbers are JSON"));
        text.push('\n');
        text
    }

    /// Refuses what [`Keyring::parse`] would not read again.
    pub(super) fn check(&self) -> Result<(), KeyringError> {
        let invalid = |reason| Err(KeyringError::Invalid { reason });
        if self.id.len() != 32 || !self.id.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
            return invalid("its id is not 32 lowercase hexadecimal characters");
        }
        if !is_name(&self.project) || !is_name(&self.environment) {
            return invalid("its project or environment is empty, longer than 512 bytes or has control characters");
        }
        if self.slots.is_empty() || self.slots.len() > MOST_SLOTS {
            return invalid("it has no slot, or more than 64");
        }
        for slot in &self.slots {
            let texts = slot.parameters.iter().flat_map(|(name, parameter)| [Some(name.as_str()), parameter.text()]).flatten();
            if !is_name(&slot.recipient.kind) || !is_name(&slot.recipient.id) || slot.recipient.kind.contains(' ') {
                return invalid("a recipient's kind or id is empty, longer than 512 bytes or has control characters");
            }
            if slot.parameters.len() > MOST_PARAMETERS || slot.wrapped.len() > LONGEST_WRAPPED || !texts.into_iter().all(is_short) {
                return invalid("a slot is larger than any recipient makes one");
            }
        }
        let recipients: BTreeSet<_> = self.recipients().collect();
        if recipients.len() != self.slots.len() {
            return invalid("two slots are for one recipient");
        }
        if STANDARD.decode(&self.sealed).is_err() {
            return invalid("its sealed part is not base64");
        }
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyringDocument {
    format: String,
    id: String,
    project: String,
    environment: String,
    slots: Vec<Slot>,
    sealed: String,
}

/// A later format may have another shape; its name is what the user must learn of.
fn named_otherwise(text: &str) -> Option<KeyringError> {
    #[derive(Deserialize)]
    struct KeyringFormat {
        format: String,
    }
    let named: KeyringFormat = serde_json::from_str(text).ok()?;
    (named.format != FORMAT).then_some(KeyringError::Format)
}

fn unreadable(error: &serde_json::Error) -> KeyringError {
    let reason = match error.classify() {
        Category::Data => "a field is missing, unknown, there twice or of the wrong type",
        Category::Eof => "the text ends too early",
        Category::Syntax | Category::Io => "it is not JSON",
    };
    KeyringError::Unreadable { line: error.line(), column: error.column(), reason }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && is_short(text)
}

fn is_short(text: &str) -> bool {
    text.len() <= LONGEST_NAME && !text.chars().any(char::is_control)
}

const LONGEST_TEXT: usize = 1 << 20;
const LONGEST_NAME: usize = 512;
const LONGEST_WRAPPED: usize = 16 * 1024;
const MOST_SLOTS: usize = 64;
const MOST_PARAMETERS: usize = 16;

#[cfg(test)]
mod tests {
    use proptest::prelude::ProptestConfig;
    use proptest::proptest;

    use crate::clock::Machine;
    use crate::key::KeyFile;
    use crate::key::KeyWrap;
    use crate::key::Keyring;
    use crate::key::KeyringError;
    use crate::key::MemoryKey;

    async fn text() -> String {
        let (one, two) = (KeyFile::generate(&Machine), MemoryKey::new("two"));
        Keyring::create("shop", "dev", &[&one as &dyn KeyWrap, &two], &Machine).await.unwrap().0.to_text()
    }

    #[tokio::test]
    async fn text_goes_both_ways() {
        let text = text().await;
        assert!(text.starts_with("{\n  \"format\": \"cloze.dev/keyring/v1\",\n  \"id\": \""));
        assert!(text.ends_with("\"\n}\n"));
        assert_eq!(Keyring::parse(&text).unwrap().to_text(), text);
        assert_eq!(Keyring::parse(&text.replace('\n', "\r\n")).unwrap().to_text(), text);
    }

    #[tokio::test]
    async fn another_shape_is_refused_with_its_place() {
        let text = text().await;
        let data = "a field is missing, unknown, there twice or of the wrong type";
        let table = [
            (text.replace("\"id\": \"two\"", "\"id\": \"two\", \"hint\": \"x\""), data),
            (text.replace("  \"project\"", "  \"owner\": \"x\",\n  \"project\""), data),
            (text.replace("  \"project\"", "  \"project\": \"x\",\n  \"project\""), data),
            (text.replace("  \"project\": \"shop\",\n", ""), data),
            (text.replace("\"shop\"", "7"), data),
            (text.replace("\"parameters\": {}", "\"parameters\": {\"a\": 1, \"a\": 1}"), data),
            (text.replace("\"parameters\": {}", "\"parameters\": {\"a\": [1]}"), data),
            (text.replace("\"shop\",", "\"shop\""), "it is not JSON"),
            (format!("{text}{text}"), "it is not JSON"),
            (text[..text.len() / 2].to_owned(), "the text ends too early"),
            (String::new(), "the text ends too early"),
            ("[".repeat(100_000), "it is not JSON"),
        ];
        for (changed, expected) in table {
            match Keyring::parse(&changed).unwrap_err() {
                KeyringError::Unreadable { reason, .. } => assert!(reason == expected || changed.starts_with("[["), "{reason}: {changed}"),
                other => panic!("{other:?}: {changed}"),
            }
        }
        let place = Keyring::parse(&text.replace("\"shop\"", "7")).unwrap_err();
        assert!(place.to_string().starts_with("the keyring is not readable at line 4, column "), "{place}");
    }

    #[tokio::test]
    async fn another_format_is_named_whatever_its_shape() {
        let text = text().await.replace("keyring/v1", "keyring/v2");
        assert_eq!(Keyring::parse(&text).unwrap_err(), KeyringError::Format);
        assert_eq!(Keyring::parse(&text.replace("\"slots\"", "\"doors\"")).unwrap_err(), KeyringError::Format);
    }

    #[tokio::test]
    async fn what_cannot_be_is_refused() {
        let text = text().await;
        let keyring = Keyring::parse(&text).unwrap();
        let id = keyring.id().to_owned();
        let slot = serde_json::to_string(&keyring.slots[1]).unwrap();
        let more = |count: usize| text.replacen("\"slots\": [", &format!("\"slots\": [{}", format!("{slot},").repeat(count)), 1);
        let table = [
            (text.replace(&id, &id.to_uppercase().replace(|c: char| c.is_ascii_digit(), "A")), "its id is not"),
            (text.replace(&id, &id[1..]), "its id is not"),
            (text.replace("\"shop\"", "\"\""), "its project or environment"),
            (text.replace("\"dev\"", "\"d\\u001bev\""), "its project or environment"),
            (text.replace("\"dev\"", &format!("{:?}", "d".repeat(513))), "its project or environment"),
            (text.replace("\"two\"", "\"\""), "a recipient's kind or id"),
            (text.replace("\"memory\"", "\"key memory\""), "a recipient's kind or id"),
            (text.replace("\"parameters\": {}", &format!("\"parameters\": {{\"a\": {:?}}}", "x".repeat(513))), "a slot is larger"),
            (text.replace(&keyring.slots[1].wrapped, &"A".repeat(16 * 1024 + 1)), "a slot is larger"),
            (more(1), "two slots are for one recipient"),
            (more(64), "it has no slot, or more than 64"),
            (text.replace(&keyring.sealed, "*"), "its sealed part is not base64"),
            (text.replace(&keyring.sealed, &"A".repeat(1 << 20)), "it is larger than 1 MiB"),
        ];
        for (changed, expected) in table {
            match Keyring::parse(&changed).unwrap_err() {
                KeyringError::Invalid { reason } => assert!(reason.starts_with(expected), "{reason}, not {expected}"),
                other => panic!("{other:?}, not {expected}"),
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn any_text_ends_in_an_error(text in "\\PC*") {
            assert!(Keyring::parse(&text).is_err());
        }
    }
}
