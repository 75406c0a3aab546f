//! Answers a shell that asks what may follow on a command line: commands and options, and the project's environments, vaults, secrets and
//! releases.

use clap::Command;
use clap_complete::ArgValueCandidates;
use clap_complete::CompletionCandidate;
use clap_complete::env::CompleteEnv;
use clap_complete::env::Shells;
use cloze::wiring::Candidates;
use cloze::wiring::Session;

use crate::environment;
use crate::help;

/// The variable by which the script of a shell asks.
const VARIABLE: &str = "CLOZE_COMPLETE";

/// Whether a shell asked; then it was answered. Whatever fails gives no candidates and no message: a shell would mix it with the command line.
pub(crate) fn answer() -> bool {
    let (words, directory) = environment::words();
    CompleteEnv::with_factory(command).var(VARIABLE).bin("cloze").try_complete(words, directory.as_deref()).unwrap_or(true)
}

/// The script that makes a shell ask.
pub(crate) fn script(shell: &str) -> Vec<u8> {
    let mut script = Vec::new();
    if let Some(completer) = Shells::builtins().completer(shell) {
        // A vector takes all that it is given.
        let _ = completer.write_registration(VARIABLE, "cloze", "cloze", "cloze", &mut script);
    }
    script
}

/// The command line with what its values may be.
fn command() -> Command {
    let cli = help::command().mut_arg("environment", |arg| arg.add(ArgValueCandidates::new(|| offer(Candidates::environments))));
    let cli = cli.mut_subcommand("vault", |vault| {
        let names = ["set", "get", "edit", "remove"].into_iter().map(|command| (command, "name")).chain([("copy", "names")]);
        let vault = names.fold(vault, |vault, (command, name)| {
            vault.mut_subcommand(command, |command| command.mut_arg(name, |arg| arg.add(ArgValueCandidates::new(secrets))))
        });
        vault.mut_subcommand("copy", |copy| copy.mut_arg("to", |arg| arg.add(ArgValueCandidates::new(|| offer(Candidates::environments)))))
    });
    ["show", "rollback"].into_iter().fold(cli, |cli, command| {
        cli.mut_subcommand(command, |command| {
            command.mut_arg("number", |arg| arg.add(ArgValueCandidates::new(|| offer(Candidates::releases))))
        })
    })
}

fn secrets() -> Vec<CompletionCandidate> {
    let vault = environment::typed(&["--vault"]).unwrap_or_else(|| "default".to_owned());
    offer(|candidates| candidates.secrets(&vault))
}

/// What the project of the command line so far offers.
fn offer(of: impl Fn(&Candidates) -> Vec<String>) -> Vec<CompletionCandidate> {
    let start = environment::typed(&["-C", "--directory"]).unwrap_or_else(|| ".".to_owned());
    let Ok(variables) = environment::variables() else { return Vec::new() };
    let named = environment::typed(&["-e", "--environment", "--env"]);
    let candidates = Candidates::read(&Session::find(start.as_ref()), named, &variables);
    candidates.iter().flat_map(of).map(CompletionCandidate::new).collect()
}
