//! What a session takes from outside the project.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::event::Observer;
use crate::identity::ToolEnvironment;
use crate::problem::Problems;
use crate::project::Variables;
use crate::secret::Secret;
use crate::service::Meters;
#[cfg(any(feature = "env", feature = "exec"))]
use crate::vault::Surroundings;
use crate::vault::announced::Listener;

/// What a session takes from outside the project.
#[derive(Debug)]
pub struct Ports<'p> {
    /// Takes what happens.
    pub observer: &'p dyn Observer,
    /// Hears of each secret value before it is used.
    pub listener: Option<Arc<dyn Listener>>,
    /// Asks the user.
    pub prompt: Box<dyn Prompt + 'p>,
    /// The program that renders templates when it is started with `render-worker`.
    pub renderer: &'p Path,
    /// The variables of the run: what is secret in a vault's settings comes from there.
    pub variables: &'p Variables,
    /// The user's home directory, where some tools keep a token.
    pub home: Option<&'p Path>,
    /// The directory in which this user's programs remember things, for histories that no project names.
    pub state: Option<&'p Path>,
    /// What the clouds' own tools take from the environment.
    pub tools: &'p Arc<ToolEnvironment>,
    /// The variables of the process, for vaults of kind `env` and for programs.
    #[cfg(any(feature = "env", feature = "exec"))]
    pub surroundings: &'p Arc<dyn Surroundings>,
    /// Whether vaults of kind `exec` may run their programs.
    pub allow_exec: bool,
    /// What to do where an environment has no keys.
    pub missing_keys: IfMissing,
    /// Whether this machine's files end with the run, as on a CI runner.
    pub ephemeral: bool,
    /// Count the calls to each vault.
    pub meters: &'p Meters,
    /// The time.
    pub clock: &'p Arc<dyn Clock>,
    /// Randomness.
    pub entropy: &'p Arc<dyn Entropy>,
    /// Who acts.
    pub actor: &'p str,
    /// The revision of the source, if it has one.
    pub revision: Option<String>,
}

/// What to do when an environment has no keys yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMissing {
    /// Make them.
    Create,
    /// Fail.
    Fail,
}

/// Asks the user.
pub trait Prompt: fmt::Debug {
    /// The passphrase of a keyring; where `new_for` names an environment, the first one for its keys. `None` where nobody can be asked.
    fn passphrase(&self, new_for: Option<&str>) -> Result<Option<PromptedPassphrase>, Problems>;

    /// Whether a vault, or the history, may have credentials by this entry: `ORIGIN`, or `ORIGIN=AUDIENCE` for id tokens of that audience. An
    /// answer is remembered. `asker` names the vault or the history.
    fn trusts(&self, asker: &str, entry: &str) -> bool;

    /// Whether the person at the terminal says yes to `question`; false where nobody can be asked.
    fn confirms(&self, question: &str) -> bool;

    /// Whether the person at the terminal, who is shown `statement`, types `name`; false where nobody can be asked.
    fn confirms_by_name(&self, statement: &str, name: &str) -> bool;
}

/// A passphrase, and what ends once the keyring is open, such as a terminal without echo.
#[derive(Debug)]
pub struct PromptedPassphrase {
    /// The passphrase.
    pub text: Secret,
    /// Dropped once the keyring is open.
    pub guard: Option<Box<dyn fmt::Debug>>,
}
