//! Names and versions of secrets in the vaults that are cloze's own.

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::words;

/// The longest name.
pub(crate) const LONGEST: usize = 253;

/// Whether `name` is a secret's name: 1 to 253 letters, digits, `.`, `_`, `-` and `/` of ASCII, without `..` and without an
/// empty or dotted segment. Otherwise why not.
pub(crate) fn check(name: &str) -> Result<(), String> {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-._/".contains(character);
    if name.is_empty() {
        return Err("a secret's name is empty".to_owned());
    }
    if name.len() > LONGEST {
        return Err(format!("a secret's name is longer than {LONGEST} characters"));
    }
    if let Some((at, character)) = name.char_indices().find(|(_, character)| !allowed(*character)) {
        // What follows may be a value: `vault set name=value`.
        let begins = words::tame(&name[..at], 64);
        return Err(format!(
            "a secret's name begins with `{begins}` and has {character:?}; a name is made of letters, digits, `-`, `.`, `_` and `/`"
        ));
    }
    if name.starts_with('/') || name.ends_with('/') || name.contains("//") {
        return Err(format!("`{}` has an empty segment", words::tame(name, 64)));
    }
    if name.contains("..") || name.split('/').any(|segment| segment == ".") {
        return Err(format!("`{}` contains `..`, or `.` as a segment", words::tame(name, 64)));
    }
    Ok(())
}

/// The number that an ask's version is, where versions are 1, 2, 3, ….
pub(crate) fn version(text: &str) -> Result<u64, ServiceError> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or_else(|| {
        let reason = format!("`{}` is no version; versions here are 1, 2, 3, …", words::tame(text, 32));
        ServiceError::new(ServiceFault::NotFound, reason, "pin a version that the vault has, or leave `version` out")
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use super::version;

    #[test]
    fn names_are_strict() {
        let longest = "n".repeat(253);
        for name in ["a", "db-password", "shop/db_1.old", "A/b/C", ".env", longest.as_str()] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        let longer = "n".repeat(254);
        let wrong = ["", "/a", "a/", "a//b", "..", "a/../b", "a..b", ".", "a/./b", "a b", "a\nb", "a%2e", "a\\b", "é", "a?b", "a#b", "a\0"];
        for name in wrong.into_iter().chain([longer.as_str()]) {
            assert!(check(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_reason_names_the_character() {
        assert_eq!(
            check("a\nb").unwrap_err(),
            "a secret's name begins with `a` and has '\\n'; a name is made of letters, digits, `-`, `.`, `_` and `/`"
        );
        assert!(!check("db=hunter2").unwrap_err().contains("hunter2"));
        assert_eq!(check("a//b").unwrap_err(), "`a//b` has an empty segment");
        assert_eq!(check("../a").unwrap_err(), "`../a` contains `..`, or `.` as a segment");
        assert_eq!(check("").unwrap_err(), "a secret's name is empty");
    }

    #[test]
    fn versions_are_plain_numbers() {
        assert_eq!(version("12").unwrap(), 12);
        for text in ["", "0", "01", "+1", "-1", "1.0", "one", "99999999999999999999"] {
            assert!(version(text).is_err(), "{text}");
        }
        assert_eq!(version("one").unwrap_err().reason, "`one` is no version; versions here are 1, 2, 3, …");
    }
}
