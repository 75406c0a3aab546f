//! Problems as JSON lines for programs.

use cloze::place::Place;
use cloze::problem::Fault;
use cloze::problem::Problem;
use serde_json::json;

use crate::ui::clean::clean_json;

/// A problem as one line of JSON.
pub(crate) fn problem(level: &str, problem: &Problem, environment: Option<&str>) -> String {
    let one = |place: &Place| json!({ "file": &*place.file, "line": place.line, "column": place.column, "rendered": place.rendered });
    let place = problem.place.as_ref().map(one);
    let mut line = json!({ "level": level, "fault": fault(problem.fault), "place": place, "reason": problem.reason, "next": problem.next });
    if !problem.also.is_empty() {
        line["also"] = problem.also.iter().map(one).collect();
    }
    if let Some(environment) = environment {
        line["environment"] = environment.into();
    }
    clean_json(&line.to_string())
}

/// The word for a kind of fault.
pub(super) fn fault(fault: Fault) -> &'static str {
    match fault {
        Fault::Usage => "usage",
        Fault::Project => "project",
        Fault::Check => "check",
        Fault::Vault => "vault",
        Fault::History => "history",
        Fault::Rollout => "rollout",
        Fault::Internal => "internal",
    }
}
