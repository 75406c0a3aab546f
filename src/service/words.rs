//! Words from outside, made fit to be part of a message.

/// `text` without control and invisible formatting characters, white space as single spaces, cut after `limit` characters.
pub(crate) fn tame(text: &str, limit: usize) -> String {
    let spaced: Vec<&str> = text.split_whitespace().collect();
    let mut characters = spaced.join(" ").chars().filter(|character| !unfit(*character)).collect::<Vec<_>>().into_iter();
    let mut tamed: String = characters.by_ref().take(limit).collect();
    if characters.next().is_some() {
        tamed.push('…');
    }
    tamed
}

/// Names in backticks, sorted, the first dozen of them.
pub(crate) fn names(list: impl IntoIterator<Item = String>) -> String {
    let mut list: Vec<String> = list.into_iter().map(|name| format!("`{}`", tame(&name, 64))).collect();
    list.sort();
    let more = list.len().saturating_sub(12);
    list.truncate(12);
    if more > 0 {
        list.push(format!("{more} more"));
    }
    list.join(", ")
}

/// `text` as one word of a shell: as it is where no shell reads anything into it, else in single quotes.
pub(crate) fn shell(text: &str) -> String {
    let plain = |character: char| character.is_ascii_alphanumeric() || "-_./@:+,".contains(character);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", tame(text, 253).replace('\'', "'\\''"))
}

/// Control characters, and those that Unicode classes as format: they can hide or turn around what is beside them.
fn unfit(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::names;
    use super::shell;
    use super::tame;

    #[test]
    fn control_characters_are_gone_and_length_is_bounded() {
        assert_eq!(tame("1 error occurred:\n\t* permission denied\n\n", 80), "1 error occurred: * permission denied");
        assert_eq!(tame("a\u{1b}[31mb\u{202e}c\u{7}", 80), "a[31mbc");
        assert_eq!(tame("abcdef", 3), "abc…");
    }

    #[test]
    fn a_word_of_a_shell_is_quoted_where_it_must_be() {
        assert_eq!(["app/db-1_x.y", "", "a b", "it's", "$(x)"].map(shell), ["app/db-1_x.y", "''", "'a b'", "'it'\\''s'", "'$(x)'"]);
    }

    #[test]
    fn names_are_sorted_and_bounded() {
        assert_eq!(names(["b".to_owned(), "a".to_owned()]), "`a`, `b`");
        assert!(names((0..20).map(|n| format!("k{n:02}"))).ends_with("`k11`, 8 more"));
    }
}
