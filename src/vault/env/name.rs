//! The names of variables.

use crate::service::words;
use crate::vault::name::Alphabet;

/// The names of variables (POSIX.1-2024, XBD 3.216), letters of both cases allowed.
const VARIABLE: Alphabet = Alphabet { kind: "variable", longest: 255, others: "_" };

/// Whether `variable` is the name of a variable; otherwise why not.
pub(super) fn check(variable: &str) -> Result<(), String> {
    VARIABLE.check(variable)?;
    if variable.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(format!("`{}` begins with a digit, which no variable's name does", words::tame(variable, 64)));
    }
    Ok(())
}

/// Whether `prefix` can be before names; otherwise why not.
pub(super) fn check_prefix(prefix: &str) -> Result<(), String> {
    if prefix.is_empty() { Ok(()) } else { check(prefix) }
}

#[cfg(test)]
mod tests {
    use super::check;
    use super::check_prefix;

    #[test]
    fn names_are_those_of_variables() {
        let longest = "N".repeat(255);
        for name in ["a", "A", "_", "DB_PASSWORD_1", longest.as_str()] {
            assert_eq!(check(name), Ok(()), "{name}");
        }
        for name in ["", "1", "a-b", "a.b", "a/b", "a b", "a=b", "é", "a\0", "a\n", "..", "A%2f"] {
            assert!(check(name).is_err(), "{name:?}");
        }
    }

    #[test]
    fn a_reason_shows_no_more_than_the_name() {
        assert_eq!(check("").unwrap_err(), "a variable's name is empty");
        assert_eq!(check("1A").unwrap_err(), "`1A` begins with a digit, which no variable's name does");
        assert_eq!(
            check("SHOP_DB=hunter2").unwrap_err(),
            "a variable's name begins with `SHOP_DB` and has '='; it is made of letters, digits and `_`"
        );
        assert_eq!(check(&"N".repeat(256)).unwrap_err(), "a variable's name is longer than 255 characters");
    }

    #[test]
    fn a_prefix_may_be_empty() {
        assert_eq!(check_prefix(""), Ok(()));
        assert_eq!(check_prefix("SHOP_"), Ok(()));
        assert!(check_prefix("SHOP-").is_err() && check_prefix("1").is_err());
    }
}
