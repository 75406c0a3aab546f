//! Errors as Google's services write them (google.rpc.Status, google.rpc.ErrorInfo).

use serde_json::json;

use crate::answer::Answer;
use crate::gcp::seed::Permission;
use crate::gcp::seed::State;

/// An error.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    code: u16,
    name: &'static str,
    reason: Option<&'static str>,
    message: String,
}

impl Status {
    fn new(code: u16, name: &'static str, reason: Option<&'static str>, message: impl Into<String>) -> Self {
        Self { code, name, reason, message: message.into() }
    }

    /// No such resource; `kind` is `Secret` or `Secret Version`.
    pub(crate) fn not_found(kind: &str, resource: &str) -> Self {
        let end = if kind == "Secret" { " or has no versions" } else { "" };
        Self::new(404, "NOT_FOUND", None, format!("{kind} [{resource}] not found{end}."))
    }

    /// A version that is not enabled.
    pub(crate) fn not_enabled(resource: &str, state: State) -> Self {
        let state = if state == State::Destroyed { "DESTROYED" } else { "DISABLED" };
        Self::new(400, "FAILED_PRECONDITION", None, format!("Secret Version [{resource}] is in {state} state."))
    }

    /// A permission that is missing.
    pub(crate) fn denied(permission: Permission, resource: &str) -> Self {
        let permission = permission.name();
        let message = format!("Permission '{permission}' denied for resource '{resource}' (or it may not exist).");
        Self::new(403, "PERMISSION_DENIED", Some("IAM_PERMISSION_DENIED"), message)
    }

    /// A request that is none.
    pub(crate) fn invalid(message: &str) -> Self {
        Self::new(400, "INVALID_ARGUMENT", None, message)
    }

    /// A key that is not there, or not enabled, or may not be used.
    pub(crate) fn of_key(code: u16, name: &'static str, message: String) -> Self {
        Self::new(code, name, None, message)
    }

    /// A credential that does not hold.
    pub(crate) fn unauthenticated(reason: &'static str) -> Self {
        let message = "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid \
                       authentication credential.";
        Self::new(401, "UNAUTHENTICATED", Some(reason), message)
    }

    /// The error with that status code; `variant` picks among those that share it.
    pub(crate) fn usual(code: u16, variant: Option<&str>) -> Self {
        let resource = "projects/123456789012/secrets/any/versions/1";
        match (code, variant) {
            (400, Some("disabled")) => Self::not_enabled(resource, State::Disabled),
            (400, Some("destroyed")) => Self::not_enabled(resource, State::Destroyed),
            (400, _) => Self::invalid("Request contains an invalid argument."),
            (401, Some("missing")) => Self::unauthenticated("CREDENTIALS_MISSING"),
            (401, _) => Self::unauthenticated("ACCESS_TOKEN_EXPIRED"),
            (403, Some("service-disabled")) => {
                let message = "Secret Manager API has not been used in project 123456789012 before or it is disabled.";
                Self::new(403, "PERMISSION_DENIED", Some("SERVICE_DISABLED"), message)
            }
            (403, Some("billing-disabled")) => {
                let message = "This API method requires billing to be enabled. Please enable billing on project #123456789012.";
                Self::new(403, "PERMISSION_DENIED", Some("BILLING_DISABLED"), message)
            }
            (403, Some("consumer-invalid")) => {
                Self::new(403, "PERMISSION_DENIED", Some("CONSUMER_INVALID"), "Permission denied on resource project demo-project.")
            }
            (403, Some("scope")) => {
                let message = "Request had insufficient authentication scopes.";
                Self::new(403, "PERMISSION_DENIED", Some("ACCESS_TOKEN_SCOPE_INSUFFICIENT"), message)
            }
            (403, Some("perimeter")) => {
                let message = "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: 1";
                Self::new(403, "PERMISSION_DENIED", Some("SECURITY_POLICY_VIOLATED"), message)
            }
            (403, _) => Self::denied(Permission::Access, resource),
            (404, _) => Self::not_found("Secret", "projects/123456789012/secrets/any"),
            (429, _) => {
                let message = "Quota exceeded for quota metric 'Access requests' and limit 'Access requests per minute'.";
                Self::new(429, "RESOURCE_EXHAUSTED", Some("RATE_LIMIT_EXCEEDED"), message)
            }
            (500, _) => Self::new(500, "INTERNAL", None, "Internal error encountered."),
            (503, _) => Self::new(503, "UNAVAILABLE", None, "The service is currently unavailable."),
            (504, _) => Self::new(504, "DEADLINE_EXCEEDED", None, "Deadline expired before operation could complete."),
            _ => Self::new(code, "UNKNOWN", None, "Unknown error."),
        }
    }

    /// With another message.
    pub(crate) fn saying(self, message: Option<String>) -> Self {
        Self { message: message.unwrap_or(self.message), ..self }
    }

    /// As an answer.
    pub(crate) fn answer(&self) -> Answer {
        let mut error = json!({ "code": self.code, "message": self.message, "status": self.name });
        if let Some(reason) = self.reason {
            error["details"] = json!([{
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "reason": reason,
                "domain": "googleapis.com",
                "metadata": { "service": "secretmanager.googleapis.com" },
            }]);
        }
        Answer::json(self.code, &json!({ "error": error }))
    }
}
