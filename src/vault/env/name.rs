//! The names of variables.

use crate::service::words;

/// The longest name of a variable.
const LONGEST: usize = 255;

/// Whether `prefix` followed by `name` is the name of a variable (POSIX.1-2024, XBD 3.216), letters of both cases allowed; otherwise why not.
pub(super) fn check(prefix: &str, name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("a secret's name is empty".to_owned());
    }
    if prefix.len() + name.len() > LONGEST {
        return Err(format!("a variable's name is longer than {LONGEST} characters"));
    }
    let allowed = |character: char| character.is_ascii_alphanumeric() || character == '_';
    if let Some((at, character)) = name.char_indices().find(|(_, character)| !allowed(*character)) {
        // What follows may be a value: `NAME=value`.
        let begins = words::tame(&name[..at], 64);
        return Err(format!("a variable's name begins with `{begins}` and has {character:?}; it is made of letters, digits and `_`"));
    }
    if prefix.is_empty() && name.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(format!("`{name}` begins with a digit, which no variable's name does"));
    }
    Ok(())
}

/// Whether `prefix` can stand before names; otherwise why not.
pub(super) fn check_prefix(prefix: &str) -> Result<(), String> {
    if prefix.is_empty() { Ok(()) } else { check("", prefix) }
}

#[cfg(test)]
mod tests {
    use super::check;
    use super::check_prefix;

    #[test]
    fn names_are_those_of_variables() {
        for name in ["a", "A", "_", "DB_PASSWORD_1"] {
            assert_eq!(check("", name), Ok(()), "{name}");
        }
        assert_eq!(check("SHOP_", "1"), Ok(()));
        assert_eq!(check("SHOP_", &"N".repeat(250)), Ok(()));
        for name in ["", "1", "a-b", "a.b", "a/b", "a b", "a=b", "é", "a\0", "a\n", "..", "A%2f"] {
            assert!(check("", name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_reason_shows_no_more_than_the_name() {
        assert_eq!(check("", "").unwrap_err(), "a secret's name is empty");
        assert_eq!(check("", "1A").unwrap_err(), "`1A` begins with a digit, which no variable's name does");
        assert_eq!(
            check("SHOP_", "DB=hunter2").unwrap_err(),
            "a variable's name begins with `DB` and has '='; it is made of letters, digits and `_`"
        );
        assert_eq!(check("SHOP_", &"N".repeat(251)).unwrap_err(), "a variable's name is longer than 255 characters");
    }

    #[test]
    fn a_prefix_may_be_empty() {
        assert_eq!(check_prefix(""), Ok(()));
        assert_eq!(check_prefix("SHOP_"), Ok(()));
        assert!(check_prefix("SHOP-").is_err() && check_prefix("1").is_err());
    }
}
