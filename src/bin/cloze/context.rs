//! What every command gets: the way to talk, and all that the process says of itself.

use std::io;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use cloze::cause::cause;
use cloze::clock::Clock;
use cloze::clock::Entropy;
use cloze::identity::ToolEnvironment;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Variables;
use cloze::service::Meters;
#[cfg(any(feature = "env", feature = "exec"))]
use cloze::vault::Surroundings;
use cloze::wiring::IfMissing;

use crate::environment::Runner;
use crate::ui::Ui;

/// What every command gets.
#[derive(Debug)]
pub(crate) struct Run {
    /// The way to talk.
    pub(crate) ui: Ui,
    /// The environment variables that cloze reads.
    pub(crate) variables: Variables,
    /// This program.
    pub(crate) program: PathBuf,
    /// The directory that the project is searched from.
    pub(crate) directory: PathBuf,
    /// The user's home directory.
    pub(crate) home: Option<PathBuf>,
    /// The directory in which the user's programs remember things.
    pub(crate) state: Option<PathBuf>,
    /// What the clouds' own tools take from the process environment.
    pub(crate) tools: Arc<ToolEnvironment>,
    /// The environment that was asked for.
    pub(crate) environment: Option<String>,
    /// The variables that the program was started with.
    #[cfg(any(feature = "env", feature = "exec"))]
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
    /// Where the history is kept, as the command line says.
    pub(crate) history: Option<String>,
    /// The id of the history that is meant, as the command line says.
    pub(crate) store_id: Option<String>,
    /// The context of the kubeconfig, as the command line says.
    pub(crate) context: Option<String>,
    /// The CI runner that this runs on, where it has a log masker.
    pub(crate) runner: Option<Runner>,
    /// Whether this runs on a CI runner.
    pub(crate) is_ci: bool,
    /// Who acts, as the machine says.
    pub(crate) actor: String,
    /// The revision that is being deployed, as the CI system says.
    pub(crate) revision: Option<String>,
}

impl Run {
    /// Runs a future to its end on this thread.
    pub(crate) fn wait<T>(&self, work: impl Future<Output = Result<T, Problems>>) -> Result<T, Problems> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            Problem::new(
                Fault::Internal,
                format!("the run cannot begin: {}", cause(&error)),
                "free memory or file handles, then run the command again",
            )
        })?;
        let result = runtime.block_on(work);
        // A name that does not resolve keeps its thread for long: it is not waited for.
        runtime.shutdown_background();
        result
    }

    /// What to do where an environment has no keys: a run that nobody watches makes none, since they would end with its machine.
    pub(crate) fn without_keys(&self) -> IfMissing {
        let watched = !self.is_ci && io::stdin().is_terminal() && io::stderr().is_terminal();
        if watched { IfMissing::Create } else { IfMissing::Fail }
    }

    /// Whether a person can be asked.
    pub(crate) fn is_interactive(&self) -> bool {
        !self.ui.is_json() && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Whether a person can be asked who answers for what is done.
    pub(crate) fn can_answer(&self) -> bool {
        self.is_interactive() && !self.is_ci
    }
}
