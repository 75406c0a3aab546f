//! Masks: what a review shows in the place of secrets. They are written and read here alone.
//!
//! `<secret VAULT/NAME[#FIELD][@VERSION] [FINGERPRINT][ | FILTER]…>`

use crate::blank::secret_ref::SecretRef;

/// A mask, with what is said of a secret and the filters that it goes through.
pub(super) fn of(said: &str) -> String {
    format!("<{said}>")
}

/// What is said of a secret that was asked for.
pub(super) fn said(ask: &str) -> String {
    format!("secret {ask}")
}

/// What is said of a secret that went in: source, version, and the beginning of its fingerprint, in hexadecimal.
pub fn filled(ask: &SecretRef, version: &str, fingerprint: &str) -> String {
    let version = if ask.version.is_some() || version.is_empty() { String::new() } else { format!("@{version}") };
    format!("{ask}{version} {}", &fingerprint[..DIGITS])
}

/// Whether a text has a mask of that secret, in any version.
pub fn mentions(text: &str, ask: &SecretRef) -> bool {
    let mask = format!("<{}", said(&ask.to_string()));
    text.match_indices(&mask).any(|(at, _)| text[at + mask.len()..].starts_with(['@', ',', ' ', '>']))
}

/// The secrets with another value, such as `default/db-password@1 → @2`, where nothing else differs between the texts.
pub fn changed(before: &str, after: &str) -> Option<String> {
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
    use super::filled;
    use super::mentions;
    use crate::blank::secret_ref::SecretRef;

    #[test]
    fn what_is_written_is_read() {
        let ask = |name: &str, version: Option<&str>| SecretRef {
            vault: "default".to_owned(),
            name: name.to_owned(),
            key: None,
            version: version.map(str::to_owned),
        };
        let text = super::of(&super::said(&filled(&ask("db", None), "7", "0123456789abcdef")));
        assert_eq!(text, "<secret default/db@7 0123456789ab>");
        assert!(mentions(&text, &ask("db", None)) && !mentions(&text, &ask("d", None)) && !mentions(&text, &ask("db-1", None)));
        let pinned = super::of(&super::said(&filled(&ask("db", Some("3")), "3", "0123456789abcdef")));
        assert_eq!(pinned, "<secret default/db@3 0123456789ab>");
        assert_eq!(changed(&pinned, &text).unwrap(), "default/db@3 → @7");
    }

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
