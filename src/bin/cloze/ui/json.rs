//! Problems as JSON lines for programs.

use cloze::problem::Fault;
use cloze::problem::Problem;
use serde_json::json;

use crate::ui::clean::clean_json;

/// A problem as one line of JSON.
pub(crate) fn problem(level: &str, problem: &Problem) -> String {
    let place = problem
        .place
        .as_ref()
        .map(|place| json!({ "file": &*place.file, "line": place.line, "column": place.column, "rendered": place.rendered }));
    let problem = json!({ "level": level, "fault": fault(problem.fault), "place": place, "reason": problem.reason, "next": problem.next });
    clean_json(&problem.to_string())
}

fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Usage => "usage",
        Fault::Project => "project",
        Fault::Check => "check",
        Fault::Vault => "vault",
        Fault::History => "history",
        Fault::Internal => "internal",
    }
}
