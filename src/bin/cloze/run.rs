//! From the command line to a command: environment, project, settings, dispatch.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::FromArgMatches;
use clap::error::ErrorKind;
use cloze::clock::Machine;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::SCHEMA;
use cloze::report;
use cloze::service::Meters;
use cloze::wiring::Session;

use crate::args::Cli;
use crate::args::Command;
use crate::args::HistoryCommand;
use crate::args::OutputFormat;
use crate::commands;
use crate::complete;
use crate::context::Run;
use crate::environment;
use crate::exit;
use crate::help;
use crate::revision;
use crate::ui::Terminal;
use crate::ui::Ui;
use crate::usage;

/// The word that starts the program as a renderer.
pub(crate) const RENDER_WORKER: &str = "render-worker";

/// Runs the command that the command line asks for.
pub(crate) fn run() -> ExitCode {
    // Not a command: how cloze starts itself to render templates.
    if environment::arguments().get(1).is_some_and(|word| word == RENDER_WORKER) {
        return worker();
    }
    if complete::answer() {
        return ExitCode::from(exit::DONE);
    }
    let mut cli = match help::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
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
        program: environment::program(),
        directory: cli.global.directory.clone().unwrap_or_else(|| PathBuf::from(".")),
        home: environment::home(),
        state: environment::state(),
        tools: Arc::new(environment::tools()),
        environment: cli.global.environment.clone(),
        #[cfg(any(feature = "env", feature = "exec"))]
        surroundings: Arc::new(environment::Process),
        allow_exec: cli.global.allow_exec,
        clock: Arc::new(Machine),
        entropy: Arc::new(Machine),
        meters,
        deadline: cli.global.deadline.clone(),
        history: cli.global.history.clone(),
        store_id: cli.global.store_id.clone(),
        context: cli.global.context.clone(),
        runner: environment::runner(),
        is_ci: environment::is_ci(),
        actor: environment::actor(),
        revision: environment::revision(),
        variables,
    };
    let code = dispatch(&run, cli.command).unwrap_or_else(|problems| ui.fail(&problems));
    match ui.annotate(&revision::folder(&Session::find(&run.directory))) {
        Ok(()) => code,
        Err(problems) => ui.fail(&problems),
    }
}

fn dispatch(run: &Run, command: Command) -> Result<ExitCode, Problems> {
    match run.ui.format() {
        OutputFormat::Markdown | OutputFormat::Html if !command.is_review() => {
            let next = "use it with `diff`, `plan`, `show --diff`, `deploy --dry-run` or `rollback --dry-run`";
            return Err(Problem::new(Fault::Usage, "this command does not write Markdown or HTML", next).into());
        }
        OutputFormat::Github | OutputFormat::Gitlab | OutputFormat::Sarif if !matches!(command, Command::Check(_)) => {
            return Err(Problem::new(Fault::Usage, "this command does not write annotations", "use it with `check`").into());
        }
        _ => {}
    }
    match command {
        Command::Init(init) => return commands::init::init(run, &init),
        Command::Render { templates, output } => commands::render::render(run, &templates, &output)?,
        Command::Check(check) if check.all => return commands::check::check_all(run, &check),
        Command::Check(check) => commands::check::check(run, &check)?,
        Command::Doctor { role: true, .. } => commands::doctor::role(run)?,
        Command::Doctor { vault, .. } => return commands::doctor::doctor(run, vault.as_deref()),
        Command::Lock { values, check } => return commands::lock::lock(run, &values, check),
        Command::Diff(diff) => return commands::diff::diff(run, &diff),
        Command::Plan(plan) => return commands::plan::plan(run, &plan),
        Command::Deploy { plan: Some(plan), online, emit, .. } => return commands::deploy::deploy_plan(run, &plan, online, &emit),
        Command::Deploy { templates, locked, emit, .. } => return commands::deploy::deploy(run, &templates, locked, &emit),
        Command::Destroy(destroy) => commands::destroy::destroy(run, &destroy)?,
        Command::Status { watch } => commands::status::status(run, watch)?,
        Command::History { command: Some(HistoryCommand::Copy { from, to }), .. } => commands::history::copy(run, &from, &to)?,
        Command::History { command: None, verify, limit } => commands::history::history(run, verify, limit)?,
        Command::Show { number, diff: true, .. } => commands::diff::of_release(run, number)?,
        Command::Show { number, reveal, masking, .. } => commands::show::show(run, number, reveal, masking)?,
        Command::Rollback { number, secrets, online, emit } => return commands::rollback::rollback(run, number, secrets, online, &emit),
        Command::Prune(prune) => commands::prune::prune(run, &prune)?,
        Command::Secrets(secrets) if secrets.all => return commands::secrets::secrets_all(run, &secrets),
        Command::Secrets(secrets) => return commands::secrets::secrets(run, &secrets),
        Command::Vault(command) => commands::vault::vault(run, command)?,
        Command::Key(command) => commands::key::key(run, &command)?,
        Command::Config { values } => commands::config::config(run, &values)?,
        Command::Schema { report } => match report.as_deref().and_then(report::schema) {
            Some(schema) => run.ui.bytes(format!("{schema:#}\n").as_bytes())?,
            None => run.ui.bytes(SCHEMA.as_bytes())?,
        },
        Command::Completions { shell } => {
            run.ui.bytes(&complete::script(&shell.to_string()))?;
        }
        Command::Version => run.ui.text(concat!("cloze ", env!("CARGO_PKG_VERSION"), "\n"))?,
    }
    Ok(ExitCode::from(exit::DONE))
}

/// Prints what was asked for instead of a command: help or the version; or says what is wrong with the command line.
fn misused(error: &clap::Error) -> ExitCode {
    if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
        // The reader may have gone; there is nothing to do about it.
        let _ = error.print();
        return ExitCode::from(exit::DONE);
    }
    let typed = environment::arguments();
    let ui = Ui::new(&environment::misused(&typed), environment::terminal(), Arc::default());
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && !ui.is_json() {
        let _ = error.print();
        return ExitCode::from(exit::USAGE);
    }
    ui.fail(&usage::problem(error, &help::command(), &typed).into())
}

/// Serves one order of the rendering engine on standard input and output.
fn worker() -> ExitCode {
    // As files, without the line buffering of `Stdout`.
    let served = io::stdin().as_fd().try_clone_to_owned().and_then(|input| {
        let output = io::stdout().as_fd().try_clone_to_owned()?;
        cloze::render::serve(File::from(input), File::from(output))
    });
    ExitCode::from(if served.is_ok() { exit::DONE } else { exit::INTERNAL })
}
