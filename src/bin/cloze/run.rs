//! From the command line to a command: environment, project, settings, dispatch.

use std::fs::File;
use std::io;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use clap::Parser;
use clap::error::ErrorKind;
use cloze::clock::Machine;
use cloze::problem::Problems;
use cloze::project::SCHEMA;
use cloze::service::Meters;

use crate::args::Cli;
use crate::args::Command;
use crate::commands;
use crate::commands::diff::Asked;
use crate::context::Run;
use crate::environment;
use crate::exit;
use crate::ui::Terminal;
use crate::ui::Ui;
use crate::ui::clean_lines;

/// Runs the command that the command line asks for.
pub(crate) fn run() -> ExitCode {
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    if matches!(cli.command, Command::RenderWorker) {
        return worker();
    }
    let variables = match environment::variables() {
        Ok(variables) => variables,
        Err(problems) => return Ui::new(&cli.global, Terminal::default(), Arc::default()).fail(&problems),
    };
    let adopted = environment::adopt(&mut cli.global, &variables);
    let meters: Arc<Meters> = Arc::default();
    let ui = Ui::new(&cli.global, environment::terminal(), Arc::clone(&meters));
    for unknown in variables.unknown() {
        ui.warn(unknown);
    }
    if let Err(problems) = adopted {
        return ui.fail(&problems);
    }
    let run = Run {
        ui: ui.clone(),
        directory: cli.global.directory.clone().unwrap_or_else(|| PathBuf::from(".")),
        home: environment::home(),
        environment: cli.global.environment.clone(),
        #[cfg(feature = "env")]
        surroundings: Arc::new(environment::Process),
        allow_exec: cli.global.allow_exec,
        clock: Arc::new(Machine),
        entropy: Arc::new(Machine),
        meters,
        deadline: cli.global.deadline.clone(),
        runner: environment::runner(),
        actor: environment::actor(),
        revision: environment::revision(),
        variables,
    };
    match dispatch(&run, cli.command) {
        Ok(code) => code,
        Err(problems) => ui.fail(&problems),
    }
}

fn dispatch(run: &Run, command: Command) -> Result<ExitCode, Problems> {
    match command {
        Command::Init { name, deploy } => commands::init::init(run, &name, deploy)?,
        Command::Render { values, output } => commands::render::render(run, &values, &output)?,
        Command::Check { values, online: false, .. } => commands::check::check(run, &values)?,
        Command::Check { values, online: true, locked } => commands::check::check_online(run, &values, locked)?,
        Command::Doctor { vault } => return commands::doctor::doctor(run, vault.as_deref()),
        Command::Lock { values, check } => return commands::lock::lock(run, &values, check),
        Command::Diff { values, against, online, locked, exit_code } => {
            return commands::diff::diff(run, &values, against, Asked { online, locked }, exit_code);
        }
        Command::Deploy { values, locked, emit } => commands::deploy::deploy(run, &values, locked, &emit)?,
        Command::History { verify, limit } => commands::history::history(run, verify, limit)?,
        Command::Show { number, reveal, masking } => commands::show::show(run, number, reveal, masking)?,
        Command::Rollback { number, secrets, online, emit } => commands::rollback::rollback(run, number, secrets, online, &emit)?,
        Command::Vault(command) => commands::vault::vault(run, command)?,
        Command::Config { values } => commands::config::config(run, &values)?,
        Command::Schema => run.ui.bytes(SCHEMA.as_bytes())?,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "cloze", &mut script);
            run.ui.bytes(&script)?;
        }
        Command::RenderWorker => return Ok(worker()),
    }
    Ok(ExitCode::from(exit::DONE))
}

/// Prints what was asked for instead of a command: help, the version, or what is wrong with the command line.
fn misused(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // The reader may have gone; there is nothing to do about it.
        let _ = error.print();
        return ExitCode::from(exit::DONE);
    }
    let told = error.render().to_string();
    // It quotes the command line, which is not to move a terminal, and which may hold a value that was typed after a secret's name.
    let valued = error.kind() == ErrorKind::UnknownArgument && told.contains("cloze vault set");
    let told = if valued { VALUE_IN_ARGUMENTS.into() } else { clean_lines(&told) };
    let _ = write!(io::stderr().lock(), "{told}");
    ExitCode::from(exit::USAGE)
}

/// What is said when a value seems to stand among the arguments, where other users of the machine see it.
const VALUE_IN_ARGUMENTS: &str = "error: `vault set` takes a secret's name and options, and something else was given
  pipe the value into stdin, or type it at the prompt; if it was given here, choose another value\n";

/// Serves one order of the rendering engine on standard input and output.
fn worker() -> ExitCode {
    // As files, without the line buffering of `Stdout`.
    let served = io::stdin().as_fd().try_clone_to_owned().and_then(|input| {
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        cloze::render::serve(File::from(input), File::from(output))
    });
    ExitCode::from(if served.is_ok() { exit::DONE } else { exit::INTERNAL })
}
