//! What is wrong with a command line, as a problem: of the parser's errors only the names in them are kept.

use std::error::Error;
use std::fmt;

use clap::Arg;
use clap::Command;
use clap::error::ContextKind;
use clap::error::ContextValue;
use clap::error::ErrorKind;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::suggest::suggest;

/// A value that an argument cannot take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Misuse {
    reason: String,
    next: String,
}

impl Misuse {
    /// What is wrong with it, and what to do.
    pub(crate) fn new(reason: impl Into<String>, next: impl Into<String>) -> Self {
        Self { reason: reason.into(), next: next.into() }
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl Error for Misuse {}

/// What is wrong, for a command line of `typed` words.
pub(crate) fn problem(error: &clap::Error, cli: &Command, typed: &[String]) -> Problem {
    let (path, command) = deepest(cli, typed);
    let word = |kind| match error.get(kind) {
        Some(ContextValue::String(word)) => word.trim_matches(['[', ']']).to_owned(),
        Some(ContextValue::Strings(words)) => words.join("`, `"),
        _ => String::new(),
    };
    let argument = word(ContextKind::InvalidArg);
    let help = format!("see `{path} --help`");
    let known = |known: Option<&str>| known.map_or_else(|| help.clone(), |known| format!("did you mean `{known}`?"));
    let usage = |reason: String, next: String| Problem::new(Fault::Usage, reason, next);
    // Whatever follows the name of a secret may be its value.
    let lacks_value = error.kind() == ErrorKind::InvalidValue && word(ContextKind::InvalidValue).is_empty() && argument.starts_with('-');
    // Of these, our own words repeat nothing.
    let is_named = argument.starts_with("--key") || argument.starts_with("--generate");
    if path == "cloze vault set"
        && !lacks_value
        && !(is_named && error.kind() == ErrorKind::ValueValidation)
        && matches!(error.kind(), ErrorKind::UnknownArgument | ErrorKind::InvalidValue | ErrorKind::ValueValidation)
    {
        let reason = "unexpected argument for `cloze vault set` (not shown, it may be a secret)";
        return usage(reason.into(), "pipe the value: `… | cloze vault set NAME`; if it was typed here, choose another value".into());
    }
    if let Some(Misuse { reason, next }) = error.source().and_then(|source| source.downcast_ref()) {
        return usage(reason.clone(), next.clone());
    }
    match error.kind() {
        ErrorKind::InvalidSubcommand => {
            let written = word(ContextKind::InvalidSubcommand);
            let near = suggest(&written, command.get_subcommands().map(Command::get_name));
            usage(format!("there is no command `{written}`"), known(near))
        }
        ErrorKind::UnknownArgument => {
            let written = argument.strip_prefix("--").and_then(|flag| flag.split('=').next());
            let own = command.get_arguments().any(|known| {
                known.get_long().is_some_and(|long| written == Some(long))
                    || known.get_short().is_some_and(|short| argument.strip_prefix('-').is_some_and(|rest| rest.starts_with(short)))
            });
            if own {
                let reason = format!("`{argument}` is an option of `{path}`, and is written before the command");
                return usage(reason, format!("write it after the command: `{path} {argument} …`"));
            }
            let near = written.and_then(|written| suggest(written, command.get_arguments().filter_map(Arg::get_long)));
            usage(format!("unexpected argument `{argument}` for `{path}`"), known(near.map(|near| format!("--{near}")).as_deref()))
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            let value = word(ContextKind::InvalidValue);
            let next = match word(ContextKind::ValidValue) {
                values if values.is_empty() => help,
                values => format!("use one of `{values}`"),
            };
            let wrong =
                if value.is_empty() { format!("`{argument}` needs a value") } else { format!("invalid value `{value}` for `{argument}`") };
            usage(wrong, next)
        }
        ErrorKind::MissingRequiredArgument => usage(format!("`{path}` needs `{argument}`"), help),
        ErrorKind::ArgumentConflict => match word(ContextKind::PriorArg) {
            prior if prior.is_empty() || prior == argument => usage(format!("`{argument}` can be given only once"), help),
            prior => usage(format!("`{argument}` cannot be used together with `{prior}`"), help),
        },
        ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            usage(format!("`{path}` needs a command"), help)
        }
        _ if argument.is_empty() => usage(format!("invalid usage of `{path}`"), help),
        _ => usage(format!("invalid usage of `{argument}`"), help),
    }
}

/// The command that the words name, as far as they name one, and how it is called.
fn deepest<'c>(cli: &'c Command, typed: &[String]) -> (String, &'c Command) {
    let mut path = cli.get_name().to_owned();
    let mut command = cli;
    for word in typed.iter().skip(1) {
        if let Some(inner) = command.find_subcommand(word) {
            path = format!("{path} {word}");
            command = inner;
        }
    }
    (path, command)
}
