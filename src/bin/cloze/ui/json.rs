//! Problems, and what a rollout waits for, as JSON lines for programs.

use cloze::place::Place;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::report::ObjectReport;
use cloze::target::RolloutProgress;
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
    if let Some(rule) = &problem.rule {
        line["rule"] = rule.as_str().into();
    }
    if let Some(environment) = environment {
        line["environment"] = environment.into();
    }
    clean_json(&line.to_string())
}

/// A step of a wait as one line of JSON; `None` for its beginning and its end.
pub(crate) fn progress(progress: &RolloutProgress) -> Option<String> {
    let line = match progress {
        RolloutProgress::Changed { object, health, reason, ready, of } => {
            let object = ObjectReport::from(object.clone());
            json!({ "level": "progress", "object": object, "health": health, "reason": reason, "ready": ready, "of": of })
        }
        RolloutProgress::Away { reason } => json!({ "level": "progress", "cluster": "away", "reason": reason }),
        RolloutProgress::Back => json!({ "level": "progress", "cluster": "back" }),
        RolloutProgress::Began { .. } | RolloutProgress::Ended => return None,
    };
    Some(clean_json(&line.to_string()))
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
