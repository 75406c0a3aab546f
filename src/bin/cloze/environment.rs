//! The process environment: the one file that reads it.

use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use cloze::identity::ToolEnvironment;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Variables;
use cloze::project::quote;
use cloze::project::variable;
use cloze::project::variable::Variable;

use crate::args::Color;
use crate::args::Global;
use crate::args::OutputFormat;
use crate::ui::Pager;
use crate::ui::Terminal;

/// A CI runner that masks values in its logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Runner {
    /// GitHub Actions (its documentation, "Workflow commands", `add-mask`).
    GitHub,
    /// Azure Pipelines (its documentation, "Logging commands", `SetSecret`).
    Azure,
}

/// The environment variables that cloze reads.
pub(crate) fn variables() -> Result<Variables, Problems> {
    Variables::collect(std::env::vars_os())
}

/// Where temporary files go.
pub(crate) fn temporary() -> PathBuf {
    std::env::temp_dir()
}

/// The words of the command line.
pub(crate) fn arguments() -> Vec<String> {
    std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect()
}

/// The words of the command line as they are, and the current directory.
pub(crate) fn words() -> (Vec<OsString>, Option<PathBuf>) {
    (std::env::args_os().collect(), std::env::current_dir().ok())
}

/// The value of an option of that name (`-e`, `--environment`) on a command line that is being typed.
pub(crate) fn typed(names: &[&str]) -> Option<String> {
    let words = arguments();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        for name in names {
            if word == name {
                return words.next().cloned();
            }
            let joined = word.strip_prefix(name).filter(|_| !name.starts_with("--"));
            if let Some(value) = joined.or_else(|| word.strip_prefix(&format!("{name}="))) {
                return Some(value.to_owned());
            }
        }
    }
    None
}

/// The command of the user's editor.
pub(crate) fn editor() -> String {
    read(&["VISUAL", "EDITOR"]).unwrap_or_else(|| "vi".to_owned())
}

/// Directories that may be in memory.
pub(crate) fn memory() -> Vec<PathBuf> {
    read(&["XDG_RUNTIME_DIR"]).map(PathBuf::from).into_iter().chain([PathBuf::from("/dev/shm")]).collect()
}

/// How to report that the words of a command line make no sense: as far as they and the variables say.
pub(crate) fn misused(typed: &[String]) -> Global {
    let asked =
        |word: &str| typed.iter().any(|one| one == &format!("--format={word}")) || typed.windows(2).any(|pair| pair == ["--format", word]);
    let json = asked("json") || (!asked("human") && read(&["CLOZE_FORMAT"]).is_some_and(|format| format == "json"));
    Global { format: json.then_some(OutputFormat::Json), ..Global::default() }
}

/// Lets variables say what the command line left open, and refuses those that say what they cannot.
pub(crate) fn adopt(global: &mut Global, variables: &Variables) -> Result<(), Problems> {
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
        Some("human") => Some(OutputFormat::Human),
        Some("json") => Some(OutputFormat::Json),
        Some(_) => {
            refuse(variable::FORMAT, "is not a format", "set it to `human` or `json`, or unset it");
            None
        }
    };
    let color = match variables.get(variable::COLOR) {
        None => None,
        Some("auto") => Some(Color::Auto),
        Some("always") => Some(Color::Always),
        Some("never") => Some(Color::Never),
        Some(_) => {
            refuse(variable::COLOR, "is not a colour mode", "set it to `auto`, `always` or `never`, or unset it");
            None
        }
    };
    let allow_exec = match variables.get(variable::ALLOW_EXEC) {
        None | Some("0" | "false") => false,
        Some("1" | "true") => true,
        Some(_) => {
            let next = "set it to `1` or `true` if you trust the project, to `0` or `false` if not, or unset it";
            refuse(variable::ALLOW_EXEC, "is not a boolean", next);
            false
        }
    };
    global.format = global.format.or(format);
    global.color = global.color.or(color);
    global.allow_exec |= allow_exec;
    Problems::or((), problems)
}

/// What the variables say of the terminal.
pub(crate) fn terminal() -> Terminal {
    // Nobody turns pages in a CI system, though some give their jobs a terminal.
    let pager = if is_ci() { Pager::default() } else { Pager::of(set) };
    Terminal { no_color: read(&["NO_COLOR"]).is_some(), dumb: read(&["TERM"]).is_none_or(|term| term == "dumb"), pager }
}

/// The value of a variable, which may be empty.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process environment")]
fn set(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The CI runner that this runs on.
pub(crate) fn runner() -> Option<Runner> {
    let says = |name: &str| read(&[name]).is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if says("GITHUB_ACTIONS") {
        Some(Runner::GitHub)
    } else if says("TF_BUILD") {
        Some(Runner::Azure)
    } else {
        None
    }
}

/// Whether a CI system runs this: most set `CI`, Azure Pipelines sets `TF_BUILD`.
pub(crate) fn is_ci() -> bool {
    read(&["CI", "TF_BUILD"]).is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "0" | "false"))
}

/// The process's own variables, for vaults of kind `env` and for programs.
#[cfg(any(feature = "env", feature = "exec"))]
#[derive(Debug)]
pub(crate) struct Process;

#[cfg(any(feature = "env", feature = "exec"))]
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process environment")]
impl cloze::vault::Surroundings for Process {
    fn get(&self, name: &str) -> Option<cloze::secret::Secret> {
        std::env::var_os(name).map(|value| cloze::secret::Secret::new(value.into_encoded_bytes()))
    }

    fn names(&self) -> Vec<String> {
        std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect()
    }
}

/// What the clouds' own tools take from the environment.
pub(crate) fn tools() -> ToolEnvironment {
    ToolEnvironment::collect(std::env::vars_os(), home())
}

/// The user's home directory.
pub(crate) fn home() -> Option<PathBuf> {
    std::env::home_dir().filter(|path| path.is_absolute())
}

/// Where the user's programs remember things (XDG Base Directory Specification).
pub(crate) fn state() -> Option<PathBuf> {
    let said = read(&["XDG_STATE_HOME"]).map(PathBuf::from).filter(|path| path.is_absolute());
    Some(said.or_else(|| Some(home()?.join(".local/state")))?.join("cloze"))
}

/// This program, as it was started, even when its file was replaced since.
pub(crate) fn program() -> PathBuf {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() { own } else { std::env::current_exe().unwrap_or_else(|_| PathBuf::from("cloze")) }
}

/// Where the user's own file of trusted origins is (XDG Base Directory Specification: a path that is not absolute does not count).
pub(crate) fn trust_file() -> Option<PathBuf> {
    let said = read(&["XDG_CONFIG_HOME"]).map(PathBuf::from).filter(|path| path.is_absolute());
    Some(said.or_else(|| Some(home()?.join(".config")))?.join("cloze/trust.yaml"))
}

/// Who acts: the CI system's name for it, else the user's, as the variables or else the system's table of users say.
pub(crate) fn actor() -> String {
    let names = ["GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_REQUESTEDFOR", "USER", "LOGNAME"];
    let actor = read(&names).unwrap_or_else(|| {
        let id = rustix::process::getuid().as_raw();
        // A container may run as a user that its table does not hold.
        fs::read("/etc/passwd").ok().and_then(|table| user(&String::from_utf8_lossy(&table), id)).unwrap_or_else(|| format!("uid {id}"))
    });
    actor.chars().take(64).collect()
}

/// The name of a user in the text of `/etc/passwd` (passwd(5): name, password, number, …, between colons).
fn user(table: &str, id: u32) -> Option<String> {
    table.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next().filter(|name| !name.is_empty())?;
        (fields.nth(1)?.parse() == Ok(id)).then(|| name.to_owned())
    })
}

/// The commit that a CI system builds.
pub(crate) fn revision() -> Option<String> {
    read(&["GITHUB_SHA", "CI_COMMIT_SHA", "BUILD_SOURCEVERSION", "GIT_COMMIT"]).map(|text| text.chars().take(64).collect())
}

#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the process environment")]
fn read(names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::user;

    #[test]
    fn a_user_is_found_by_number() {
        let table = "root:x:0:0:root:/root:/bin/sh\n# a comment\n:x:7:\nanna:x:1000:1000::/home/anna:/bin/sh\n";
        assert_eq!(user(table, 0).as_deref(), Some("root"));
        assert_eq!(user(table, 1000).as_deref(), Some("anna"));
        assert_eq!((user(table, 7), user(table, 100), user("", 0)), (None, None, None));
    }
}
