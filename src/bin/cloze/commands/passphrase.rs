//! Values that must not be arguments: from a prompt without echo, or from stdin.

use std::io;
use std::io::IsTerminal;
use std::io::Read;
use std::io::Write;

use cloze::key::Passphrase;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::variable;
use cloze::secret::Secret;
use cloze::secret::SecretBuffer;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::Termios;
use rustix::termios::tcgetattr;
use rustix::termios::tcsetattr;

use crate::context::Run;
use crate::ui::clean;

/// The terminal without echo. When this value ends, it echoes again, and what was typed meanwhile is discarded.
#[derive(Debug)]
pub(crate) struct Silence {
    before: Termios,
}

impl Silence {
    fn begin() -> Result<Self, Problem> {
        let stdin = io::stdin();
        let before = tcgetattr(&stdin).map_err(|error| unreadable(&error.into()))?;
        let mut silent = before.clone();
        silent.local_modes &= !LocalModes::ECHO;
        tcsetattr(&stdin, OptionalActions::Now, &silent).map_err(|error| unreadable(&error.into()))?;
        Ok(Self { before })
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        // A terminal that is gone needs no echo.
        let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &self.before);
    }
}

/// The passphrase of the environment's keyring: from the variable, else from a prompt on a terminal. A terminal stays without echo
/// until the second value ends, so that what is typed while the keyring is opened does not show.
pub(crate) fn obtain(run: &Run) -> Result<(Option<Secret>, Option<Silence>), Problems> {
    if let Some(secret) = run.variables.secret(variable::PASSPHRASE) {
        return Ok((Some(secret.duplicate()), None));
    }
    if !run.is_interactive() {
        return Ok((None, None));
    }
    let silence = Silence::begin()?;
    Ok((Some(prompt("passphrase: ")?), Some(silence)))
}

/// A new passphrase, asked for twice; otherwise as [`obtain`].
pub(crate) fn choose(run: &Run, environment: &str) -> Result<(Option<Secret>, Option<Silence>), Problems> {
    if run.variables.secret(variable::PASSPHRASE).is_some() || !run.is_interactive() {
        return obtain(run);
    }
    let silence = Silence::begin()?;
    let first = prompt(&format!("new passphrase for environment {environment} (at least 12 characters): "))?;
    Passphrase::new("passphrase", first.duplicate()).check().map_err(Problem::from)?;
    if !prompt("the same again: ")?.ct_eq(&first) {
        return Err(Problem::new(Fault::Usage, "the two passphrases differ", "run the command again").into());
    }
    Ok((Some(first), Some(silence)))
}

/// A value to keep: from a prompt on a terminal, else all of stdin, byte for byte. A newline at its end is kept, and warned about when it is filled.
pub(crate) fn value(name: &str) -> Result<Secret, Problems> {
    if io::stdin().is_terminal() {
        let _silence = Silence::begin()?;
        return prompt(&format!("value of {name}: "));
    }
    let mut buffer = SecretBuffer::with_capacity(VALUE_LIMIT + 1);
    let slice = buffer.extend_zeroed(VALUE_LIMIT + 1);
    let mut length = 0;
    let mut stdin = io::stdin().lock();
    while length < slice.len() {
        match stdin.read(&mut slice[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(unreadable(&error).into()),
        }
    }
    if length > VALUE_LIMIT {
        return Err(Problem::new(
            Fault::Usage,
            "the value is larger than 64 KiB",
            "keep large data in a file of its own, outside the vault",
        )
        .into());
    }
    buffer.truncate(length);
    Ok(buffer.into())
}

/// Asks for one line. The caller keeps the terminal silent.
fn prompt(text: &str) -> Result<Secret, Problems> {
    // The prompt is talk; where stderr is gone, the person types blindly.
    let _ = write!(io::stderr(), "{}", clean(text));
    let line = line(&mut io::stdin().lock());
    let _ = writeln!(io::stderr());
    line.map_err(|error| unreadable(&error).into())
}

fn line(input: &mut impl Read) -> io::Result<Secret> {
    let mut buffer = SecretBuffer::with_capacity(4096);
    let mut byte = [0];
    while input.read(&mut byte)? == 1 && byte[0] != b'\n' && buffer.len() < VALUE_LIMIT {
        buffer.push(byte[0]);
    }
    Ok(buffer.into())
}

fn unreadable(error: &io::Error) -> Problem {
    Problem::new(Fault::Usage, format!("the value cannot be read: {}", error.kind()), "type it on a terminal, or pipe it into stdin")
}

/// Bytes of a value, as the local vault takes them.
const VALUE_LIMIT: usize = 64 << 10;
