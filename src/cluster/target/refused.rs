//! What an API server that did not do it means, in cloze's own words: its messages echo values.

use kube::Error;
use kube::core::Status;
use kube::core::response::StatusCause;

use crate::cluster::admission::Denial;
use crate::cluster::connection::NoAnswer;
use crate::cluster::token::name_between;
use crate::cluster::token::name_of;
use crate::problem::Fault;
use crate::problem::Problem;

/// Why the API server did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no such object, or no such kind.
    Absent,
    /// The namespace does not exist.
    NoNamespace,
    /// The namespace is being removed: nothing can be made there.
    NamespaceGoing,
    /// The object is another than the one that was read, or exists already.
    Stale,
    /// Other managers hold fields.
    Contested(Vec<Contested>),
    /// The server, or what it asks, cannot be reached; it may come back.
    Away(Words),
    /// It will not do it however often it is asked.
    Never(Words),
}

/// A field that another manager holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contested {
    /// The field, such as `.spec.replicas`.
    pub(super) field: String,
    /// Who holds it.
    pub(super) manager: String,
}

/// What to say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// A lowercase fragment.
    pub(super) reason: String,
    /// What to do about it.
    pub(super) next: String,
}

impl Refused {
    /// What an error of the crate means.
    pub(super) fn of(error: &Error) -> Self {
        match error {
            Error::Api(status) => Self::said(status),
            Error::Auth(_) => {
                never("the kubeconfig's way to get a credential failed", "log in as for kubectl, and check it with `kubectl auth whoami`")
            }
            Error::SerdeError(_) | Error::FromUtf8(_) => {
                never("the answer is not that of an API server", "check the cluster's address with `kubectl cluster-info`")
            }
            error => {
                let answer = NoAnswer::of(error);
                let (reason, next) = answer.words();
                if answer == NoAnswer::Away { away(reason, next) } else { never(reason, next) }
            }
        }
    }

    /// What to say of it where nothing better is known.
    pub(super) fn words(self) -> Words {
        let (reason, next) = match self {
            Self::Away(words) | Self::Never(words) => return words,
            Self::Absent => ("the API server does not have it".to_owned(), "deploy again".to_owned()),
            Self::NoNamespace => (
                "its namespace does not exist".to_owned(),
                "add a Namespace to the templates, or create it with `kubectl create namespace`".to_owned(),
            ),
            Self::NamespaceGoing => ("its namespace is being removed".to_owned(), "wait until it is gone, then deploy again".to_owned()),
            Self::Stale => ("others keep changing it".to_owned(), "find out who does, then deploy again".to_owned()),
            Self::Contested(fields) => {
                let one = |Contested { field, manager }: &Contested| format!("`{field}` is held by `{manager}`");
                let reason = fields.iter().map(one).collect::<Vec<_>>().join(", ");
                (reason, "leave the field out of the template, or undo what was set there".to_owned())
            }
        };
        Words { reason, next }
    }

    /// What a status says.
    pub(super) fn said(status: &Status) -> Self {
        let details = status.details.as_ref();
        let (kind, causes) = (details.map_or("", |details| details.kind.as_str()), details.map_or(&[][..], |details| &details.causes));
        let message = status.message.as_str();
        if let Some(denial) = Denial::of(message) {
            let (reason, next) = (denial.reason("it"), denial.next());
            return if matches!(denial, Denial::WebhookAway { .. }) { away(reason, next) } else { never(reason, next) };
        }
        match (status.code, status.reason.as_str()) {
            (401, _) => never("the cluster does not know who asks", "log in as for kubectl, and check it with `kubectl auth whoami`"),
            (403, _) => forbidden(message, causes, kind),
            (404, "NotFound") if kind == "namespaces" => Self::NoNamespace,
            (404, _) => Self::Absent,
            (409, _) if causes.iter().any(|cause| cause.reason == "FieldManagerConflict") => {
                Self::Contested(causes.iter().map(contested).collect())
            }
            (409, _) => Self::Stale,
            (413, _) => never("it is too large for the API server", "make it smaller"),
            (422, _) => never(invalid(causes), "correct it in the template"),
            (500, "") => never(untyped(message), "correct it in the template"),
            (429 | 500..=599, _) => away(format!("the API server answered {}", status.code), "run the command again"),
            (code, _) => never(format!("the API server answered {code}"), "check the template against the kind's schema"),
        }
    }
}

/// What the API server would not do at all.
pub(super) fn unanswered(refused: Refused, what: &str) -> Problem {
    let words = refused.words();
    Problem::new(Fault::Check, format!("cloze cannot {what} in the cluster: {}", words.reason), words.next)
}

fn never(reason: impl Into<String>, next: impl Into<String>) -> Refused {
    Refused::Never(Words { reason: reason.into(), next: next.into() })
}

fn away(reason: impl Into<String>, next: impl Into<String>) -> Refused {
    Refused::Away(Words { reason: reason.into(), next: next.into() })
}

fn forbidden(message: &str, causes: &[StatusCause], kind: &str) -> Refused {
    if let Some((_, rules)) = message.split_once("is attempting to grant RBAC permissions not currently held:\n") {
        let rules = rules.lines().filter_map(granted).collect::<Vec<_>>().join(", ");
        return never(
            format!("RBAC lets nobody grant rights that they do not have, and it grants: {rules}"),
            "grant the deployer these rights, too; `cloze doctor --role` prints the least role that deploys this project",
        );
    }
    let verb = name_between(message, "cannot ", " resource").filter(|verb| VERBS.contains(verb));
    if let Some(verb) = verb {
        let kind = if kind.is_empty() { "objects" } else { kind };
        let place = name_between(message, "in the namespace \"", "\"").map(|namespace| format!(" in the namespace `{namespace}`"));
        return never(
            format!("permission denied to {verb} {kind}{}", place.unwrap_or_default()),
            "grant it; `cloze doctor --role` prints the least role that deploys this project",
        );
    }
    if causes.iter().any(|cause| cause.reason == "NamespaceTerminating") {
        return Refused::NamespaceGoing;
    }
    never("the API server forbids it", "ask those who run the cluster what it demands")
}

/// A rule in the server's words (`rbac/v1/helpers.CompactString`: `{APIGroups:["apps"], Resources:["deployments"], Verbs:["get" "list"]}`), in ours.
fn granted(rule: &str) -> Option<String> {
    let of = |field: &str| -> Vec<&str> {
        let list = rule.split_once(field).and_then(|(_, rest)| rest.split_once(']')).map_or("", |(list, _)| list);
        let words = list.split_whitespace().filter_map(|word| word.strip_prefix('"')?.strip_suffix('"'));
        words.filter(|word| matches!(*word, "" | "*") || name_of(word).is_some()).collect()
    };
    let (groups, kinds, verbs) = (of("APIGroups:["), of(" Resources:["), of("Verbs:["));
    let group = groups.iter().find(|group| !group.is_empty()).map_or(String::new(), |group| format!(".{group}"));
    let kinds = if kinds.is_empty() { vec!["URLs"] } else { kinds };
    (!verbs.is_empty()).then(|| format!("{} {}{group}", verbs.join(", "), kinds.join(", ")))
}

/// Verbs of RBAC that cloze needs.
const VERBS: [&str; 7] = ["get", "list", "watch", "create", "patch", "update", "delete"];

fn contested(cause: &StatusCause) -> Contested {
    let manager = name_between(&cause.message, "conflict with \"", "\"").unwrap_or("another manager");
    Contested { field: path(&cause.field), manager: manager.to_owned() }
}

/// The fields that are not valid.
fn invalid(causes: &[StatusCause]) -> String {
    let one = |cause: &StatusCause| {
        let what = match cause.reason.as_str() {
            _ if cause.message.contains("immutable") => "cannot be changed once the object exists",
            "FieldValueRequired" => "is missing",
            "FieldValueDuplicate" => "is there twice",
            "FieldValueForbidden" => "is not allowed",
            "FieldValueNotSupported" => "has a value that is not one of those allowed",
            "FieldValueTooLong" | "FieldValueTooMany" => "is too long",
            "FieldValueTypeInvalid" => "has a value of the wrong type",
            _ => "has a value that is not valid",
        };
        format!("`{}` {what}", path(&cause.field))
    };
    let mut said: Vec<String> = causes.iter().filter(|cause| !cause.field.is_empty()).map(one).collect();
    said.dedup();
    if said.is_empty() { "the API server does not accept it".to_owned() } else { said.join(", ") }
}

/// What fails before validation under server-side apply is a 500 without a reason.
fn untyped(message: &str) -> String {
    let rest = message.split_once("): ").map_or("", |(_, rest)| rest);
    let (field, what) = rest.split_once(": ").unwrap_or_default();
    if field.starts_with('.') && what.starts_with("field not declared in schema") {
        return format!("the kind has no field `{}`", path(field));
    }
    let wanted = what.strip_prefix("expected ").and_then(|rest| rest.split([',', ' ']).next()).filter(|word| TYPES.contains(word));
    match wanted {
        Some(wanted) if field.starts_with('.') => format!("`{}` has a value of the wrong type: the kind takes a {wanted}", path(field)),
        _ if message.contains("illegal base64") => "a value under `data` is not base64".to_owned(),
        _ => "the API server cannot read it as its kind".to_owned(),
    }
}

/// What the server calls types.
const TYPES: [&str; 5] = ["string", "numeric", "bool", "list", "map"];

/// A path of fields without the values that select items of lists.
fn path(field: &str) -> String {
    let mut shown = String::new();
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, behind) = after.split_once(']').unwrap_or((after, ""));
        let is_index = !inside.is_empty() && inside.bytes().all(|byte| byte.is_ascii_digit());
        shown.push_str(before);
        shown.push_str(&if is_index { format!("[{inside}]") } else { "[…]".to_owned() });
        rest = behind;
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use kube::core::Status;
    use serde_json::json;

    use super::Contested;
    use super::Refused;

    fn of(status: serde_json::Value) -> Refused {
        Refused::said(&serde_json::from_value::<Status>(status).unwrap())
    }

    fn words(refused: Refused) -> (&'static str, String) {
        match refused {
            Refused::Away(words) => ("away", words.reason),
            refused => ("never", refused.words().reason),
        }
    }

    /// As kube-apiserver 1.36 answers.
    #[test]
    fn refusals_are_said_without_the_servers_words() {
        let cause = |reason: &str, message: &str, field: &str| json!({ "reason": reason, "message": message, "field": field });
        for (code, reason, message, kind, causes, expected) in [
            (
                403,
                "Forbidden",
                "configmaps \"a\" is forbidden: User \"system:serviceaccount:config:poor\" cannot patch resource \"configmaps\" in API group \"\" in the namespace \"config\"",
                "configmaps",
                json!([]),
                ("never", "permission denied to patch configmaps in the namespace `config`"),
            ),
            (
                403,
                "Forbidden",
                "configmaps \"a\" is forbidden: exceeded quota: objects, requested: count/configmaps=1",
                "configmaps",
                json!([]),
                ("never", "the quota `objects` is used up (count/configmaps)"),
            ),
            (
                403,
                "Forbidden",
                "configmaps \"a\" is forbidden: CANARY",
                "configmaps",
                json!([cause("NamespaceTerminating", "", "metadata.namespace")]),
                ("never", "its namespace is being removed"),
            ),
            (
                403,
                "Forbidden",
                "roles.rbac.authorization.k8s.io \"r\" is forbidden: user \"CANARY\" (groups=[\"CANARY\"]) is attempting to grant RBAC permissions not currently held:\n{APIGroups:[\"apps\"], Resources:[\"deployments\"], Verbs:[\"get\" \"list\"]}\n{APIGroups:[\"\"], Resources:[\"secrets\"], ResourceNames:[\"CANARY\"], Verbs:[\"*\"]}",
                "roles",
                json!([]),
                ("never", "RBAC lets nobody grant rights that they do not have, and it grants: get, list deployments.apps, * secrets"),
            ),
            (403, "Forbidden", "CANARY", "", json!([]), ("never", "the API server forbids it")),
            (401, "Unauthorized", "Unauthorized", "", json!([]), ("never", "the cluster does not know who asks")),
            (413, "RequestEntityTooLarge", "CANARY", "", json!([]), ("never", "it is too large for the API server")),
            (
                422,
                "Invalid",
                "Deployment.apps \"web\" is invalid: CANARY",
                "Deployment",
                json!([
                    cause(
                        "FieldValueInvalid",
                        "Invalid value: {\"matchLabels\":{\"app\":\"CANARY\"}}: field is immutable",
                        "spec.selector"
                    ),
                    cause("FieldValueRequired", "Required value", "spec.template.spec.containers[0].image")
                ]),
                ("never", "`spec.selector` cannot be changed once the object exists, `spec.template.spec.containers[0].image` is missing"),
            ),
            (
                422,
                "Invalid",
                "configmaps \"a\" is forbidden: ValidatingAdmissionPolicy 'lab' with binding 'lab' denied request: CANARY",
                "configmaps",
                json!([cause("", "CANARY", "")]),
                ("never", "the admission policy `lab` refuses it"),
            ),
            (422, "Invalid", "CANARY", "", json!([]), ("never", "the API server does not accept it")),
            (
                500,
                "",
                "failed to create typed patch object (/web; apps/v1, Kind=Deployment): .spec.replicsa: field not declared in schema",
                "",
                json!([]),
                ("never", "the kind has no field `.spec.replicsa`"),
            ),
            (
                500,
                "",
                "failed to create typed patch object (/typed; /v1, Kind=ConfigMap): .data.a: expected string, got &value.valueUnstructured{Value:CANARY}",
                "",
                json!([]),
                ("never", "`.data.a` has a value of the wrong type: the kind takes a string"),
            ),
            (
                500,
                "",
                "failed to create typed patch object (/w; apps/v1, Kind=Deployment): .spec.template.spec.containers[name=\"CANARY\"].env[0].x: field not declared in schema",
                "",
                json!([]),
                ("never", "the kind has no field `.spec.template.spec.containers[…].env[0].x`"),
            ),
            (
                500,
                "",
                "failed to convert new object (/text; /v1, Kind=Secret) to proper version: error decoding from json: illegal base64 data at input byte 2",
                "",
                json!([]),
                ("never", "a value under `data` is not base64"),
            ),
            (500, "", "CANARY", "", json!([]), ("never", "the API server cannot read it as its kind")),
            (
                500,
                "InternalError",
                "Internal error occurred: failed calling webhook \"lab.example.com\": failed to call webhook: CANARY",
                "",
                json!([]),
                ("away", "the admission webhook `lab.example.com` does not answer"),
            ),
            (
                400,
                "BadRequest",
                "admission webhook \"lab.example.com\" denied the request: CANARY",
                "",
                json!([]),
                ("never", "the admission webhook `lab.example.com` refuses it"),
            ),
            (400, "BadRequest", "error decoding YAML: CANARY", "", json!([]), ("never", "the API server answered 400")),
            (429, "TooManyRequests", "", "", json!([]), ("away", "the API server answered 429")),
            (503, "", "CANARY", "", json!([]), ("away", "the API server answered 503")),
        ] {
            let status = json!({ "code": code, "reason": reason, "message": message, "details": { "kind": kind, "causes": causes } });
            let (what, said) = words(of(status));
            assert_eq!((what, said.as_str()), expected);
            assert!(!said.contains("CANARY"), "{said}");
        }
    }

    #[test]
    fn a_conflict_names_field_and_manager_and_another_409_is_a_stale_object() {
        let conflict = json!({ "code": 409, "reason": "Conflict", "details": { "causes": [
            { "reason": "FieldManagerConflict", "message": "conflict with \"kubectl-set\" using apps/v1", "field": ".spec.template.spec.containers[name=\"web\"].image" },
            { "reason": "FieldManagerConflict", "message": "conflict with \"kubectl\" with subresource \"scale\" using apps/v1", "field": ".spec.replicas" },
        ] } });
        let contested = |field: &str, manager: &str| Contested { field: field.to_owned(), manager: manager.to_owned() };
        assert_eq!(
            of(conflict),
            Refused::Contested(vec![
                contested(".spec.template.spec.containers[…].image", "kubectl-set"),
                contested(".spec.replicas", "kubectl"),
            ])
        );
        for reason in ["Conflict", "AlreadyExists"] {
            assert_eq!(of(json!({ "code": 409, "reason": reason, "details": { "kind": "configmaps" } })), Refused::Stale);
        }
        for (kind, expected) in [("configmaps", Refused::Absent), ("", Refused::Absent), ("namespaces", Refused::NoNamespace)] {
            assert_eq!(of(json!({ "code": 404, "reason": "NotFound", "details": { "kind": kind } })), expected);
        }
    }
}
