//! Names and versions of secrets: those of cloze's own vaults, and what the names of all kinds have in common.

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::words;

/// Names made of letters and digits of ASCII and some other characters.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Alphabet {
    /// What has such a name, as `secret`.
    pub(crate) kind: &'static str,
    /// How many characters a name has at most.
    pub(crate) longest: usize,
    /// The other characters.
    pub(crate) others: &'static str,
}

impl Alphabet {
    /// Whether `name` is such a name; otherwise why not. What follows the first other character is not shown, since it may be a value:
    /// `vault set name=value`.
    pub(crate) fn check(self, name: &str) -> Result<(), String> {
        let Self { kind, longest, others } = self;
        if name.is_empty() {
            return Err(format!("a {kind}'s name is empty"));
        }
        if name.len() > longest {
            return Err(format!("a {kind}'s name is longer than {longest} characters"));
        }
        let allowed = |character: char| character.is_ascii_alphanumeric() || others.contains(character);
        let Some((at, character)) = name.char_indices().find(|(_, character)| !allowed(*character)) else { return Ok(()) };
        let begins = if at == 0 { String::new() } else { format!("`{}` and has ", words::tame(&name[..at], 64)) };
        let others: String = others.chars().map(|other| format!(" `{other}`")).collect();
        Err(format!("a {kind}'s name begins with {begins}{character:?}; it is made of letters, digits and{others}"))
    }
}

/// The names of secrets in the vaults that are cloze's own.
const OWN: Alphabet = Alphabet { kind: "secret", longest: 253, others: "-._/" };

/// Whether `name` is a secret's name in cloze's own vaults: 1 to 253 letters, digits, `.`, `_`, `-` and `/` of ASCII, without `..` and without
/// an empty or dotted segment. Otherwise why not.
pub(crate) fn check(name: &str) -> Result<(), String> {
    OWN.check(name)?;
    if name.starts_with('/') || name.ends_with('/') || name.contains("//") {
        return Err(format!("`{}` has an empty segment", words::tame(name, 64)));
    }
    if name.contains("..") || name.split('/').any(|segment| segment == ".") {
        return Err(format!("`{}` contains `..`, or `.` as a segment", words::tame(name, 64)));
    }
    Ok(())
}

/// The error of a name that cannot be asked for.
pub(crate) fn refused(reason: String) -> ServiceError {
    ServiceError::new(ServiceFault::BadName, reason, "correct the name")
}

/// The number that an ask's version is, where versions are 1, 2, 3, ….
pub(crate) fn version(text: &str) -> Result<u64, ServiceError> {
    let plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| plain).ok_or_else(|| no_version(text, "versions here are 1, 2, 3, …"))
}

/// The error of a pinned version that cannot be one; `rule` says what versions are.
pub(crate) fn no_version(text: &str, rule: &str) -> ServiceError {
    let reason = format!("`{}` is not a version; {rule}", words::tame(text, 64));
    ServiceError::new(ServiceFault::NotFound, reason, "pin a version that the vault has, or leave `version` out")
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
            "a secret's name begins with `a` and has '\\n'; it is made of letters, digits and `-` `.` `_` `/`"
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
        assert_eq!(version("one").unwrap_err().reason, "`one` is not a version; versions here are 1, 2, 3, …");
    }
}
