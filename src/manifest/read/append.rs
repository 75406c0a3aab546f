//! Text that grows while a scalar is read, which may be a secret.

use zeroize::Zeroize;

/// Appends `more` to `text`. Where that needs a new buffer, the old one is wiped.
pub(super) fn append(text: &mut String, more: &str) {
    let needed = text.len() + more.len();
    if needed > text.capacity() {
        let mut grown = String::with_capacity(needed.max(2 * text.capacity()));
        grown.push_str(text);
        std::mem::replace(text, grown).zeroize();
    }
    text.push_str(more);
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn nothing_is_lost_when_it_grows() {
        let (mut text, mut expected) = (String::new(), String::new());
        for more in ["a", "", "bc\u{e9}", "d".repeat(100).as_str(), "e"] {
            append(&mut text, more);
            expected.push_str(more);
            assert_eq!(text, expected);
        }
    }
}
