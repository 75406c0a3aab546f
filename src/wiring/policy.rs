//! The rules of the owner of a pipeline: a file outside the repository, which no change of the project can touch.

use std::io;
use std::path::Path;

use crate::file;
use crate::policy::Rule;
use crate::policy::Source;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Origin;
use crate::project::ResolvedSetting;
use crate::project::Settings;
use crate::project::Variables;
use crate::project::policy_file;
use crate::project::quote;
use crate::project::variable::POLICY;

/// Adds the rules in the file that `CLOZE_POLICY` names to those of the project in `directory`, if it names one.
pub(super) fn impose(settings: &mut Settings, directory: &Path, variables: &Variables) -> Result<(), Problems> {
    let Some(path) = variables.get(POLICY) else { return Ok(()) };
    let text = read(Path::new(path), directory)?;
    for rule in policy_file(path, &text)? {
        let (key, value) = (format!("policy.{}", rule.name), rule.severity.word().to_owned());
        settings.effective.push(ResolvedSetting { key, value, origin: Origin::Variable(POLICY.name), overridden: Vec::new() });
        settings.policy.push(Rule { source: Source::Owner, ..rule });
    }
    Ok(())
}

fn read(path: &Path, directory: &Path) -> Result<String, Problem> {
    let shown = format!("{} of `{}`", quote(&path.to_string_lossy()), POLICY.name);
    let problem = |reason: &str, next: &str| Problem::new(Fault::Usage, format!("{shown} {reason}"), next);
    let missing = || problem("is not there", "correct the path");
    let real = path.canonicalize().map_err(|_| missing())?;
    let project = directory.canonicalize().unwrap_or_default();
    if real.starts_with(file::work_tree(&project).unwrap_or(&project)) {
        return Err(problem(
            "lies in the repository that it is to rule, where a pull request can change it",
            "keep it outside of the work tree, such as in a checkout of its own beside it",
        ));
    }
    let bytes = match file::read(&real, LIMIT) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Err(missing()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Err(problem("is not a regular file", "name the file itself")),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => return Err(problem("has more than 1 MiB", "name a file of rules")),
        Err(error) => return Err(problem(&format!("cannot be read: {}", file::cause(&error)), "check its permissions")),
    };
    String::from_utf8(bytes).map_err(|_| problem("is not UTF-8 text", "save it as UTF-8"))
}

/// Bytes of a policy.
const LIMIT: u64 = 1 << 20;
