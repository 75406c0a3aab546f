//! Kinds without pods of their own whose status says when they are done.

use crate::cluster::health::conditions;
use crate::cluster::health::live::Live;
use crate::cluster::health::related::Related;
use crate::cluster::health::verdict::Health;
use crate::cluster::token::reason as safe_reason;

/// A PersistentVolumeClaim, as kstatus judges it (`pvcConditions`), but for one that waits for the first pod that uses it: it is as it should be. Only an
/// event of the volume controller tells (`volume/persistentvolume/pv_controller.go`).
pub(super) fn claim(live: Live<'_>, related: &Related<'_>) -> Health {
    let newest = related.events.about(live.uid()).last();
    match (live.text("/status/phase"), newest.map_or("", |event| event.text("/reason"))) {
        ("Bound", _) | (_, "WaitForFirstConsumer" | "WaitForPodScheduled") => Health::Ready,
        ("Lost", _) => Health::failed("its volume is lost"),
        (_, "FailedBinding") => Health::stuck("no volume fits it and no storage class provides one (FailedBinding)"),
        (_, "ProvisioningFailed") => Health::stuck("its volume cannot be provided (ProvisioningFailed)"),
        _ => Health::progressing("it is not bound to a volume yet"),
    }
}

/// A CustomResourceDefinition, as kstatus judges it (`crdConditions`): established, and its names are its own.
pub(super) fn definition(live: Live<'_>) -> Health {
    match (live.condition("NamesAccepted"), live.holds("Established")) {
        (Some(names), _) if names.status == "False" => {
            let reason = safe_reason(names.reason).map_or(String::new(), |reason| format!(" ({reason})"));
            Health::failed(format!("another definition has its names{reason}"))
        }
        (_, true) => Health::Ready,
        (_, false) => Health::progressing("it is not established yet"),
    }
}

/// A Service, as kstatus judges it (`serviceConditions`): one of type LoadBalancer needs an address from outside.
pub(super) fn service(live: Live<'_>, related: &Related<'_>) -> Health {
    if live.text("/spec/type") != "LoadBalancer" || live.list("/status/loadBalancer/ingress").next().is_some() {
        return Health::Ready;
    }
    if related.events.about(live.uid()).iter().any(|event| event.text("/reason") == "SyncLoadBalancerFailed") {
        return Health::stuck("its load balancer cannot be set up (SyncLoadBalancerFailed)");
    }
    Health::progressing("its load balancer has no address yet")
}

/// A HorizontalPodAutoscaler works when it finds what it scales. Metrics come later, and in a new cluster not at all: they decide nothing.
pub(super) fn autoscaler(live: Live<'_>) -> Health {
    match live.condition("AbleToScale") {
        Some(able) if able.status == "False" && able.reason == "FailedGetScale" => {
            Health::stuck("what it should scale does not exist or cannot be scaled (FailedGetScale)")
        }
        _ => Health::Ready,
    }
}

/// An APIService: its server answers.
pub(super) fn api_service(live: Live<'_>) -> Health {
    match live.condition("Available") {
        Some(available) if available.status == "True" => Health::Ready,
        Some(available) => conditions::awaited("Available", available.reason),
        None => Health::progressing("its server has not been asked yet"),
    }
}

/// A Namespace; one that is being removed never comes back.
pub(super) fn namespace(live: Live<'_>) -> Health {
    if live.text("/status/phase") == "Terminating" || live.is_being_removed() {
        return Health::failed("it is being removed");
    }
    Health::Ready
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use serde_json::json;

    use crate::cluster::health::Health;
    use crate::cluster::health::Related;
    use crate::cluster::health::health;

    fn judged(object: &Value, event: Option<&str>) -> Health {
        let event = event.map(|reason| json!({ "involvedObject": { "uid": "u" }, "reason": reason, "message": "hunter2" }));
        health(object, &Related { events: event.iter().collect(), ..Related::default() })
    }

    #[test]
    fn a_claim_is_ready_when_bound_or_when_it_waits_for_its_first_pod() {
        let claim = |phase: &str| json!({ "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "uid": "u" }, "status": { "phase": phase } });
        for (phase, event, expected) in [
            ("Bound", None, Health::Ready),
            ("Pending", Some("WaitForFirstConsumer"), Health::Ready),
            ("Pending", None, Health::progressing("it is not bound to a volume yet")),
            ("Pending", Some("ExternalProvisioning"), Health::progressing("it is not bound to a volume yet")),
            ("Pending", Some("ProvisioningFailed"), Health::stuck("its volume cannot be provided (ProvisioningFailed)")),
            ("Pending", Some("FailedBinding"), Health::stuck("no volume fits it and no storage class provides one (FailedBinding)")),
            ("Lost", None, Health::failed("its volume is lost")),
        ] {
            assert_eq!(judged(&claim(phase), event), expected, "{phase} {event:?}");
        }
    }

    #[test]
    fn a_definition_is_ready_when_it_is_established() {
        let definition = |conditions: Value| json!({ "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "status": { "conditions": conditions } });
        for (conditions, expected) in [
            (json!([]), Health::progressing("it is not established yet")),
            (json!([{ "type": "NamesAccepted", "status": "True" }, { "type": "Established", "status": "True" }]), Health::Ready),
            (
                json!([{ "type": "NamesAccepted", "status": "False", "reason": "PluralConflict" }]),
                Health::failed("another definition has its names (PluralConflict)"),
            ),
        ] {
            assert_eq!(judged(&definition(conditions), None), expected);
        }
    }

    #[test]
    fn each_other_kind_is_judged_by_its_own_status() {
        let balancer = |status: Value| json!({ "apiVersion": "v1", "kind": "Service", "metadata": { "uid": "u" }, "spec": { "type": "LoadBalancer" }, "status": status });
        let scaler = |reason: &str| {
            json!({ "apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler",
            "status": { "conditions": [{ "type": "AbleToScale", "status": "False", "reason": reason }] } })
        };
        let api = |status: &str| {
            json!({ "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
            "status": { "conditions": [{ "type": "Available", "status": status, "reason": "MissingEndpoints" }] } })
        };
        for (object, event, expected) in [
            (balancer(json!({ "loadBalancer": {} })), None, Health::progressing("its load balancer has no address yet")),
            (
                balancer(json!({ "loadBalancer": {} })),
                Some("SyncLoadBalancerFailed"),
                Health::stuck("its load balancer cannot be set up (SyncLoadBalancerFailed)"),
            ),
            (balancer(json!({ "loadBalancer": { "ingress": [{ "ip": "192.0.2.1" }] } })), None, Health::Ready),
            (json!({ "apiVersion": "v1", "kind": "Service", "spec": { "type": "ClusterIP" } }), None, Health::Ready),
            (scaler("FailedGetScale"), None, Health::stuck("what it should scale does not exist or cannot be scaled (FailedGetScale)")),
            (scaler("BackoffBoth"), None, Health::Ready),
            (api("False"), None, Health::progressing("condition Available does not hold yet (MissingEndpoints)")),
            (api("True"), None, Health::Ready),
            (json!({ "apiVersion": "v1", "kind": "Namespace", "status": { "phase": "Active" } }), None, Health::Ready),
            (
                json!({ "apiVersion": "v1", "kind": "Namespace", "status": { "phase": "Terminating" } }),
                None,
                Health::failed("it is being removed"),
            ),
        ] {
            assert_eq!(judged(&object, event), expected, "{object}");
        }
    }
}
