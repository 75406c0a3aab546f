//! The parts of the cluster's messages that are safe to repeat: names and reasons, never free text.

/// `text` when it is a reason of the API: one word.
pub(super) fn reason(text: &str) -> Option<&str> {
    let is_word = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | ',' | ':');
    (!text.is_empty() && text.len() <= 128 && text.chars().all(is_word)).then_some(text)
}

/// The name that follows `before` in a message, up to `after`; `None` when there is no such place or something else than a name.
pub(super) fn name_between<'a>(message: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(before)?;
    let name = if after.is_empty() { rest } else { rest.split_once(after)?.0 };
    name_of(name)
}

/// `text` when it can be a name of the API: that of an object, a container, or a key.
pub(super) fn name_of(text: &str) -> Option<&str> {
    let is_letter = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/');
    (!text.is_empty() && text.len() <= 253 && text.chars().all(is_letter)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::name_between;
    use super::reason;

    #[test]
    fn only_names_and_reasons_are_repeated() {
        assert_eq!(name_between("secret \"nowhere\" not found", "secret \"", "\" not found"), Some("nowhere"));
        assert_eq!(name_between("secret \"a value\" not found", "secret \"", "\" not found"), None);
        assert_eq!(name_between("secret \"", "secret \"", "\""), None);
        assert_eq!(reason("ImagePullBackOff"), Some("ImagePullBackOff"));
        assert_eq!(reason("it said: hunter2"), None);
    }
}
