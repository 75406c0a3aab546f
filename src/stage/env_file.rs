//! Files of `NAME=value` lines, as kubectl reads them for `--from-env-file` (`k8s.io/kubectl/pkg/util/env_file.go`): lines that are empty
//! or begin with `#` are passed over, white space before a name goes, a value is all that follows the first `=`, quotes too.

use std::collections::BTreeSet;

use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;

/// The names and values of a file in the order of its lines, or all that is wrong with it, each line at its `place`. `taken` are names
/// that the object has already. Messages never quote a line: it may be a part of a secret.
pub(super) fn lines<'t>(text: &'t str, taken: &[String], place: impl Fn(u32) -> Place) -> Result<Vec<(&'t str, &'t str)>, Vec<Problem>> {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    let mut seen: BTreeSet<&str> = taken.iter().map(String::as_str).collect();
    for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let mut problem = |reason: String, next: &str| problems.push(Problem::new(Fault::Check, reason, next).at(place(number)));
        match line.split_once('=') {
            Some((name, value)) if is_name(name) => {
                if seen.insert(name) {
                    entries.push((name, value));
                } else {
                    problem(format!("the key `{name}` is there twice"), "remove one of them");
                }
            }
            Some(_) => problem(
                "what is before `=` is not a name of a variable".to_owned(),
                "write `NAME=value` without blanks around `=` and without `export`; names have letters, digits, `_`, `-` and `.`",
            ),
            None => problem(
                "the line has no `=`".to_owned(),
                "write `NAME=value` on one line, or give a value of several lines its own file under `keys:`",
            ),
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

/// The name of a variable (`IsEnvVarName`) that is a key too (`IsConfigMapKey`).
fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let begins = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    begins && name.len() <= 253 && name.bytes().all(allowed) && name != "." && !name.starts_with("..")
}

#[cfg(test)]
mod tests {
    use super::lines;
    use crate::place::Place;

    fn read(text: &str) -> Result<Vec<(&str, &str)>, Vec<String>> {
        lines(text, &["TAKEN".to_owned()], |line| Place::new("app.env", line, 1))
            .map_err(|problems| problems.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn lines_are_read_as_kubectl_reads_them() {
        let text = "\u{feff}# comment\r\nA=1\r\n\n  B = x # no comment \nC=\"q\"\nD=\na.b-c=x=y\n \t#D=2\n".replace("B =", "B=");
        assert_eq!(read(&text), Ok(vec![("A", "1"), ("B", " x # no comment "), ("C", "\"q\""), ("D", ""), ("a.b-c", "x=y")]));
        assert_eq!(read(""), Ok(vec![]));
    }

    #[test]
    fn every_line_that_is_not_a_variable_is_a_problem() {
        let text = "A=1\nA=2\nTAKEN=1\nexport B=1\nC =1\n1C=1\n..D=1\n=1\nalone\n";
        let name = "what is before `=` is not a name of a variable";
        assert_eq!(
            read(text).unwrap_err(),
            [
                "app.env:2:1: the key `A` is there twice".to_owned(),
                "app.env:3:1: the key `TAKEN` is there twice".to_owned(),
                format!("app.env:4:1: {name}"),
                format!("app.env:5:1: {name}"),
                format!("app.env:6:1: {name}"),
                format!("app.env:7:1: {name}"),
                format!("app.env:8:1: {name}"),
                "app.env:9:1: the line has no `=`".to_owned(),
            ]
        );
    }
}
