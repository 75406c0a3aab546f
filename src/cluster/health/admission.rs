//! Why a controller is not allowed to create pods.

use super::token::name_between;
use super::token::name_of;
use super::verdict::Health;

/// The verdict on a controller whose pods the API server refuses, out of the server's message. A quota may be freed, a webhook may come back
/// and a service account may be made by an operator; a policy has decided.
pub(super) fn verdict(message: &str) -> Health {
    let within = |before: &str, after: &str| name_between(message, before, after);
    if let Some(quota) = within("exceeded quota: ", ",") {
        return Health::stuck(format!("the quota `{quota}` is used up{}", requested(message)));
    }
    if let Some(quota) = within("failed quota: ", ":") {
        return Health::failed(format!("the quota `{quota}` needs resource requests or limits that its pods do not set"));
    }
    if let Some(level) = within("violates PodSecurity \"", ":") {
        return Health::failed(format!("the Pod Security level `{level}` of the namespace forbids its pods"));
    }
    if let Some(webhook) = within("failed calling webhook \"", "\"") {
        return Health::stuck(format!("the admission webhook `{webhook}` does not answer"));
    }
    if let Some(webhook) = within("admission webhook \"", "\" denied the request") {
        return Health::failed(format!("the admission webhook `{webhook}` refuses its pods"));
    }
    if let Some(policy) = within("ValidatingAdmissionPolicy '", "'") {
        return Health::failed(format!("the admission policy `{policy}` refuses its pods"));
    }
    if let Some(account) = within("serviceaccount \"", "\" not found") {
        return Health::stuck(format!("ServiceAccount `{account}` does not exist"));
    }
    if let Some(class) = within("no PriorityClass with name ", " was found") {
        return Health::stuck(format!("PriorityClass `{class}` does not exist"));
    }
    Health::stuck("the API server refuses its pods")
}

/// The resources that were asked of a quota: ` (pods, requests.cpu)`.
fn requested(message: &str) -> String {
    let asked = message.split_once("requested: ").map_or("", |(_, rest)| rest.split_once(", used:").map_or("", |(asked, _)| asked));
    let names: Vec<&str> = asked.split(',').filter_map(|one| name_of(one.split_once('=')?.0)).collect();
    if names.is_empty() { String::new() } else { format!(" ({})", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::verdict;
    use crate::cluster::health::Health;

    #[test]
    fn what_may_pass_is_stuck_and_what_is_decided_has_failed() {
        for (message, expected) in [
            (
                "pods \"web-1\" is forbidden: exceeded quota: all, requested: limits.cpu=1,pods=1, used: limits.cpu=2,pods=2, limited: limits.cpu=2,pods=2",
                Health::stuck("the quota `all` is used up (limits.cpu, pods)"),
            ),
            (
                "pods \"web-1\" is forbidden: failed quota: all: must specify limits.cpu for: web",
                Health::failed("the quota `all` needs resource requests or limits that its pods do not set"),
            ),
            (
                "pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true",
                Health::failed("the Pod Security level `restricted` of the namespace forbids its pods"),
            ),
            (
                "Internal error occurred: failed calling webhook \"pods.policy.example\": failed to call webhook: dial tcp: connection refused",
                Health::stuck("the admission webhook `pods.policy.example` does not answer"),
            ),
            (
                "admission webhook \"pods.policy.example\" denied the request: hunter2",
                Health::failed("the admission webhook `pods.policy.example` refuses its pods"),
            ),
            (
                "ValidatingAdmissionPolicy 'no-root' with binding 'b' denied request: hunter2",
                Health::failed("the admission policy `no-root` refuses its pods"),
            ),
            (
                "pods \"web-\" is forbidden: error looking up service account shop/web: serviceaccount \"web\" not found",
                Health::stuck("ServiceAccount `web` does not exist"),
            ),
            ("hunter2", Health::stuck("the API server refuses its pods")),
        ] {
            assert_eq!(verdict(message), expected, "{message}");
        }
    }
}
