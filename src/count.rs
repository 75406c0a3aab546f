//! Numbers of things, in messages.

/// `1 dog`, `2 dogs`.
pub fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn one_is_not_a_plural() {
        assert_eq!([0, 1, 2].map(|number| count(number, "secret")), ["0 secrets", "1 secret", "2 secrets"]);
    }
}
