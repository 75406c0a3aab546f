//! Any kind by its conditions, as custom resources have them.

use crate::cluster::health::live::Live;
use crate::cluster::health::verdict::Health;
use crate::cluster::health::workload::unobserved;
use crate::cluster::token::reason as safe_reason;

/// An object of a kind that cloze knows nothing else of, as kstatus judges it (`GetObservedGenerationStatus`, `checkGenericProperties` in
/// cli-utils/pkg/kstatus/status): a status of an older generation says nothing; `Reconciling` and `Stalled` come first, then `Ready` or `Available`; one
/// without conditions is ready when it exists. What is suspended or paused is as its manifest says.
pub(super) fn verdict(live: Live<'_>) -> Health {
    if live.is_set("/spec/suspend") || live.is_set("/spec/paused") {
        return Health::Ready;
    }
    if live.at("/status/observedGeneration").is_some() && !live.is_observed() {
        return unobserved();
    }
    let current = |kind: &str| live.condition(kind).filter(|condition| !condition.stale);
    if let Some(reconciling) = current("Reconciling").filter(|condition| condition.status == "True") {
        return because("it is being reconciled", reconciling.reason);
    }
    if let Some(stalled) = current("Stalled").filter(|condition| condition.status == "True") {
        let reason = safe_reason(stalled.reason).map_or(String::new(), |reason| format!(" ({reason})"));
        return Health::failed(format!("its controller gave up{reason}"));
    }
    for kind in ["Ready", "Available"] {
        match live.condition(kind) {
            Some(condition) if condition.stale => return unobserved(),
            Some(condition) if condition.status == "True" => return Health::Ready,
            Some(condition) => return awaited(kind, condition.reason),
            None => {}
        }
    }
    Health::Ready
}

/// On the way to a condition.
pub(super) fn awaited(kind: &str, reason: &str) -> Health {
    because(&format!("condition {kind} does not hold yet"), reason)
}

fn because(what: &str, reason: &str) -> Health {
    Health::progressing(safe_reason(reason).map_or(what.to_owned(), |reason| format!("{what} ({reason})")))
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use super::verdict;
    use crate::cluster::health::Health;
    use crate::cluster::health::live::Live;

    fn judged(spec: &Value, status: &Value) -> Health {
        verdict(Live(&json!({ "kind": "Certificate", "metadata": { "generation": 2 }, "spec": spec, "status": status })))
    }

    #[test]
    fn conditions_count_when_they_are_of_this_generation() {
        let unseen = Health::progressing("its controller has not seen the change yet");
        let ready = |status: &str| json!({ "type": "Ready", "status": status, "reason": "Issuing", "message": "hunter2" });
        for (status, expected) in [
            (json!(null), Health::Ready),
            (json!({ "observedGeneration": 1, "conditions": [ready("True")] }), unseen.clone()),
            (json!({ "observedGeneration": "1" }), unseen.clone()),
            (json!({ "observedGeneration": 2, "conditions": [ready("True")] }), Health::Ready),
            (json!({ "conditions": [ready("False")] }), Health::progressing("condition Ready does not hold yet (Issuing)")),
            (json!({ "conditions": [ready("Unknown")] }), Health::progressing("condition Ready does not hold yet (Issuing)")),
            (json!({ "conditions": [{ "type": "Ready", "status": "True", "observedGeneration": 1 }] }), unseen),
            (
                json!({ "conditions": [{ "type": "Available", "status": "False" }] }),
                Health::progressing("condition Available does not hold yet"),
            ),
            (json!({ "conditions": [{ "type": "Synced", "status": "False" }] }), Health::Ready),
            (
                json!({ "conditions": [ready("True"), { "type": "Reconciling", "status": "True", "reason": "Progressing" }] }),
                Health::progressing("it is being reconciled (Progressing)"),
            ),
            (
                json!({ "conditions": [ready("False"), { "type": "Stalled", "status": "True", "reason": "InvalidURL" }] }),
                Health::failed("its controller gave up (InvalidURL)"),
            ),
        ] {
            assert_eq!(judged(&json!({}), &status), expected, "{status}");
        }
    }

    #[test]
    fn what_is_suspended_is_as_it_should_be() {
        let status = json!({ "observedGeneration": 1 });
        assert_eq!(judged(&json!({ "suspend": true }), &status), Health::Ready);
        assert_eq!(judged(&json!({ "paused": true }), &status), Health::Ready);
    }
}
