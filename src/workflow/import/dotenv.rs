//! `.env` files as people keep them (docker compose, dotenv): `NAME=value`, `export NAME=value`, values in single quotes as they are, in
//! double quotes with escapes, both over several lines; ` #` begins a comment behind a value without quotes. `$` is a character like any other.

use std::collections::BTreeSet;

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// The names and values, or all that is wrong with the file. Messages never quote a value.
pub(super) fn variables(text: &str, place: impl Fn(u32) -> Place) -> Result<Vec<(String, Secret)>, Vec<Problem>> {
    let mut variables = Vec::new();
    let mut problems = Vec::new();
    let mut seen = BTreeSet::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut line = 0;
    while !rest.is_empty() {
        line += 1;
        let begun = line;
        let mut problem = |reason: &str, next: &str| problems.push(Problem::new(Fault::Usage, reason, next).at(place(begun)));
        let here = rest.trim_start_matches([' ', '\t', '\r']);
        let (own, after) = here.split_once('\n').unwrap_or((here, ""));
        rest = after;
        if own.trim_end().is_empty() || own.starts_with('#') {
            continue;
        }
        let Some((name, value)) = own.split_once('=') else {
            problem("the line has no `=`", "write `NAME=value`, with quotes around a value of several lines");
            continue;
        };
        let name = name.strip_prefix("export ").unwrap_or(name).trim();
        if !is_name(name) {
            problem("what is before `=` is not a name of a variable", "use letters, digits, `_`, `-` and `.`");
            continue;
        }
        if !seen.insert(name) {
            problem(&format!("`{name}` is there twice"), "remove one of them");
        }
        let value = value.trim_start_matches([' ', '\t']);
        let Some(quote) = value.chars().next().filter(|first| matches!(first, '"' | '\'')) else {
            let end = [" #", "\t#"].iter().filter_map(|comment| value.find(comment)).min().unwrap_or(value.len());
            let value = if value.starts_with('#') { "" } else { &value[..end] };
            variables.push((name.to_owned(), Secret::copy_of(value.trim_end().as_bytes())));
            continue;
        };
        // The quotes may close on a later line.
        let whole = &here[own.len() - value.len() + 1..];
        let Some((value, length)) = quoted(whole, quote) else {
            problem("the quotes are not closed", "close them");
            break;
        };
        line += u32::try_from(whole[..length].matches('\n').count()).unwrap_or(u32::MAX);
        let behind = &whole[length..];
        let (end, after) = behind.split_once('\n').unwrap_or((behind, ""));
        rest = after;
        if !(end.trim().is_empty() || end.trim_start().starts_with('#')) {
            problem("there is text behind the closing quote", "escape quotes inside the value, or use the other kind around it");
        }
        variables.push((name.to_owned(), value));
    }
    if problems.is_empty() { Ok(variables) } else { Err(problems) }
}

/// The value up to its closing quote, and how many bytes of `text` that takes with the quote. `None` when it is not closed.
fn quoted(text: &str, quote: char) -> Option<(Secret, usize)> {
    let mut value = SecretBuffer::with_capacity(text.find(quote)? + 1);
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        let mut push = |character: char| value.extend(character.encode_utf8(&mut [0; 4]).as_bytes());
        match character {
            _ if character == quote => return Some((value.into(), at + 1)),
            '\\' if quote == '"' => match characters.next()?.1 {
                'n' => push('\n'),
                'r' => push('\r'),
                't' => push('\t'),
                escaped @ ('"' | '\\' | '$' | '`') => push(escaped),
                other => {
                    push('\\');
                    push(other);
                }
            },
            _ => push(character),
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    name.bytes().next().is_some_and(|first| !first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::variables;
    use crate::place::Place;

    fn read(text: &str) -> Result<Vec<(String, String)>, Vec<String>> {
        variables(text, |line| Place::new(".env", line, 1))
            .map(|list| list.into_iter().map(|(name, value)| (name, value.expose_text().unwrap().to_owned())).collect())
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn variables_are_read_as_people_mean_them() {
        let text = "\u{feff}# comment\r\nA=1\r\nexport B = two words  # comment\n\n  C='it \\n $HOME #x' # c\nD=\"a\\nb \\\"q\\\" \\$x \\d\"\nE=\nF=p#a;s$s\n\
                    PEM=\"-----BEGIN-----\nabc\n-----END-----\n\"\nG='x\ny'\nH= # only a comment\nlast=z";
        let expected = [
            ("A", "1"),
            ("B", "two words"),
            ("C", "it \\n $HOME #x"),
            ("D", "a\nb \"q\" $x \\d"),
            ("E", ""),
            ("F", "p#a;s$s"),
            ("PEM", "-----BEGIN-----\nabc\n-----END-----\n"),
            ("G", "x\ny"),
            ("H", ""),
            ("last", "z"),
        ];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(read(text), Ok(expected.to_vec()));
        assert_eq!(read(""), Ok(vec![]));
    }

    #[test]
    fn every_line_that_is_not_a_variable_is_told_and_no_value_is_quoted() {
        let text = "A=1\nA=hunter2\nhunter2\n1B=hunter2\nC=\"x\ny\" hunter2\nD=\"hunter2\n";
        assert_eq!(
            read(text).unwrap_err(),
            [
                ".env:2:1: `A` is there twice",
                ".env:3:1: the line has no `=`",
                ".env:4:1: what is before `=` is not a name of a variable",
                ".env:5:1: there is text behind the closing quote",
                ".env:7:1: the quotes are not closed",
            ]
        );
    }
}
