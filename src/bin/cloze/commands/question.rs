//! A question at the terminal.

use std::io;
use std::io::Write as _;

use crate::ui::clean;

/// Asks at the terminal, line by line. As with ssh, only `yes` is yes: a slip of the finger is not.
pub(super) fn ask(question: &str) -> bool {
    is_answered(&format!("{question} (yes/no) "), "yes")
}

/// Has somebody type `name` at the terminal, after a statement.
pub(super) fn ask_for_name(statement: &str, name: &str) -> bool {
    is_answered(&format!("{statement}\nType `{name}` to go on: "), name)
}

fn is_answered(question: &str, wanted: &str) -> bool {
    let lines: Vec<_> = question.lines().map(clean).collect();
    let _ = write!(io::stderr(), "{}", lines.join("\n"));
    let mut answer = String::new();
    let is_read = io::stdin().read_line(&mut answer).is_ok();
    if !answer.ends_with('\n') {
        // The input ended on the line of the question.
        let _ = writeln!(io::stderr());
    }
    is_read && answer.trim() == wanted
}
