//! What Secret Manager refuses, and why (google.rpc.Status, google.rpc.ErrorInfo).

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::service::words;

/// What was asked for, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) project: &'a str,
    /// The secret, if it is about one.
    pub(super) name: Option<&'a str>,
    pub(super) version: Option<&'a str>,
    /// The permission that it needs.
    pub(super) permission: &'a str,
}

impl Subject<'_> {
    /// Such as ``version 3 of `db` ``.
    fn version_of(&self) -> String {
        let name = words::tame(self.name.unwrap_or_default(), 64);
        match self.version {
            None => format!("the latest version of `{name}`"),
            Some(version) => format!("version {} of `{name}`", words::tame(version, 64)),
        }
    }

    /// The error of a version that was `destroyed`, or else is disabled.
    pub(super) fn gone(&self, destroyed: bool, shown: &str) -> ServiceError {
        let (state, next) = if destroyed {
            ("was destroyed", "add a version, or ask for another one")
        } else {
            ("is disabled", "enable it, add a version, or ask for another one")
        };
        ServiceError::new(ServiceFault::Gone, format!("{} {state}{shown}", self.version_of()), next)
    }

    /// The error of a permission that is missing.
    pub(super) fn denied(&self, shown: &str) -> ServiceError {
        let Self { project, name, permission, .. } = self;
        let (reason, next) = if let Some(name) = name {
            let reason = format!("the identity lacks `{permission}` for `{}`{shown}", words::tame(name, 64));
            let next =
                "grant it `roles/secretmanager.secretAccessor` on that secret, and check the name: Google does not say which is wrong";
            (reason, next)
        } else {
            let reason = format!("the identity lacks `{permission}` in the project `{project}`{shown}");
            (reason, "grant it `roles/secretmanager.viewer`, or do without a list")
        };
        ServiceError::new(ServiceFault::Denied, reason, next)
    }
}

/// The error of an answer that brings nothing.
pub(super) fn refusal(reply: &Reply, subject: Subject<'_>, login: &dyn Protocol) -> ServiceError {
    if let Some(redirect) = reply.redirect() {
        return redirect;
    }
    let said = Said::read(&reply.body, login);
    let shown = said.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let status = reply.status;
    match (status, said.status.as_str()) {
        (400, "FAILED_PRECONDITION") if subject.name.is_some() => {
            let destroyed = said.message.as_ref().is_some_and(|message| message.contains("DESTROYED"));
            subject.gone(destroyed, &shown)
        }
        (401, _) => {
            let next = "log in again, check the credentials, and check that this machine's clock is right";
            ServiceError::new(ServiceFault::Unauthenticated, format!("Google does not accept the token{shown}"), next)
        }
        (403, _) => forbidden(subject, &said.reason, &shown),
        (404, _) if subject.name.is_some() => {
            let project = subject.project;
            let reason = format!("{} is not there{shown}", subject.version_of());
            let next = format!("check the name, the version, the project `{project}` and the location");
            ServiceError::new(ServiceFault::NotFound, reason, next)
        }
        (429, _) => {
            let next = "try again in a minute, or have the project's quota raised";
            ServiceError::new(ServiceFault::RateLimited, format!("Google is rate limiting requests{shown}"), next)
        }
        (500.., _) => {
            let reason = format!("Secret Manager failed with status {status}{shown}");
            ServiceError::new(ServiceFault::Unavailable, reason, "try again later; status.cloud.google.com shows outages")
        }
        _ => {
            let reason = format!("Secret Manager refused the request with status {status}{shown}");
            ServiceError::new(ServiceFault::Unavailable, reason, "check the project, the location and the endpoint")
        }
    }
}

/// The kinds of 403.
fn forbidden(subject: Subject<'_>, reason: &str, shown: &str) -> ServiceError {
    let project = subject.project;
    let (what, next) = match reason {
        "SERVICE_DISABLED" => (
            format!("Secret Manager is not enabled in the project `{project}`, or in the one that pays for the login"),
            "enable it with `gcloud services enable secretmanager.googleapis.com`, and check the project that pays (its quota project)",
        ),
        "BILLING_DISABLED" => (format!("the project `{project}` has no billing account"), "link one to the project"),
        "CONSUMER_INVALID" | "RESOURCE_PROJECT_INVALID" => (
            format!("there is no project `{project}`, or it is closed to this identity"),
            "check the project's id for a slip, and that the identity belongs to its organization",
        ),
        "USER_PROJECT_DENIED" => (
            "the identity may not use the project that pays for the login (its quota project)".to_owned(),
            "grant it `roles/serviceusage.serviceUsageConsumer` there, or choose another with `gcloud auth application-default set-quota-project`",
        ),
        "ACCESS_TOKEN_SCOPE_INSUFFICIENT" => (
            "the token was not made for Secret Manager".to_owned(),
            "give the machine or the login the scope `https://www.googleapis.com/auth/cloud-platform`",
        ),
        "SECURITY_POLICY_VIOLATED" => (
            "a perimeter of VPC Service Controls keeps this machine out".to_owned(),
            "run inside the perimeter, or have an access level made for this machine",
        ),
        _ => return subject.denied(shown),
    };
    ServiceError::new(ServiceFault::Denied, format!("{what}{shown}"), next)
}

/// What an error's body says. Only its documented fields are read, and the message is shown without control characters, at most 200, and not
/// at all if it has the token in it.
#[derive(Debug, Default)]
struct Said {
    status: String,
    reason: String,
    message: Option<String>,
}

impl Said {
    fn read(body: &Secret, login: &dyn Protocol) -> Self {
        let error = Json::parse(body.expose()).ok().and_then(|json| json.get("error"));
        let Some(error) = error.filter(|error| error.kind() == JsonKind::Object) else { return Self::default() };
        let text = |json: Json<'_>, key: &str| json.get(key).and_then(|text| text.text());
        let message = text(error, "message")
            .filter(|message| !login.gives_away(message))
            .map(|message| words::tame(message.trim_end_matches(['.', '\n']), 200));
        let mut details = error.get("details").into_iter().flat_map(|details| details.members());
        let reason = details.find_map(|(_, detail)| text(detail, "reason"));
        Self {
            status: text(error, "status").unwrap_or_default(),
            reason: reason.unwrap_or_default(),
            message: message.filter(|message| !message.is_empty()),
        }
    }
}

/// The error of a value that changed on its way, twice.
pub(super) fn damaged(subject: Subject<'_>) -> ServiceError {
    let reason = format!("{} was damaged on the way: it does not have the checksum that came with it", subject.version_of());
    ServiceError::new(ServiceFault::Unavailable, reason, "try again, and check what lies between here and Google")
}
