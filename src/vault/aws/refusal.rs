//! What AWS refuses with: a code that says what to do, and words that it shows to everybody. Its documentation lists them for each operation,
//! and those that every operation has (docs.aws.amazon.com/secretsmanager/latest/apireference/CommonErrors.html).

use crate::identity::aws::CodeKind;
use crate::identity::aws::bare;
use crate::identity::aws::code;
use crate::identity::aws::kind;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::words;
use crate::vault::aws::settings::Service;

/// An error of AWS.
#[derive(Debug, Clone)]
pub(super) struct Refusal {
    /// The code without its namespace, such as `ResourceNotFoundException`; empty where there is none.
    pub(super) code: String,
    /// AWS's words, fit to be shown.
    said: Option<String>,
    status: u16,
}

/// What was asked for, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    pub(super) service: Service,
    /// The action in policies, such as `secretsmanager:GetSecretValue`.
    pub(super) action: &'static str,
    pub(super) name: Option<&'a str>,
    pub(super) version: Option<&'a str>,
}

impl Refusal {
    /// The error that a reply of another status than 200 is.
    pub(super) fn of(reply: &Reply, protocol: &dyn Protocol) -> Self {
        let json = Json::parse(reply.body.expose()).ok();
        let said = json.and_then(|json| json.get("Message").or_else(|| json.get("message"))?.text());
        Self::new(&code(reply), said, reply.status, protocol)
    }

    /// The error of one secret in a batch.
    pub(super) fn of_entry(entry: Json<'_>, protocol: &dyn Protocol) -> Option<Self> {
        let said = entry.get("Message").and_then(|words| words.text());
        Some(Self::new(&entry.get("ErrorCode")?.text()?, said, 400, protocol))
    }

    /// The error with this code, without words.
    pub(super) fn of_code(code: &str, status: u16) -> Self {
        Self { code: bare(code), said: None, status }
    }

    fn new(code: &str, said: Option<String>, status: u16, protocol: &dyn Protocol) -> Self {
        let said = said.filter(|said| !protocol.gives_away(said)).map(|said| words::tame(&said, 200).trim_end_matches('.').to_owned());
        Self { code: bare(code), said: said.filter(|said| !said.is_empty()), status }
    }

    /// Whether asking once more, or otherwise, may fare better.
    pub(super) fn passes(&self) -> bool {
        matches!(kind(&self.code), CodeKind::Throttled | CodeKind::Passing) || self.status >= 500
    }

    /// Whether it says that the caller may not do this.
    pub(super) fn is_denial(&self) -> bool {
        kind(&self.code) == CodeKind::Denied
    }

    /// Whether the server does not know the operation.
    pub(super) fn is_unknown_operation(&self) -> bool {
        kind(&self.code) == CodeKind::Unknown
    }

    /// Whether it is about the credential, and so the same for everything else that is asked with it.
    pub(super) fn is_of_credential(&self) -> bool {
        matches!(kind(&self.code), CodeKind::Expired | CodeKind::Clock | CodeKind::Credential | CodeKind::Account)
    }

    fn says(&self, phrase: &str) -> bool {
        self.said.as_ref().is_some_and(|said| said.to_lowercase().contains(phrase))
    }

    /// The error in our words, with AWS's own where they help.
    pub(super) fn error(&self, subject: Subject<'_>) -> ServiceError {
        let Subject { service, action, .. } = subject;
        let said = self.said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
        let name = subject.name.map(|name| words::tame(name, 128));
        let what = name.as_ref().map_or_else(|| "this".to_owned(), |name| format!("`{name}`"));
        let error = |fault, reason: String, next: &str| ServiceError::new(fault, reason, next);
        let kms = "allow `kms:Decrypt` on the key that it is encrypted by, in the key's own policy too, and see that the key is enabled";
        match kind(&self.code) {
            CodeKind::Missing => match subject.version {
                Some(version) => error(
                    ServiceFault::NotFound,
                    format!("{what} or its version `{}` is not there", words::tame(version, 64)),
                    "check the name, the version and the region",
                ),
                None if self.says("staging label") => {
                    error(ServiceFault::NotFound, format!("{what} has no current version"), "store a value in it")
                }
                None => error(
                    ServiceFault::NotFound,
                    format!("{what} is not there, in this region of this account"),
                    "check the name, the region and whose credential it is: `cloze doctor` shows the account",
                ),
            },
            CodeKind::Other if self.code == "InvalidRequestException" && self.says("delet") => error(
                ServiceFault::Gone,
                format!("{what} is scheduled for deletion"),
                "restore it, such as by `aws secretsmanager restore-secret`, or ask for another",
            ),
            CodeKind::Decryption => error(ServiceFault::Denied, format!("{what} cannot be decrypted{said}"), kms),
            CodeKind::Denied if self.says("kms") || self.says("customer master key") || self.says("ciphertext") => {
                error(ServiceFault::Denied, format!("{what} cannot be decrypted with this credential{said}"), kms)
            }
            CodeKind::Denied => {
                let next =
                    format!("allow `{action}` in a policy of the identity that the credential belongs to; `cloze doctor` shows which");
                error(ServiceFault::Denied, format!("the credential may not do `{action}` with {what}{said}"), &next)
            }
            CodeKind::Expired => error(
                ServiceFault::Unauthenticated,
                "the credential has expired".to_owned(),
                "log in again, such as by `aws sso login`, or get a new session token",
            ),
            CodeKind::Clock => {
                error(ServiceFault::Unauthenticated, "AWS does not accept the time of the signature".to_owned(), "set this machine's clock")
            }
            CodeKind::Credential if self.says("expired") || self.says("not yet current") => {
                Self { code: "RequestExpired".to_owned(), ..self.clone() }.error(subject)
            }
            CodeKind::Credential => error(
                ServiceFault::Unauthenticated,
                format!("AWS does not accept the credential ({})", words::tame(&self.code, 64)),
                "check that access key, secret key and session token belong together, and to this partition of AWS",
            ),
            CodeKind::Account => error(
                ServiceFault::Unauthenticated,
                format!("the account may not use {} here ({})", service.words(), words::tame(&self.code, 64)),
                "check that the account is active and the region is enabled for it",
            ),
            CodeKind::Throttled => error(
                ServiceFault::RateLimited,
                format!("the vault is rate limiting requests{said}"),
                "try again later, or ask AWS for a higher quota",
            ),
            _ if self.status >= 500 => error(
                ServiceFault::Unavailable,
                format!("the vault failed with status {}{said}", self.status),
                "try again later, and see health.aws.amazon.com",
            ),
            CodeKind::Unknown | CodeKind::Passing | CodeKind::Other => {
                let code = if self.code.is_empty() { String::new() } else { format!(" ({})", words::tame(&self.code, 64)) };
                error(
                    ServiceFault::Unavailable,
                    format!("the vault refused the request with status {}{code}{said}", self.status),
                    &format!("check the endpoint, and that it is one of {}", service.words()),
                )
            }
        }
    }
}
