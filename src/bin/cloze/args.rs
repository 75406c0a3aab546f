//! The command line as typed. Help texts are the doc comments.

use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap_complete::Shell;

/// Fill the blanks of Kubernetes templates from a key vault, name configurations by content, keep an encrypted history
#[derive(Debug, Parser)]
#[command(name = "cloze", version, about, disable_help_subcommand = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 done, 1 differences (diff --exit-code, lock --check), 2 usage, 3 bad project, 4 failed check,\n\
5 vault or key, 6 history, 8 internal error")]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Work in this project's directory
    #[arg(short = 'C', long = "directory", value_name = "DIR", global = true)]
    pub(crate) directory: Option<PathBuf>,
    /// Environment of the project [env: `CLOZE_ENV`] [default: the only one]
    #[arg(short, long = "environment", value_name = "ENV", global = true)]
    pub(crate) environment: Option<String>,
    /// How results and problems are written [env: `CLOZE_FORMAT`] [default: human]
    #[arg(long, value_enum, value_name = "FORMAT", global = true)]
    pub(crate) format: Option<Format>,
    /// Say only what went wrong
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Say more (can be repeated)
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub(crate) verbose: u8,
    /// How long vaults may be asked: seconds, or a time such as `2m` [env: `CLOZE_DEADLINE`] [default: 30]
    #[arg(long, value_name = "TIME", global = true)]
    pub(crate) deadline: Option<String>,
    /// Let vaults of kind `exec` run their programs [env: `CLOZE_ALLOW_EXEC`]
    #[arg(long, global = true)]
    pub(crate) allow_exec: bool,
    /// When to use colour [env: `CLOZE_COLOR`] [default: auto]
    #[arg(long, value_enum, value_name = "WHEN", global = true)]
    pub(crate) color: Option<Color>,
}

/// Human or machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Human,
    /// For programs: one JSON document on stdout, problems as JSON lines on stderr. `vault get`, `show --reveal`, `-o -`, `schema` and
    /// `completions` write what they always do
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Write a new project: templates, values, a key, a local vault with generated values
    Init {
        /// The project's name, and the directory to write it to
        name: String,
        /// Deploy it at once
        #[arg(long)]
        deploy: bool,
    },
    /// Print the manifests with masked values; needs no key, no vault and no network
    Render {
        #[command(flatten)]
        values: Values,
        /// A directory, or `-` for stdout
        #[arg(short, value_name = "DIR|-", default_value = "-")]
        output: String,
    },
    /// Report every problem of the project in one run
    Check {
        #[command(flatten)]
        values: Values,
        /// Ask the vaults whether every secret exists and may be read, without reading it where a vault has a way
        #[arg(long)]
        online: bool,
        /// Ask for the versions of the lock file
        #[arg(long, requires = "online")]
        locked: bool,
    },
    /// Walk to each vault, and say at each step what was found and what to do
    Doctor {
        /// Only the vault of this name in the project file
        #[arg(long, value_name = "VAULT")]
        vault: Option<String>,
    },
    /// Write the version of every secret to locks/ENV.lock, for `--locked`
    Lock {
        #[command(flatten)]
        values: Values,
        /// Write nothing; exit with 1 when the file is not what it would become
        #[arg(long)]
        check: bool,
    },
    /// Show what a deploy would change
    Diff {
        #[command(flatten)]
        values: Values,
        /// The release to compare with [default: the current one]
        #[arg(long, value_name = "N")]
        against: Option<u64>,
        /// Ask vaults behind a network too
        #[arg(long)]
        online: bool,
        /// Compare with the versions of the lock file
        #[arg(long)]
        locked: bool,
        /// Exit with 1 when there are differences
        #[arg(long)]
        exit_code: bool,
    },
    /// Fill, encode, name, seal, record and emit
    Deploy {
        #[command(flatten)]
        values: Values,
        /// Fill with exactly the versions of the lock file
        #[arg(long)]
        locked: bool,
        #[command(flatten)]
        emit: Emit,
    },
    /// List the releases
    History {
        /// Prove the chain and every object (needs the key)
        #[arg(long)]
        verify: bool,
        /// How many releases to list, newest first
        #[arg(long, value_name = "COUNT", default_value_t = 20)]
        limit: usize,
    },
    /// Show a release
    Show {
        /// Its number [default: the current one]
        number: Option<u64>,
        /// Print the manifests with their secret values
        #[arg(long)]
        reveal: bool,
        #[command(flatten)]
        masking: Masking,
    },
    /// Release the manifests of an earlier release again
    Rollback {
        /// The release to go back to [default: the newest earlier one with other manifests]
        number: Option<u64>,
        /// Which values the secrets get
        #[arg(long, value_enum, default_value_t = Secrets::Recorded)]
        secrets: Secrets,
        /// Ask vaults behind a network whether the recorded versions are still current
        #[arg(long)]
        online: bool,
        #[command(flatten)]
        emit: Emit,
    },
    /// List and read the secrets of a vault, and keep those of the local one
    #[command(subcommand)]
    Vault(Vault),
    /// Show each effective setting and where it came from
    Config {
        #[command(flatten)]
        values: Values,
    },
    /// Print the JSON Schema of the project file
    Schema,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Render templates for a parent process
    #[command(hide = true)]
    RenderWorker,
}

/// Values on top of the project's files.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Values {
    /// Merge this values file over the project's (can be repeated)
    #[arg(long = "values", value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Set one value, typed as YAML types it (can be repeated)
    #[arg(long = "set", value_name = "PATH=VALUE")]
    pub(crate) set: Vec<String>,
    /// Set one value as a string (can be repeated)
    #[arg(long = "set-string", value_name = "PATH=VALUE")]
    pub(crate) set_string: Vec<String>,
}

/// Where manifests go.
#[derive(Debug, Clone, Args)]
pub(crate) struct Emit {
    /// A directory, or `-` for stdout [default: dist/ENV]
    #[arg(short, value_name = "DIR|-")]
    pub(crate) output: Option<String>,
    /// The manifests' syntax
    #[arg(long = "output", value_enum, value_name = "SYNTAX", default_value_t = Syntax::Yaml)]
    pub(crate) syntax: Syntax,
    /// A note to keep with the release
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Do everything but record and emit
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) masking: Masking,
}

/// Whether a CI system's log masker is told of values.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Masking {
    /// Tell the CI runner's log masker each value before it is used, on stderr [env: `CLOZE_MASK`] [possible values: auto, github, azure]
    #[arg(long, value_enum, value_name = "RUNNER", num_args = 0..=1, require_equals = true, default_missing_value = "auto")]
    #[arg(hide_possible_values = true)]
    pub(crate) mask_ci: Option<Masker>,
}

/// Whose log masker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Masker {
    /// That of the runner that this runs on, if it is one of these
    Auto,
    /// GitHub Actions
    Github,
    /// Azure Pipelines
    Azure,
}

/// The syntax of emitted manifests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Syntax {
    /// YAML
    Yaml,
    /// JSON
    Json,
}

/// Which values a rollback gives to secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Secrets {
    /// The values of then, from the history
    Recorded,
    /// What the vaults hold now
    Current,
    /// The recorded versions, fetched again
    Pinned,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Vault {
    /// Set a secret; the value comes from a prompt or stdin
    Set {
        /// The secret's name
        name: String,
        #[command(flatten)]
        which: Which,
    },
    /// Print a secret's value: its bytes as they are, whatever `--format` says
    Get {
        /// The secret's name
        name: String,
        /// A field of a structured secret
        #[arg(long)]
        key: Option<String>,
        /// An earlier version
        #[arg(long = "at", value_name = "VERSION")]
        version: Option<String>,
        #[command(flatten)]
        which: Which,
        /// Print it on a terminal too
        #[arg(long)]
        reveal: bool,
        #[command(flatten)]
        masking: Masking,
    },
    /// List the secrets' names and versions
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Remove a secret; its old versions stay for pinned blanks
    Remove {
        /// The secret's name
        name: String,
        #[command(flatten)]
        which: Which,
    },
}

/// Which vault of the environment.
#[derive(Debug, Clone, Args)]
pub(crate) struct Which {
    /// The vault's name in the project file
    #[arg(long = "vault", value_name = "VAULT", default_value = "default")]
    pub(crate) vault: String,
}
