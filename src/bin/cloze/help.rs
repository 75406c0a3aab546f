//! How help is laid out: commands in groups, exit codes in a table, and no option where it does not apply.

use std::fmt::Write;

use clap::Arg;
use clap::Command;
use clap::CommandFactory;

use crate::args::Cli;

/// The commands by what they are for.
const GROUPS: &[(&str, &[&str])] = &[
    ("Review (no key, vault or network needed)", &["render", "check", "config"]),
    ("Release", &["diff", "lock", "plan", "deploy", "rollback", "destroy"]),
    ("Look back", &["status", "history", "show", "prune"]),
    ("Secrets", &["secrets", "vault", "key", "doctor"]),
    ("Project and shell", &["init", "schema", "completions", "version", "help"]),
];

/// Options that wait for vaults, and the commands that ask none.
const VAULT_OPTIONS: &[&str] = &["deadline", "allow_exec"];
const WITHOUT_VAULTS: &[&str] = &["init", "render", "status", "history", "show", "schema", "completions", "version"];
/// The option of those that show a review, and the others.
const REVIEW_OPTIONS: &[&str] = &["no_pager"];
const WITHOUT_REVIEW: &[&str] = &[
    "render",
    "check",
    "config",
    "lock",
    "destroy",
    "status",
    "history",
    "prune",
    "secrets",
    "vault",
    "key",
    "doctor",
    "init",
    "schema",
    "completions",
    "version",
];
/// Options that choose a project, and the commands that need none.
const PROJECT_OPTIONS: &[&str] = &["directory", "environment"];
const WITHOUT_PROJECT: &[&str] = &["schema", "completions", "version"];

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  differences (only `diff --exit-code` and `lock --check`)
  2  wrong usage
  3  problem of the project file or of values
  4  problem of templates or manifests
  5  problem of a vault or key
  6  problem of the history
  7  a release does not run in its cluster
  8  internal error, or the machine refused (disk full, permissions)

`cloze help COMMAND` describes a command.";

/// The command line with its help.
pub(crate) fn command() -> Command {
    let mut cli = Cli::command().after_help(EXIT_CODES);
    let hidden: [(&[&str], &[&str]); 3] =
        [(VAULT_OPTIONS, WITHOUT_VAULTS), (REVIEW_OPTIONS, WITHOUT_REVIEW), (PROJECT_OPTIONS, WITHOUT_PROJECT)];
    for (options, without) in hidden {
        for option in options {
            // A command's own option of the same name precedes the global one.
            let Some(hidden) = cli.get_arguments().find(|one| one.get_id() == option).map(|one| one.clone().hide(true)) else { continue };
            for name in without {
                let hidden: Arg = hidden.clone();
                cli = cli.mut_subcommand(name, |command| command.arg(hidden));
            }
        }
    }
    let template = template(&cli);
    cli.help_template(template)
}

fn template(cli: &Command) -> String {
    let header = cli.get_styles().get_header();
    let mut text = format!("{{about-with-newline}}\n{header}Usage:{header:#} cloze [OPTIONS] COMMAND\n\n");
    for (group, names) in GROUPS {
        let _ = writeln!(text, "{header}{group}:{header:#}");
        for name in *names {
            let about = cli.find_subcommand(name).and_then(Command::get_about).map_or_else(|| HELP.to_owned(), ToString::to_string);
            let _ = writeln!(text, "  {name:<12} {about}");
        }
        text.push('\n');
    }
    let _ = write!(text, "{header}Global options:{header:#}\n{{options}}{{after-help}}");
    text
}

/// What the parser's own command does.
const HELP: &str = "Describe cloze, or a command";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::GROUPS;
    use super::command;

    #[test]
    fn every_command_is_in_one_group() {
        command().debug_assert();
        let grouped: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let cli = command();
        let known: BTreeSet<&str> = cli.get_subcommands().map(clap::Command::get_name).chain(["help"]).collect();
        assert_eq!(grouped.iter().copied().collect::<BTreeSet<_>>(), known);
        assert_eq!(grouped.len(), known.len());
    }
}
