//! What commands that write manifests take.

use clap::ArgAction;
use clap::Args;
use clap::ValueEnum;

use crate::usage::Misuse;

/// Where manifests go.
#[derive(Debug, Clone, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag")]
pub(crate) struct Emit {
    /// Directory to write to, or `-` for stdout; nothing is applied [default: the environment's cluster, or dist/ENV]
    #[arg(short, long, value_name = "DIR|-", value_parser = directory)]
    pub(crate) output: Option<String>,
    /// Syntax of the manifests
    #[arg(long, value_enum, value_name = "SYNTAX", default_value_t = SyntaxArg::Yaml)]
    pub(crate) syntax: SyntaxArg,
    /// Take over an object of the cluster that others made; twice for what Helm, Argo CD or Flux manages
    #[arg(long, value_name = "KIND/NAME", conflicts_with = "output")]
    pub(crate) adopt: Vec<String>,
    /// Take over fields that other managers hold, in place of a problem
    #[arg(long, conflicts_with = "output")]
    pub(crate) force_conflicts: bool,
    /// Whether to wait until what was applied runs, and to go back to the last proven release if it does not
    #[arg(long, value_name = "true|false", num_args = 0..=1, require_equals = true, default_value = "true", default_missing_value = "true")]
    #[arg(action = ArgAction::Set, hide_possible_values = true)]
    pub(crate) wait: bool,
    /// Show the last lines of the log of a container that crashes, without values of the release, where stderr is not a terminal, too
    #[arg(long, conflicts_with = "output")]
    pub(crate) logs: bool,
    /// Release to the cluster without asking: a terminal is asked before a rollback and before `--adopt`
    #[arg(long)]
    pub(crate) yes: bool,
    /// Note to keep with the release
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Show what would change, in a cluster against what is live there; record and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) masking: Masking,
}

/// Whether values are masked in the log of a CI runner.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Masking {
    /// Mask each value in the CI runner's log before it is used [env: `CLOZE_MASK`] [possible values: auto, github, azure]
    #[arg(long, value_enum, value_name = "RUNNER", num_args = 0..=1, require_equals = true, default_missing_value = "auto")]
    #[arg(hide_possible_values = true)]
    pub(crate) mask_ci: Option<MaskerArg>,
}

/// Whose log masker.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MaskerArg {
    /// The runner that cloze runs on, if it is one of these
    Auto,
    /// GitHub Actions
    Github,
    /// Azure Pipelines
    Azure,
}

/// The syntax of emitted manifests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum SyntaxArg {
    /// YAML
    #[default]
    Yaml,
    /// JSON
    Json,
}

impl From<SyntaxArg> for cloze::target::Syntax {
    fn from(syntax: SyntaxArg) -> Self {
        match syntax {
            SyntaxArg::Yaml => Self::Yaml,
            SyntaxArg::Json => Self::Json,
        }
    }
}

/// Where manifests go. In kubectl `-o yaml` chooses the syntax: a person who writes that here does not want a directory `yaml`.
pub(super) fn directory(text: &str) -> Result<String, Misuse> {
    let wrong = match text {
        "" => Misuse::new("`-o` needs a directory, or `-` for stdout", "name a directory"),
        "yaml" | "json" | "name" | "wide" => Misuse::new(
            format!("`-o {text}` would write to a directory `{text}`: `-o` says where manifests go"),
            format!("use `--syntax yaml|json` for the syntax, `--format json` for a report, or `-o ./{text}` for that directory"),
        ),
        _ => return Ok(text.to_owned()),
    };
    Err(wrong)
}
