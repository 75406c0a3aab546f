//! Why the API server does not admit an object, out of its messages (kubernetes plugin/pkg/admission, apiserver/pkg/admission/plugin).

use crate::cluster::token::name_between;
use crate::cluster::token::name_of;

/// What keeps an object, or the pods of a controller, out of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Denial {
    /// A quota has no room.
    QuotaUsedUp {
        /// Its name.
        quota: String,
        /// What was asked of it, such as `pods`.
        resources: Vec<String>,
    },
    /// A quota takes only what says how much it needs.
    QuotaUnset {
        /// Its name.
        quota: String,
    },
    /// The Pod Security level of the namespace.
    PodSecurity {
        /// The level, such as `restricted`.
        level: String,
    },
    /// A webhook that cannot be asked.
    WebhookAway {
        /// Its name.
        webhook: String,
    },
    /// A webhook's decision.
    Webhook {
        /// Its name.
        webhook: String,
    },
    /// A `ValidatingAdmissionPolicy`'s decision.
    Policy {
        /// Its name.
        policy: String,
    },
    /// A `ServiceAccount` or a `PriorityClass` that pods name and that is not there.
    Missing {
        /// Its kind.
        kind: &'static str,
        /// Its name.
        name: String,
    },
}

impl Denial {
    /// What a message says; `None` when it is about something else. What webhooks and policies add comes last in it, and is not looked at.
    pub(super) fn of(message: &str) -> Option<Self> {
        let within = |before: &str, after: &str| name_between(message, before, after).map(str::to_owned);
        let denial = if let Some(webhook) = within("failed calling webhook \"", "\"") {
            Self::WebhookAway { webhook }
        } else if let Some(webhook) = within("admission webhook \"", "\" denied the request") {
            Self::Webhook { webhook }
        } else if let Some(policy) = within("ValidatingAdmissionPolicy '", "'") {
            Self::Policy { policy }
        } else if let Some((_, rest)) = message.split_once("exceeded quota: ") {
            let quota = name_of(rest.split(',').next().unwrap_or_default())?.to_owned();
            Self::QuotaUsedUp { quota, resources: requested(rest) }
        } else if let Some(quota) = within("failed quota: ", ":") {
            Self::QuotaUnset { quota }
        } else if let Some(level) = within("violates PodSecurity \"", ":") {
            Self::PodSecurity { level }
        } else if let Some(name) = within("serviceaccount \"", "\" not found") {
            Self::Missing { kind: "ServiceAccount", name }
        } else {
            Self::Missing { kind: "PriorityClass", name: within("no PriorityClass with name ", " was found")? }
        };
        Some(denial)
    }

    /// Whether it may pass by itself: a quota may be freed, a webhook may come back, an operator may make what is missing. The others have decided.
    pub(super) fn may_pass(&self) -> bool {
        matches!(self, Self::QuotaUsedUp { .. } | Self::WebhookAway { .. } | Self::Missing { .. })
    }

    /// A lowercase fragment; `what` is what is kept out, such as `it` or `its pods`.
    pub(super) fn reason(&self, what: &str) -> String {
        match self {
            Self::QuotaUsedUp { quota, resources } if resources.is_empty() => format!("the quota `{quota}` is used up"),
            Self::QuotaUsedUp { quota, resources } => format!("the quota `{quota}` is used up ({})", resources.join(", ")),
            Self::QuotaUnset { quota } => format!("the quota `{quota}` needs resource requests or limits that are not set"),
            Self::PodSecurity { level } => format!("the Pod Security level `{level}` of the namespace forbids {what}"),
            Self::WebhookAway { webhook } => format!("the admission webhook `{webhook}` does not answer"),
            Self::Webhook { webhook } => format!("the admission webhook `{webhook}` refuses {what}"),
            Self::Policy { policy } => format!("the admission policy `{policy}` refuses {what}"),
            Self::Missing { kind, name } => format!("{kind} `{name}` does not exist"),
        }
    }

    /// What to do about it.
    pub(super) fn next(&self) -> &'static str {
        match self {
            Self::QuotaUsedUp { .. } => "raise the quota, or remove what nothing uses",
            Self::QuotaUnset { .. } => "set them in the template",
            Self::PodSecurity { .. } => "see the level with `kubectl describe namespace`",
            Self::WebhookAway { .. } => "check the service behind it",
            Self::Webhook { .. } => "ask those who run it what it demands",
            Self::Policy { .. } => "see what it demands with `kubectl describe`",
            Self::Missing { .. } => "create it, or name another one in the template",
        }
    }
}

/// The resources that were asked of a quota, of a message that goes on with `requested: pods=1, used: …`.
fn requested(message: &str) -> Vec<String> {
    let asked = message.split_once("requested: ").map_or("", |(_, rest)| rest.split_once(", used:").map_or(rest, |(asked, _)| asked));
    asked.split(',').filter_map(|one| name_of(one.split_once('=')?.0)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::Denial;

    #[test]
    fn denials_are_said_without_the_servers_words() {
        for (message, may_pass, expected) in [
            (
                "pods \"web-1\" is forbidden: exceeded quota: all, requested: limits.cpu=1,pods=1, used: limits.cpu=2,pods=2, limited: limits.cpu=2,pods=2",
                true,
                "the quota `all` is used up (limits.cpu, pods)",
            ),
            ("secrets \"a\" is forbidden: exceeded quota: q", true, "the quota `q` is used up"),
            (
                "pods \"web-1\" is forbidden: failed quota: all: must specify limits.cpu for: web",
                false,
                "the quota `all` needs resource requests or limits that are not set",
            ),
            (
                "pods \"web-1\" is forbidden: violates PodSecurity \"restricted:latest\": runAsNonRoot != true",
                false,
                "the Pod Security level `restricted` of the namespace forbids its pods",
            ),
            (
                "Internal error occurred: failed calling webhook \"pods.policy.example\": failed to call webhook: dial tcp: connection refused",
                true,
                "the admission webhook `pods.policy.example` does not answer",
            ),
            (
                "admission webhook \"pods.policy.example\" denied the request: exceeded quota: hunter2",
                false,
                "the admission webhook `pods.policy.example` refuses its pods",
            ),
            (
                "ValidatingAdmissionPolicy 'no-root' with binding 'b' denied request: hunter2",
                false,
                "the admission policy `no-root` refuses its pods",
            ),
            (
                "pods \"web-\" is forbidden: error looking up service account shop/web: serviceaccount \"web\" not found",
                true,
                "ServiceAccount `web` does not exist",
            ),
            ("pods \"web-\" is forbidden: no PriorityClass with name high was found", true, "PriorityClass `high` does not exist"),
        ] {
            let denial = Denial::of(message).unwrap();
            assert_eq!((denial.may_pass(), denial.reason("its pods").as_str()), (may_pass, expected), "{message}");
        }
        assert_eq!(Denial::of("hunter2"), None);
        assert_eq!(Denial::of("exceeded quota: hunter 2, requested: pods=1"), None, "that is not a name");
    }

    #[test]
    fn each_denial_has_a_next_step() {
        let steps: Vec<&str> = [
            "exceeded quota: q",
            "failed quota: q: must",
            "violates PodSecurity \"restricted:latest\"",
            "failed calling webhook \"w\"",
            "admission webhook \"w\" denied the request",
            "ValidatingAdmissionPolicy 'p' denied",
            "serviceaccount \"a\" not found",
        ]
        .map(|message| Denial::of(message).unwrap().next())
        .to_vec();
        assert_eq!(
            steps,
            [
                "raise the quota, or remove what nothing uses",
                "set them in the template",
                "see the level with `kubectl describe namespace`",
                "check the service behind it",
                "ask those who run it what it demands",
                "see what it demands with `kubectl describe`",
                "create it, or name another one in the template",
            ]
        );
    }
}
