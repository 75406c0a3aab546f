//! Paths as a project writes them: relative, forward slashes, beneath the root.

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::quote::quote;

/// `path` without `.` and empty steps. Refuses what cannot lie beneath the project's root, whatever links there are.
pub fn normalise(path: &str) -> Result<String, Problem> {
    let refuse = |reason: &str, next: &str| Err(Problem::new(Fault::Project, format!("{} {reason}", quote(path)), next));
    if path.is_empty() {
        return Err(Problem::new(Fault::Project, "the path is empty", "write a path relative to the project's directory"));
    }
    if path.starts_with('/') || path.get(1..3) == Some(":\\") || path.get(1..3) == Some(":/") {
        return refuse("is an absolute path", "write a path relative to the project's directory");
    }
    if path.contains('\\') {
        return refuse("has a backslash", "separate directories with `/`");
    }
    if path.contains(char::is_control) {
        return refuse("has a control character", "rename the file");
    }
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty() && *step != ".").collect();
    if steps.contains(&"..") {
        return refuse("leaves the project with `..`", "keep the file beneath the project's directory and name it from there");
    }
    if steps.is_empty() {
        return refuse("is the project's directory itself", "name a file");
    }
    Ok(steps.join("/"))
}

#[cfg(test)]
mod tests {
    use super::normalise;

    #[test]
    fn dots_and_doubled_slashes_go() {
        assert_eq!(normalise("./a//b/./c.yaml"), Ok("a/b/c.yaml".to_owned()));
        assert_eq!(normalise("..a/b..").as_deref(), Ok("..a/b.."));
    }

    #[test]
    fn what_leaves_is_refused() {
        let reason = |path| normalise(path).map_err(|problem| format!("{problem}; {}", problem.next)).unwrap_err();
        assert_eq!(
            reason("a/../../b"),
            "`a/../../b` leaves the project with `..`; keep the file beneath the project's directory and name it from there"
        );
        assert_eq!(reason("/etc/passwd"), "`/etc/passwd` is an absolute path; write a path relative to the project's directory");
        assert_eq!(reason("C:\\x"), "`C:\\x` is an absolute path; write a path relative to the project's directory");
        assert_eq!(reason("a\\..\\b"), "`a\\..\\b` has a backslash; separate directories with `/`");
        assert_eq!(reason("a\0b"), "`a\\u{0}b` has a control character; rename the file");
        assert_eq!(reason("./"), "`./` is the project's directory itself; name a file");
        assert_eq!(reason(""), "the path is empty; write a path relative to the project's directory");
    }
}
