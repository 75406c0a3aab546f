//! Why no node takes a pod.

use crate::cluster::token::name_between;
use crate::cluster::token::name_of;

/// What the scheduler's message comes to (`kube-scheduler/framework/types.go`, `FitError`): the resources and rules that it names.
pub(super) fn cause(message: &str) -> String {
    let mut causes: Vec<String> = Vec::new();
    for resource in message.split("Insufficient ").skip(1) {
        let end = resource.find([',', ' ']).unwrap_or(resource.len());
        let resource = resource[..end].trim_end_matches('.');
        if name_of(resource).is_some() {
            causes.push(format!("not enough {resource}"));
        }
    }
    for (words, cause) in [
        ("untolerated taint", "a taint that it does not tolerate"),
        ("didn't match Pod's node affinity/selector", "no node matches its affinity or selector"),
        ("didn't match pod affinity rules", "its pod affinity"),
        ("didn't match pod anti-affinity rules", "its pod anti-affinity"),
        ("didn't match pod topology spread constraints", "its topology spread constraints"),
        ("didn't have free ports", "its host port is taken"),
        ("unbound immediate PersistentVolumeClaims", "its volume claim is not bound"),
        ("volume node affinity conflict", "its volume is bound to other nodes"),
        ("Too many pods", "the nodes have their most pods"),
        ("were unschedulable", "nodes are cordoned"),
    ] {
        if message.contains(words) {
            causes.push(cause.to_owned());
        }
    }
    if let Some(name) = name_between(message, "persistentvolumeclaim \"", "\" not found") {
        causes.push(format!("PersistentVolumeClaim `{name}` does not exist"));
    }
    causes.dedup();
    if causes.is_empty() { "no node can take it".to_owned() } else { causes.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::cause;

    #[test]
    fn the_schedulers_reasons_are_said_in_words() {
        for (message, expected) in [
            (
                "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) were unschedulable. no new claims to deallocate, preemption: 0/2 nodes are available: 2 Preemption is not helpful for scheduling.",
                "not enough cpu, nodes are cordoned",
            ),
            ("0/1 nodes are available: 1 Insufficient nvidia.com/gpu.", "not enough nvidia.com/gpu"),
            ("0/1 nodes are available: 1 node(s) had untolerated taint {team: secret}.", "a taint that it does not tolerate"),
            ("persistentvolumeclaim \"data\" not found", "PersistentVolumeClaim `data` does not exist"),
            ("something new", "no node can take it"),
        ] {
            assert_eq!(cause(message), expected);
        }
    }
}
