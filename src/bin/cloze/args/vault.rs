//! What `vault` takes.

use std::path::PathBuf;

use clap::Args;
use clap::Subcommand;
use clap::ValueEnum;
use cloze::workflow::import::ImportFormat;

use crate::args::Masking;
use crate::usage::Misuse;

/// What to do with a vault.
#[derive(Debug, Subcommand)]
pub(crate) enum VaultCommand {
    /// Set a secret of the local vault; the value comes from a prompt or stdin
    #[command(after_help = "Examples:
  cloze vault set db-password                 type the value at a prompt
  cloze vault set db-password --generate      make it up: 32 letters and digits
  printf %s \"$TOKEN\" | cloze vault set smtp --key password")]
    Set {
        /// Name of the secret
        name: String,
        /// Set this field of a structured secret, and leave its other fields as they are
        #[arg(long, value_parser = field)]
        key: Option<String>,
        /// Make up a value of that many letters and digits
        #[arg(long, value_name = "LENGTH", num_args = 0..=1, default_missing_value = "32", value_parser = length)]
        generate: Option<u16>,
        /// Accept an empty value, or one of nothing but white space
        #[arg(long)]
        allow_empty: bool,
        #[command(flatten)]
        which: Which,
    },
    /// Edit a secret of the local vault in `$VISUAL` or `$EDITOR`, as a file in memory that is wiped afterwards
    Edit {
        /// Name of the secret
        name: String,
        /// Edit this field of a structured secret
        #[arg(long, value_parser = field)]
        key: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Set secrets of the local vault to what a file or a directory holds
    #[command(
        after_help = "Each variable of a .env file, member of a JSON object and file of a directory becomes a secret of that name, each key of a
Secret one of the name SECRET/KEY; with `--into`, all become fields of one secret.

Examples:
  cloze vault import .env --prefix shop/
  cloze vault import smtp.json --into smtp
  kubectl get secret db -o yaml | cloze vault import - --from secret"
    )]
    Import {
        /// A .env or JSON file, a directory with a file for each value, or Secrets in YAML; `-` reads stdin
        source: PathBuf,
        /// What the file is, where its name does not say it
        #[arg(long, value_name = "FORMAT")]
        from: Option<SourceFormat>,
        /// Put this before each name
        #[arg(long, default_value = "", hide_default_value = true)]
        prefix: String,
        /// Make all values fields of this one secret
        #[arg(long, value_name = "NAME")]
        into: Option<String>,
        #[command(flatten)]
        which: Which,
    },
    /// Copy secrets to the local vault of another environment
    #[command(after_help = "Examples:
  cloze vault copy db-password smtp -e dev --to staging
  cloze vault copy --all -e dev --to staging")]
    Copy {
        /// Names of the secrets
        #[arg(required_unless_present = "all", conflicts_with = "all")]
        names: Vec<String>,
        /// Copy all secrets of the vault
        #[arg(long)]
        all: bool,
        /// The environment that gets them
        #[arg(long, value_name = "ENVIRONMENT")]
        to: String,
        /// The name of its vault in the project file
        #[arg(long, value_name = "VAULT", default_value = "default")]
        to_vault: String,
        #[command(flatten)]
        which: Which,
    },
    /// Print the value of a secret, as it is
    Get {
        /// Name of the secret
        name: String,
        /// Print this field of a structured secret
        #[arg(long, value_parser = field)]
        key: Option<String>,
        /// Print an earlier version
        #[arg(long = "at", value_name = "VERSION")]
        version: Option<String>,
        #[command(flatten)]
        which: Which,
        /// Print to a terminal, too
        #[arg(long)]
        reveal: bool,
        #[command(flatten)]
        masking: Masking,
    },
    /// List the names and versions of secrets
    List {
        #[command(flatten)]
        which: Which,
    },
    /// Remove a secret of the local vault; its old versions stay for pinned blanks
    Remove {
        /// Name of the secret
        name: String,
        #[command(flatten)]
        which: Which,
    },
}

/// What a file with secrets is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SourceFormat {
    /// `NAME=value` lines
    Env,
    /// A JSON object
    Json,
    /// Secrets of Kubernetes in YAML or JSON
    Secret,
}

impl From<SourceFormat> for ImportFormat {
    fn from(format: SourceFormat) -> Self {
        match format {
            SourceFormat::Env => Self::Env,
            SourceFormat::Json => Self::Json,
            SourceFormat::Secret => Self::Secret,
        }
    }
}

/// Which vault of the environment.
#[derive(Debug, Clone, Args)]
pub(crate) struct Which {
    /// Name of the vault in the project file
    #[arg(long = "vault", value_name = "VAULT", default_value = "default")]
    pub(crate) vault: String,
}

/// The name of a field.
fn field(text: &str) -> Result<String, Misuse> {
    let empty = || Misuse::new("`--key` names no field", "write the field's name, as in `--key password`, or leave `--key` out");
    (!text.trim().is_empty()).then(|| text.to_owned()).ok_or_else(empty)
}

/// How long a value is to be. What was written is not repeated.
fn length(text: &str) -> Result<u16, Misuse> {
    let wrong = || Misuse::new("`--generate` takes a length from 1 to 4096", "write a number such as 32, or leave it out");
    text.parse().ok().filter(|length| (1..=4096).contains(length)).ok_or_else(wrong)
}
