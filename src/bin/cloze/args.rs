//! The command line as typed. Help texts are the doc comments; how they are laid out is `help.rs`.

mod emit;
mod format;
mod history;
mod init;
mod key;
mod removal;
mod review;
mod secrets;
mod vault;

pub(crate) use emit::Emit;
pub(crate) use emit::MaskerArg;
pub(crate) use emit::Masking;
pub(crate) use format::Color;
pub(crate) use format::OutputFormat;
pub(crate) use history::HistoryCommand;
pub(crate) use init::Init;
pub(crate) use key::KeyCommand;
pub(crate) use removal::Destroy;
pub(crate) use removal::Prune;
pub(crate) use review::Diff;
pub(crate) use review::Plan;
pub(crate) use secrets::SecretsArgs;
pub(crate) use vault::VaultCommand;

use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap::builder::PossibleValuesParser;
use clap_complete::Shell;
use cloze::report;

use crate::args::emit::directory;
use crate::usage::Misuse;

/// The heading of what every command takes.
const GLOBAL: &str = "Global options";

/// Fill the blanks of Kubernetes templates from a key vault, name configurations by content, keep an encrypted history
#[derive(Debug, Parser)]
#[command(name = "cloze", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = GLOBAL)]
pub(crate) struct Global {
    /// Run as if started in DIR; the project is searched from there upwards
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// Environment of the project [env: `CLOZE_ENV`] [default: the only one]
    #[arg(short, long = "environment", visible_alias = "env", value_name = "ENV", global = true)]
    pub(crate) environment: Option<String>,
    /// Format of results and problems [env: `CLOZE_FORMAT`] [default: human]
    #[arg(long, value_enum, value_name = "FORMAT", global = true)]
    pub(crate) format: Option<OutputFormat>,
    /// Print only results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Print more (can be repeated)
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// How long to wait for vaults: seconds, or a time such as `2m` [env: `CLOZE_DEADLINE`] [default: 30]
    #[arg(long, value_name = "TIME", global = true)]
    pub(crate) deadline: Option<String>,
    /// Where the history is kept: a directory, `file:///DIR`, `s3://BUCKET/PREFIX`, `gs://…`, `az://…` or `cluster://NAMESPACE` [env: `CLOZE_HISTORY_URL`]
    #[arg(long, value_name = "URL", global = true)]
    pub(crate) history: Option<String>,
    /// Id of the history that is meant, as `cloze history` prints it; another is refused [env: `CLOZE_STORE_ID`]
    #[arg(long, value_name = "ID", global = true)]
    pub(crate) store_id: Option<String>,
    /// Context of the kubeconfig, for an environment with `cluster:` and for `cluster://` [env: `CLOZE_CONTEXT`]
    #[arg(long, value_name = "CONTEXT", global = true)]
    pub(crate) context: Option<String>,
    /// Let vaults of kind `exec` run their programs [env: `CLOZE_ALLOW_EXEC`]
    #[arg(long, global = true)]
    pub(crate) allow_exec: bool,
    /// When to use colour [env: `CLOZE_COLOR`] [default: auto]
    #[arg(long, value_enum, value_name = "WHEN", global = true)]
    pub(crate) color: Option<Color>,
    /// Print long results in one go, not page by page [env: `CLOZE_PAGER` and `PAGER` name the pager] [default: `less`]
    #[arg(long, global = true)]
    pub(crate) no_pager: bool,
}

impl Command {
    /// Whether its result is what changes, which is written in every format.
    pub(crate) fn is_review(&self) -> bool {
        match self {
            Self::Diff(_) | Self::Plan(_) | Self::Show { diff: true, .. } => true,
            Self::Deploy { emit, .. } | Self::Rollback { emit, .. } => emit.dry_run,
            _ => false,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a project: templates, values, a key and a local vault
    #[command(after_help = "Examples:
  cloze init shop              a working example in ./shop
  cloze init shop --deploy     the same, and write its manifests
  cloze init --here --bare     only what a project needs, in this directory")]
    Init(Init),
    /// Print the manifests with secrets masked; needs no key, vault or network
    #[command(after_help = "Examples:
  cloze render -e prod
  cloze render -e prod -o review      one file for each object
  cloze render --set image.tag=1.5.0")]
    Render {
        #[command(flatten)]
        templates: Templates,
        /// Directory to write to, or `-` for stdout
        #[arg(short, long, value_name = "DIR|-", default_value = "-", value_parser = directory)]
        output: String,
    },
    /// Report every problem of templates, values and references in one run
    #[command(after_help = "Examples:
  cloze check -e prod              no key, vault or network needed
  cloze check -e prod --online     does every secret exist?
  cloze check --all                every environment of the project")]
    Check(CheckArgs),
    /// Test the connection to each vault, to each service that holds a key, to the history and to the cluster, step by step
    Doctor {
        /// Only this vault of the project file
        #[arg(long, value_name = "VAULT")]
        vault: Option<String>,
        /// Print the least role that deploys this project to the environment's cluster, as manifests whose subject is to be filled in
        #[arg(long, conflicts_with = "vault")]
        role: bool,
    },
    /// Pin the version of every secret in locks/ENV.lock, for `--locked`
    #[command(after_help = "Examples:
  cloze lock -e prod             resolve all versions and write the file
  cloze lock -e prod --check     fail if a version is not the vault's current one")]
    Lock {
        #[command(flatten)]
        values: ValueArgs,
        /// Write nothing; exit with 1 if the file would change
        #[arg(long)]
        check: bool,
    },
    /// Show what a deploy would change, or how two releases differ
    #[command(after_help = "Examples:
  cloze diff -e prod                 what a deploy would change
  cloze diff -e prod 41 42           what release 42 has in place of release 41
  cloze diff -e prod --online --exit-code
  cloze diff -e prod --live          what an apply would change in the cluster")]
    Diff(Diff),
    /// Write what a deploy would release to a file, sealed, and show what that changes
    #[command(after_help = "Examples:
  cloze plan -e prod -o prod.plan          fill the blanks and write the plan
  cloze deploy -e prod --plan prod.plan    release exactly that, or refuse

Only who can open the history can read a plan. Make it where the vault and the key are at hand, such
as in a protected job.")]
    Plan(Plan),
    /// Fill the blanks, record a release, and apply it to the environment's cluster or write its manifests
    #[command(after_help = "Examples:
  cloze deploy -e prod                     apply to the cluster of prod, or write to dist/prod
  cloze deploy -e prod --set image.tag=1.5.0 --locked
  cloze deploy -e prod -o - | kubectl apply --server-side -f -")]
    Deploy {
        #[command(flatten)]
        templates: Templates,
        /// Fill with exactly the versions in the lock file
        #[arg(long)]
        locked: bool,
        /// Release exactly what `cloze plan` wrote to FILE, unless another release came in between; asks no vault
        #[arg(long, value_name = "FILE", conflicts_with_all = ["files", "set", "set_string", "strict", "locked"])]
        plan: Option<PathBuf>,
        /// Refuse a plan if a secret has another version than was planned
        #[arg(long, requires = "plan")]
        online: bool,
        #[command(flatten)]
        emit: Emit,
    },
    /// Show which release the cluster of an environment holds, how its objects are, and what others changed in them
    Status {
        /// Show it again when something changes, until Ctrl-C
        #[arg(short, long)]
        watch: bool,
    },
    /// List releases, or copy them to another store
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "Examples:
  cloze history -e prod
  cloze history -e prod --verify
  cloze history copy -e prod .cloze/history/prod s3://shop-releases/prod"
    )]
    History {
        #[command(subcommand)]
        command: Option<HistoryCommand>,
        /// Verify the chain of releases and every object (needs the key)
        #[arg(long)]
        verify: bool,
        /// How many releases to list, newest first
        #[arg(long, value_name = "COUNT", default_value = "20", value_parser = count)]
        limit: usize,
    },
    /// Show a release: its secrets and manifests
    #[command(after_help = "Examples:
  cloze show                   the current release, secrets masked
  cloze show 41 --diff         what release 41 changed
  cloze show 41 --reveal       the manifests of release 41 as they were written")]
    Show {
        /// Number of the release [default: the current one]
        #[arg(value_parser = release)]
        number: Option<u64>,
        /// Show what it changed against the release before it
        #[arg(long, conflicts_with = "reveal")]
        diff: bool,
        /// Print the manifests with their secret values
        #[arg(long)]
        reveal: bool,
        #[command(flatten)]
        masking: Masking,
    },
    /// Release the manifests of an earlier release again
    #[command(after_help = "Examples:
  cloze rollback -e prod                       the newest earlier release with other manifests
  cloze rollback -e prod 41 --dry-run          show what that would change
  cloze rollback -e prod 41 --secrets current  keep today's secrets")]
    Rollback {
        /// Release to go back to [default: the newest earlier one with other manifests]
        #[arg(value_parser = release)]
        number: Option<u64>,
        /// Which values the secrets get
        #[arg(long, value_enum, default_value_t = Secrets::Recorded)]
        secrets: Secrets,
        /// Ask remote vaults whether the recorded versions are still current
        #[arg(long)]
        online: bool,
        #[command(flatten)]
        emit: Emit,
    },
    /// Remove old releases from the history, and from the cluster what nothing needs any more
    #[command(after_help = "Examples:
  cloze prune -e prod --dry-run               what would be removed
  cloze prune -e prod --keep 50 --yes         without asking, as in a pipeline

The newest two releases stay in any case, and all from the last one that was written out. Needs the
key, and the right to delete objects in the history's store, which no other command needs.")]
    Prune(Prune),
    /// Take all that an environment has in its cluster out of it; the history stays
    #[command(after_help = "Examples:
  cloze destroy -e preview --dry-run     what would be removed
  cloze destroy -e preview --yes         without asking, as in a pipeline

Namespaces, PersistentVolumeClaims, PersistentVolumes and CustomResourceDefinitions stay, and so does what
has the annotation `cloze.dev/prune: never`.")]
    Destroy(Destroy),
    /// List the secrets that templates ask for: which version is deployed, how old it is, where it is used
    #[command(after_help = "Examples:
  cloze secrets -e prod              where each secret is used, and the deployed version; no vault is asked
  cloze secrets -e prod --online     current versions, age and expiry, too
  cloze secrets -e prod --unused     what is in the vaults and used nowhere")]
    Secrets(SecretsArgs),
    /// List, read and write the secrets of a vault
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Make an environment's keys, and change who opens its keyring
    #[command(subcommand)]
    Key(KeyCommand),
    /// Show each effective setting and where it comes from
    Config {
        #[command(flatten)]
        values: ValueArgs,
    },
    /// Print the JSON Schema of the project file or of a report
    Schema {
        /// The report of a command, as `--format json` writes it
        #[arg(long = "of", value_name = "REPORT", value_parser = PossibleValuesParser::new(report::words()))]
        report: Option<String>,
    },
    /// Print a completion script for a shell, which offers the project's environments, secrets and releases, too
    #[command(after_help = "The script asks this cloze. Print it again after an update, or whenever a shell starts:
  echo 'source <(cloze completions bash)' >> ~/.bashrc
  echo 'source <(cloze completions zsh)' >> ~/.zshrc
  cloze completions fish > ~/.config/fish/completions/cloze.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Print the version
    Version,
}

/// What a command that reads templates takes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Templates {
    #[command(flatten)]
    pub(crate) values: ValueArgs,
    /// Fail on warnings about templates, values and secrets, before anything is recorded or written
    #[arg(long)]
    pub(crate) strict: bool,
}

/// What `check` looks at.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) templates: Templates,
    /// Check every environment of the project
    #[arg(long, conflicts_with = "environment")]
    pub(crate) all: bool,
    /// Ask the vaults whether every secret exists and can be read; values are not read if the vault can answer without them
    #[arg(long)]
    pub(crate) online: bool,
    /// Ask for the versions in the lock file
    #[arg(long, requires = "online")]
    pub(crate) locked: bool,
}

/// Values on top of the project's files.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ValueArgs {
    /// Merge this values file over those of the project (can be repeated)
    #[arg(long = "values", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Set one value, typed as YAML types it (can be repeated)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Set one value as a string (can be repeated)
    #[arg(long = "set-string", value_name = "PATH=VALUE")]
    pub(crate) set_string: Vec<String>,
}

/// Which values a rollback gives to secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Secrets {
    /// Those of the release, from the history
    Recorded,
    /// The current ones of the vaults
    Current,
    /// The recorded versions, fetched from the vaults again
    Pinned,
}

/// The number of a release.
fn release(text: &str) -> Result<u64, Misuse> {
    let wrong = || Misuse::new(format!("`{text}` is not a release number"), "list the releases with `cloze history`");
    text.parse().map_err(|_| wrong())
}

/// How many to list.
fn count(text: &str) -> Result<usize, Misuse> {
    text.parse().map_err(|_| Misuse::new(format!("`{text}` is not a number of releases"), "write a number such as 20"))
}
