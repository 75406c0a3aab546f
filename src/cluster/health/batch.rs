//! Jobs and CronJobs.

use crate::cluster::health::live::Live;
use crate::cluster::health::pod;
use crate::cluster::health::related::Related;
use crate::cluster::health::verdict::Health;
use crate::cluster::health::workload::explained;
use crate::cluster::health::workload::refused_in_events;
use crate::cluster::health::workload::worst_pod;
use crate::cluster::token::reason as safe_reason;

/// A Job: ready when it is complete or suspended, failed when it says so (batch/v1, `JobConditionType`). `FailureTarget` comes as soon as that is
/// decided, `Failed` when its last pod is gone. Crashes are the Job's to count.
pub(super) fn job(live: Live<'_>, related: &Related<'_>) -> Health {
    if live.holds("Complete") || live.holds("SuccessCriteriaMet") {
        return Health::Ready;
    }
    let failed = ["Failed", "FailureTarget"].iter().find_map(|kind| live.condition(kind).filter(|condition| condition.status == "True"));
    if let Some(condition) = failed {
        let why = match condition.reason {
            "BackoffLimitExceeded" => match live.count("/status/failed") {
                0 | 1 => "its pod failed".to_owned(),
                count => format!("{count} of its pods failed"),
            },
            "DeadlineExceeded" => format!("not done within {} s", live.count("/spec/activeDeadlineSeconds")),
            "PodFailurePolicy" => "a pod failed in a way that its policy does not try again".to_owned(),
            "FailedIndexes" | "MaxFailedIndexesExceeded" => "too many of its indexes failed".to_owned(),
            other => safe_reason(other).map_or("it failed".to_owned(), |reason| format!("it failed ({reason})")),
        };
        let last = related.pods.iter().copied().map(Live).rfind(|pod| pod.text("/status/phase") == "Failed");
        let how = last.map_or(String::new(), |pod| format!("; pod `{}`: {}", pod.name(), pod::end(pod)));
        return Health::failed(format!("{why}{how}"));
    }
    if live.is_set("/spec/suspend") {
        return Health::Ready;
    }
    let (done, wanted) = (live.count("/status/succeeded"), live.count_or("/spec/completions", 1));
    explained(format!("{done} of {wanted} pods succeeded"), refused_in_events(live, related).or_worse(worst_pod(related, true)))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::job;
    use crate::cluster::health::Health;
    use crate::cluster::health::Related;
    use crate::cluster::health::live::Live;

    fn judged(spec: &Value, status: &Value, pods: &[Value]) -> Health {
        let object = json!({ "kind": "Job", "metadata": { "name": "migrate", "uid": "j" }, "spec": spec, "status": status });
        job(Live(&object), &Related { pods: pods.iter().collect(), ..Related::default() })
    }

    #[test]
    fn a_job_fails_when_it_says_so_and_says_how_its_last_pod_ended() {
        let condition = |kind: &str, reason: &str| json!([{ "type": kind, "status": "True", "reason": reason, "message": "hunter2" }]);
        let failed = json!({ "metadata": { "name": "migrate-x" }, "status": { "phase": "Failed",
            "containerStatuses": [{ "name": "main", "state": { "terminated": { "exitCode": 7, "reason": "Error" } } }] } });
        for (status, expected) in [
            (
                json!({ "failed": 3, "conditions": condition("Failed", "BackoffLimitExceeded") }),
                "3 of its pods failed; pod `migrate-x`: container `main` crashed (Error, exit code 7)",
            ),
            (
                json!({ "conditions": condition("FailureTarget", "DeadlineExceeded") }),
                "not done within 30 s; pod `migrate-x`: container `main` crashed (Error, exit code 7)",
            ),
        ] {
            assert_eq!(judged(&json!({ "activeDeadlineSeconds": 30 }), &status, std::slice::from_ref(&failed)), Health::failed(expected));
        }
        assert_eq!(judged(&json!({}), &json!({ "conditions": condition("Failed", "Other") }), &[]), Health::failed("it failed (Other)"));
    }

    #[test]
    fn a_job_is_ready_when_it_is_complete_or_suspended() {
        let complete = json!({ "conditions": [{ "type": "Complete", "status": "True" }] });
        assert_eq!(judged(&json!({}), &complete, &[]), Health::Ready);
        assert_eq!(judged(&json!({ "suspend": true }), &json!({}), &[]), Health::Ready);
        let crashes = json!({ "metadata": { "name": "migrate-x" }, "status": { "phase": "Running", "containerStatuses":
            [{ "name": "main", "restartCount": 4, "state": { "terminated": { "exitCode": 7, "reason": "Error" } } }] } });
        assert_eq!(
            judged(&json!({ "completions": 2 }), &json!({ "succeeded": 1 }), &[crashes]),
            Health::progressing("1 of 2 pods succeeded; pod `migrate-x`: container `main` crashed (Error, exit code 7), restarted 4 times")
        );
    }
}
