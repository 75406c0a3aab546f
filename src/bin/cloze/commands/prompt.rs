//! Values that must not be arguments: from a prompt without echo, or from stdin.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io;
use std::io::IsTerminal;
use std::io::Read;
use std::io::Write;

use cloze::cause::cause;
use cloze::key::Passphrase;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::variable;
use cloze::secret::Secret;
use cloze::secret::SecretBuffer;
use cloze::wiring::Prompt;
use cloze::wiring::PromptedPassphrase;
use rustix::termios::LocalModes;
use rustix::termios::OptionalActions;
use rustix::termios::Termios;
use rustix::termios::tcgetattr;
use rustix::termios::tcsetattr;

use crate::commands::question::ask;
use crate::commands::question::ask_for_name;
use crate::commands::trust::TrustFile;
use crate::context::Run;
use crate::ui::clean;

/// The terminal without echo. When this value ends, it echoes again, and what was typed meanwhile is discarded.
#[derive(Debug)]
struct Silence {
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

/// Asks at the terminal, where somebody can answer.
#[derive(Debug)]
pub(crate) struct TerminalPrompt<'r> {
    run: &'r Run,
    trust: Option<TrustFile>,
    answers: RefCell<BTreeMap<String, bool>>,
}

impl<'r> TerminalPrompt<'r> {
    /// The prompts of a run, whose answers about trust are kept in that file.
    pub(crate) fn new(run: &'r Run, trust: Option<TrustFile>) -> Self {
        Self { run, trust, answers: RefCell::default() }
    }
}

impl Prompt for TerminalPrompt<'_> {
    /// From the variable, else from a prompt on a terminal, a new one twice. The terminal stays without echo until the keyring is open, so
    /// that what is typed meanwhile does not show.
    fn passphrase(&self, new_for: Option<&str>) -> Result<Option<PromptedPassphrase>, Problems> {
        if let Some(secret) = self.run.variables.secret(variable::PASSPHRASE) {
            return Ok(Some(PromptedPassphrase { text: secret.duplicate(), guard: None }));
        }
        if !self.run.is_interactive() {
            return Ok(None);
        }
        let silence = Silence::begin()?;
        let text = match new_for {
            Some(environment) => choose(environment)?,
            None => prompt("passphrase: ")?,
        };
        Ok(Some(PromptedPassphrase { text, guard: Some(Box::new(silence)) }))
    }

    fn trusts(&self, asker: &str, entry: &str) -> bool {
        let Some(file) = self.trust.as_ref().filter(|_| self.run.can_answer()) else { return false };
        *self.answers.borrow_mut().entry(entry.to_owned()).or_insert_with(|| file.ask(asker, entry, &self.run.ui))
    }

    fn confirms(&self, question: &str) -> bool {
        self.run.can_answer() && ask(question)
    }

    fn confirms_by_name(&self, statement: &str, name: &str) -> bool {
        self.run.can_answer() && ask_for_name(statement, name)
    }
}

/// A new passphrase, asked for twice.
fn choose(environment: &str) -> Result<Secret, Problems> {
    let first = prompt(&format!("new passphrase for environment {environment} (at least 12 characters): "))?;
    Passphrase::new("passphrase", first.duplicate()).check()?;
    if !prompt("repeat the passphrase: ")?.ct_eq(&first) {
        return Err(Problem::new(Fault::Usage, "the two passphrases differ", "run the command again").into());
    }
    Ok(first)
}

/// A value to keep: from a prompt on a terminal, else all of stdin, byte for byte. A newline at its end is kept, and warned about when it is filled.
pub(crate) fn value(name: &str) -> Result<Secret, Problems> {
    if io::stdin().is_terminal() {
        let _silence = Silence::begin()?;
        return prompt(&format!("value of {name}: "));
    }
    all_of_stdin(VALUE_LIMIT as u64)
}

/// All of stdin, byte for byte, and at most `limit` bytes.
pub(crate) fn all_of_stdin(limit: u64) -> Result<Secret, Problems> {
    let most = usize::try_from(limit).unwrap_or(usize::MAX - 1);
    let mut buffer = SecretBuffer::with_capacity(most + 1);
    let slice = buffer.extend_zeroed(most + 1);
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
    if length > most {
        return Err(Problem::new(
            Fault::Usage,
            format!("the value is larger than {} KiB", limit >> 10),
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
    Problem::new(Fault::Usage, format!("the value cannot be read: {}", cause(error)), "type it on a terminal, or pipe it into stdin")
}

/// Bytes of a value, as the local vault takes them.
const VALUE_LIMIT: usize = 64 << 10;
