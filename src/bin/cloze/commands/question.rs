//! A question at the terminal.

use std::io;
use std::io::Write as _;

use crate::ui::clean;

/// Asks at the terminal, line by line. As with ssh, only `yes` is yes: a slip of the finger is not.
pub(super) fn ask(question: &str) -> bool {
    let lines: Vec<_> = question.lines().map(clean).collect();
    let _ = write!(io::stderr(), "{} (yes/no) ", lines.join("\n"));
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}
