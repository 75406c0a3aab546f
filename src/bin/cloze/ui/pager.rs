//! A long result for people, shown page by page as git shows one: by the program that the user's environment names.

use std::io;
use std::io::IsTerminal as _;
use std::io::Write as _;
use std::process::Command;
use std::process::ExitStatus;
use std::process::Stdio;

use rustix::termios::tcgetwinsize;

use crate::ui::progress::leave_interrupts;

/// What shows long results.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pager {
    program: Program,
    /// The variables that it gets beside the user's own.
    variables: Vec<(&'static str, &'static str)>,
}

/// Which program that is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Program {
    /// None: they are printed.
    #[default]
    None,
    /// `less`, where it is installed.
    Less,
    /// The command that a variable of the environment has, for `sh`.
    Command(String),
}

impl Pager {
    /// As `variable` says of the environment: `CLOZE_PAGER`, else `PAGER`, else `less`. One that is set to nothing, or to `cat`, is none.
    pub(crate) fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let program = match variable("CLOZE_PAGER").or_else(|| variable("PAGER")) {
            None => Program::Less,
            Some(command) if matches!(command.trim(), "" | "cat") => Program::None,
            Some(command) => Program::Command(command),
        };
        Self { program, variables: DEFAULTS.into_iter().filter(|(name, _)| variable(name).is_none()).collect() }
    }

    /// Shows `painted`, which is `text` with colours, where that is longer than the terminal that stdout is. Whether it did: else it is to be printed.
    pub(crate) fn show(&self, text: &str, painted: &str) -> bool {
        if self.program == Program::None
            || !io::stdout().is_terminal()
            || !tcgetwinsize(io::stdout()).is_ok_and(|size| is_longer(text, size))
        {
            return false;
        }
        self.run(painted).is_ok_and(|ended| !matches!(ended.code(), Some(NOT_FOUND | NOT_A_PROGRAM)))
    }

    fn run(&self, text: &str) -> io::Result<ExitStatus> {
        let mut command = match &self.program {
            Program::Command(command) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", command]);
                shell
            }
            Program::None | Program::Less => Command::new("less"),
        };
        command.envs(self.variables.iter().copied());
        leave_interrupts()?;
        let mut child = command.stdin(Stdio::piped()).spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            // One that has seen enough reads no further.
            let _ = pipe.write_all(text.as_bytes());
        }
        child.wait()
    }
}

/// What is set where nobody did. As git has it: `less` ends at once with a text that fits, passes colours on, and leaves what it showed. It is UTF-8,
/// whatever the locale says.
const DEFAULTS: [(&str, &str); 3] = [("LESS", "FRX"), ("LESSCHARSET", "utf-8"), ("LV", "-c")];

/// How `sh` ends where there is no such command, or it is not one (POSIX, 2.8.2).
const NOT_FOUND: i32 = 127;
const NOT_A_PROGRAM: i32 = 126;

/// Whether a text takes more lines of a terminal than it has.
fn is_longer(text: &str, size: rustix::termios::Winsize) -> bool {
    let (rows, columns) = (usize::from(size.ws_row), usize::from(size.ws_col));
    if rows == 0 || columns == 0 {
        return false;
    }
    let taken = |line: &str| line.chars().count().div_ceil(columns).max(1);
    text.lines().map(taken).sum::<usize>() >= rows
}

#[cfg(test)]
mod tests {
    use rustix::termios::Winsize;

    use super::Pager;
    use super::Program;
    use super::is_longer;

    #[test]
    fn variables_say_which_program() {
        let pager = |own: Option<&str>, common: Option<&str>| {
            let set = [("CLOZE_PAGER", own), ("PAGER", common), ("LESS", Some("S"))];
            Pager::of(|name| set.iter().find(|(known, _)| *known == name)?.1.map(str::to_owned))
        };
        let of = |own, common| pager(own, common).program;
        assert_eq!(pager(None, None).variables, [("LESSCHARSET", "utf-8"), ("LV", "-c")]);
        assert_eq!(of(None, None), Program::Less);
        assert_eq!(of(None, Some("most -s")), Program::Command("most -s".to_owned()));
        assert_eq!(of(Some("bat"), Some("most")), Program::Command("bat".to_owned()));
        for (own, common) in [(Some(""), Some("most")), (Some("cat"), None), (None, Some("cat")), (None, Some(" "))] {
            assert_eq!(of(own, common), Program::None, "{own:?} {common:?}");
        }
    }

    #[test]
    fn a_long_line_takes_several() {
        let of = |text: &str, ws_row, ws_col| is_longer(text, Winsize { ws_row, ws_col, ws_xpixel: 0, ws_ypixel: 0 });
        // The last line is for the prompt that comes after.
        assert!(!of("1\n2\n", 3, 80) && of("1\n2\n3\n", 3, 80) && of("1\n\n3\n", 3, 80));
        assert!(of(&"x".repeat(30), 3, 10) && !of(&"x".repeat(20), 3, 10));
        assert!(!of("1\n2\n3\n4\n", 0, 0));
    }
}
