//! What changes between two texts that have masks in the place of secrets.

/// The secrets with another value, such as `default/db-password@1 → @2`, where nothing else differs between the texts.
pub(super) fn changed(before: &str, after: &str) -> Option<String> {
    let (before, after) = (Masked::of(before), Masked::of(after));
    if before.text != after.text || before.values.is_empty() {
        return None;
    }
    let mut words: Vec<String> = Vec::new();
    for (old, new) in before.values.iter().zip(&after.values).filter(|(old, new)| old != new) {
        let word = match (old.version, new.version) {
            (Some(one), Some(other)) if one != other => format!("{}@{one} → @{other}", old.name),
            (None, Some(version)) => format!("{} → @{version}", old.name),
            _ => format!("{}, another value", old.name),
        };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    Some(words.join(", "))
}

/// A text with its masks (`<secret VAULT/NAME@VERSION FINGERPRINT>`) taken apart.
struct Masked<'t> {
    /// The text without versions and fingerprints.
    text: String,
    values: Vec<MaskedValue<'t>>,
}

#[derive(PartialEq)]
struct MaskedValue<'t> {
    name: &'t str,
    version: Option<&'t str>,
    fingerprint: &'t str,
}

/// Digits of a fingerprint.
const DIGITS: usize = 12;

impl<'t> Masked<'t> {
    fn of(text: &'t str) -> Self {
        let mut masked = Self { text: String::with_capacity(text.len()), values: Vec::new() };
        let mut words = text.split(' ').peekable();
        let mut is_secret = false;
        while let Some(word) = words.next() {
            masked.text.push_str(word);
            masked.text.push(' ');
            if !std::mem::replace(&mut is_secret, word.ends_with("secret")) {
                continue;
            }
            let digits =
                words.peek().and_then(|next| next.get(..DIGITS)).filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            let Some(fingerprint) = digits else { continue };
            let (name, version) = word.rsplit_once('@').map_or((word, None), |(name, version)| (name, Some(version)));
            masked.values.push(MaskedValue { name, version, fingerprint });
            masked.text.truncate(masked.text.len() - 1 - word.len() + name.len());
            masked.text.push(' ');
            masked.text.push_str(&words.next().unwrap_or_default()[DIGITS..]);
            masked.text.push(' ');
        }
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::changed;

    #[test]
    fn only_the_secrets_that_differ_are_named() {
        let text = |one: &str, other: &str| format!("postgres://app:<secret default/db{one} | urlencode>@db:5432/<secret v/x#y{other}>");
        let old = text("@1 0123456789ab", "@7 aaaaaaaaaaaa");
        assert_eq!(changed(&old, &text("@2 abcdef012345", "@7 aaaaaaaaaaaa")).unwrap(), "default/db@1 → @2");
        assert_eq!(changed(&old, &text("@2 abcdef012345", "@8 bbbbbbbbbbbb")).unwrap(), "default/db@1 → @2, v/x#y@7 → @8");
        assert_eq!(changed(&text(" 0123456789ab", ""), &text(" abcdef012345", "")).unwrap(), "default/db, another value");
        assert_eq!(changed("<secret a/b@1 0123456789ab>", "<secret a/c@1 0123456789ab>"), None);
        assert_eq!(changed("<secret a/b@1 0123456789ab>x", "<secret a/b@2 0123456789ab>y"), None);
        assert_eq!(changed("a secret", "another secret"), None);
    }
}
