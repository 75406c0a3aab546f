//! How results are written.

use clap::ValueEnum;

/// For whom results and problems are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// For people
    #[default]
    Human,
    /// For programs: one JSON document on stdout (`cloze schema --of REPORT` describes it), problems as JSON lines on stderr. Raw output is
    /// not changed: `vault get`, `show --reveal`, `-o -`, `schema` and `completions`
    Json,
    /// A review as Markdown, for a comment on a pull request or the summary of a job: `diff`, `show --diff` and dry runs
    Markdown,
    /// A review as one HTML file: `diff`, `show --diff` and dry runs
    Html,
    /// For people, and problems again as annotations of GitHub Actions: `check`
    Github,
    /// Problems as a Code Quality report of GitLab: `check`
    Gitlab,
    /// Problems as SARIF, for code scanning: `check`
    Sarif,
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
