//! From the command line to a command: environment, project, settings, dispatch.

use std::fs::File;
use std::io;
use std::io::IsTerminal;
use std::io::Write;
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::CommandFactory;
use clap::Parser;
use clap::error::ErrorKind;
use cloze::clock::Clock;
use cloze::clock::Entropy;
use cloze::clock::Machine;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::SCHEMA;
use cloze::project::Variables;
use cloze::service::Meters;
#[cfg(feature = "env")]
use cloze::vault::env::Surroundings;

use crate::args::Cli;
use crate::args::Command;
use crate::commands;
use crate::commands::diff::Asked;
use crate::commands::mask::Runner;
use crate::exit;
use crate::ui::Terminal;
use crate::ui::Ui;
use crate::ui::clean_lines;

/// What every command gets.
#[derive(Debug)]
pub(crate) struct Run {
    /// The way to talk.
    pub(crate) ui: Ui,
    /// The environment variables that cloze heeds.
    pub(crate) variables: Variables,
    /// The project's directory.
    pub(crate) directory: PathBuf,
    /// The user's home directory.
    pub(crate) home: Option<PathBuf>,
    /// The environment that was asked for.
    pub(crate) environment: Option<String>,
    /// The variables that the program was started with.
    #[cfg(feature = "env")]
    pub(crate) surroundings: Arc<dyn Surroundings>,
    /// Whether vaults of kind `exec` may run their programs.
    pub(crate) allow_exec: bool,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Randomness.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Counts the calls to each vault.
    pub(crate) meters: Arc<Meters>,
    /// How long vaults may be asked, as the command line says.
    pub(crate) deadline: Option<String>,
    /// The CI runner that this runs on, where it has a log masker.
    pub(crate) runner: Option<Runner>,
    /// Who acts, as the machine says.
    pub(crate) actor: String,
    /// The revision that is being deployed, as the CI system says.
    pub(crate) revision: Option<String>,
}

/// Runs the command that the command line asks for.
pub(crate) fn run() -> ExitCode {
    let mut cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misused(&error),
    };
    if matches!(cli.command, Command::RenderWorker) {
        return worker();
    }
    let variables = match surroundings::variables() {
        Ok(variables) => variables,
        Err(problems) => return Ui::new(&cli.global, Terminal::default(), Arc::default()).fail(&problems),
    };
    let adopted = surroundings::adopt(&mut cli.global, &variables);
    let meters: Arc<Meters> = Arc::default();
    let ui = Ui::new(&cli.global, surroundings::terminal(), Arc::clone(&meters));
    for unknown in variables.unknown() {
        ui.warn(unknown);
    }
    if let Err(problems) = adopted {
        return ui.fail(&problems);
    }
    let run = Run {
        ui: ui.clone(),
        directory: cli.global.directory.clone().unwrap_or_else(|| PathBuf::from(".")),
        home: surroundings::home(),
        environment: cli.global.environment.clone(),
        #[cfg(feature = "env")]
        surroundings: Arc::new(surroundings::Process),
        allow_exec: cli.global.allow_exec,
        clock: Arc::new(Machine),
        entropy: Arc::new(Machine),
        meters,
        deadline: cli.global.deadline.clone(),
        runner: surroundings::runner(),
        actor: surroundings::actor(),
        revision: surroundings::revision(),
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

impl Run {
    /// Runs a future to its end on this thread.
    pub(crate) fn wait<T>(&self, story: impl Future<Output = Result<T, Problems>>) -> Result<T, Problems> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            Problem::new(
                Fault::Internal,
                format!("no runtime: {}", error.kind()),
                "free memory or file handles, then run the command again",
            )
        })?;
        let result = runtime.block_on(story);
        // A name that does not resolve keeps its thread for long: it is not waited for.
        runtime.shutdown_background();
        result
    }

    /// The same run, for a command that is part of another.
    pub(crate) fn again(&self) -> Result<Self, Problems> {
        Ok(Self {
            ui: self.ui.clone(),
            variables: surroundings::variables()?,
            directory: self.directory.clone(),
            home: self.home.clone(),
            environment: self.environment.clone(),
            #[cfg(feature = "env")]
            surroundings: Arc::clone(&self.surroundings),
            allow_exec: self.allow_exec,
            clock: Arc::clone(&self.clock),
            entropy: Arc::clone(&self.entropy),
            meters: Arc::clone(&self.meters),
            deadline: self.deadline.clone(),
            runner: self.runner,
            actor: self.actor.clone(),
            revision: self.revision.clone(),
        })
    }

    /// Whether a person can be asked.
    pub(crate) fn is_interactive(&self) -> bool {
        !self.ui.is_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }
}

/// The process environment: the one place that reads it.
mod surroundings {
    use std::path::PathBuf;

    use cloze::problem::Fault;
    use cloze::problem::Problem;
    use cloze::problem::Problems;
    use cloze::project::Variables;
    use cloze::project::quote;
    use cloze::project::variable;
    use cloze::project::variable::Variable;

    use crate::args::Color;
    use crate::args::Format;
    use crate::args::Global;
    use crate::commands::mask::Runner;
    use crate::ui::Terminal;

    pub(super) fn variables() -> Result<Variables, Problems> {
        Variables::collect(std::env::vars_os())
    }

    /// Lets variables say what the command line left open, and refuses those that say what they cannot.
    pub(super) fn adopt(global: &mut Global, variables: &Variables) -> Result<(), Problems> {
        if global.directory.is_none() {
            global.directory = variables.get(variable::DIR).map(PathBuf::from);
        }
        let mut problems = Vec::new();
        let mut refuse = |variable: Variable, what: &str, next: &str| {
            let value = quote(variables.get(variable).unwrap_or_default());
            problems.push(Problem::new(Fault::Usage, format!("{value} of `{}` {what}", variable.name), next));
        };
        let format = match variables.get(variable::FORMAT) {
            None => None,
            Some("human") => Some(Format::Human),
            Some("json") => Some(Format::Json),
            Some(_) => {
                refuse(variable::FORMAT, "is no format", "set it to `human` or `json`, or unset it");
                None
            }
        };
        let color = match variables.get(variable::COLOR) {
            None => None,
            Some("auto") => Some(Color::Auto),
            Some("always") => Some(Color::Always),
            Some("never") => Some(Color::Never),
            Some(_) => {
                refuse(variable::COLOR, "does not say when to use colour", "set it to `auto`, `always` or `never`, or unset it");
                None
            }
        };
        let allow_exec = match variables.get(variable::ALLOW_EXEC) {
            None | Some("0" | "false") => false,
            Some("1" | "true") => true,
            Some(_) => {
                let next = "set it to `1` or `true` if you trust the project, to `0` or `false` if not, or unset it";
                refuse(variable::ALLOW_EXEC, "does not say whether programs may run", next);
                false
            }
        };
        global.format = global.format.or(format);
        global.color = global.color.or(color);
        global.allow_exec |= allow_exec;
        Problems::or((), problems)
    }

    /// What the variables say of the terminal.
    pub(super) fn terminal() -> Terminal {
        Terminal { no_color: read(&["NO_COLOR"]).is_some(), dumb: read(&["TERM"]).is_some_and(|term| term == "dumb") }
    }

    /// The CI runner that this runs on.
    pub(super) fn runner() -> Option<Runner> {
        let says = |name: &str| read(&[name]).is_some_and(|value| value.eq_ignore_ascii_case("true"));
        if says("GITHUB_ACTIONS") {
            Some(Runner::GitHub)
        } else if says("TF_BUILD") {
            Some(Runner::Azure)
        } else {
            None
        }
    }

    /// The process's own variables, for vaults of kind `env`.
    #[cfg(feature = "env")]
    #[derive(Debug)]
    pub(super) struct Process;

    #[cfg(feature = "env")]
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process environment")]
    impl cloze::vault::env::Surroundings for Process {
        fn get(&self, name: &str) -> Option<cloze::secret::Secret> {
            std::env::var_os(name).map(|value| cloze::secret::Secret::new(value.into_encoded_bytes()))
        }

        fn names(&self) -> Vec<String> {
            std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
        }
    }

    /// The user's home directory.
    pub(super) fn home() -> Option<PathBuf> {
        std::env::home_dir().filter(|path| path.is_absolute())
    }

    /// Who acts: the CI system's name for it, else the user's.
    pub(super) fn actor() -> String {
        let names = ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "USER", "LOGNAME"];
        let actor = read(&names).unwrap_or_else(|| "unknown".to_owned());
        actor.chars().take(64).collect()
    }

    /// The commit that a CI system builds.
    pub(super) fn revision() -> Option<String> {
        read(&["GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "GIT_COMMIT"]).map(|text| text.chars().take(64).collect())
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process environment")]
    fn read(names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
    }
}
