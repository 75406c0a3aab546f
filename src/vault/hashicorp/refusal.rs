//! The errors of answers that bring nothing, told apart.

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::service::words;
use crate::vault::answer::AnswerForm;

/// What was asked for, for messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    /// The mount.
    pub(super) mount: &'a str,
    /// The path as a policy has it.
    pub(super) path: &'a str,
    /// The secret's name, or the folder's.
    pub(super) name: &'a str,
    /// What a policy has to allow there: `read` or `list`.
    pub(super) right: &'static str,
}

/// What was answered, and to whom.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answered<'a> {
    pub(super) reply: &'a Reply,
    pub(super) protocol: &'a dyn Protocol,
}

impl Answered<'_> {
    /// The words under `errors` of an error's body. They come from the server's own code, not from a secret: a body of status 2xx
    /// is never asked for them, and words with a credential in them are dropped.
    pub(super) fn words(&self) -> Option<String> {
        said(&self.reply.body).filter(|said| !said.is_empty() && !self.protocol.gives_away(said))
    }

    /// The same words in lower case, whatever they hold: to be judged, not to be shown.
    pub(super) fn unshown(&self) -> String {
        said(&self.reply.body).unwrap_or_default().to_lowercase()
    }

    /// The error of an answer that brings nothing of `subject`.
    pub(super) fn refusal(&self, subject: Subject<'_>) -> ServiceError {
        let Subject { mount, right, .. } = subject;
        let (path, name) = (words::tame(subject.path, 160), words::tame(subject.name, 64));
        let said = self.words();
        let shown = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
        match self.reply.status {
            401 | 403 if self.is_stranger() => self.stranger(),
            403 => {
                let reason = format!("the token may not {right} `{path}`{shown}");
                let next = if self.is_ambiguous() {
                    "or get a new token: a vault can say the same of one that has ended"
                } else {
                    "or check the token"
                };
                let next = format!("allow `{right}` on that path in the token's policy, {next}");
                ServiceError::new(ServiceFault::Denied, reason, next)
            }
            404 if said.is_some() => ServiceError::new(
                ServiceFault::NotFound,
                format!("there is no `{path}`{shown}"),
                "check the mount, its KV version and the namespace",
            ),
            404 => {
                let reason = format!("`{name}` or the version asked for is not there, or the vault hides it from this token");
                ServiceError::new(ServiceFault::NotFound, reason, format!("check the name, the version and the mount `{mount}`"))
            }
            _ => self.failure(),
        }
    }

    /// The error of an answer to a request that names no secret.
    pub(super) fn failure(&self) -> ServiceError {
        if let Some(redirect) = self.reply.redirect() {
            return redirect;
        }
        let said = self.words();
        let shown = said.as_ref().map(|said| format!(": {said}")).unwrap_or_default();
        match self.reply.status {
            400 | 401 | 403 if self.is_stranger() => self.stranger(),
            429 => ServiceError::new(
                ServiceFault::RateLimited,
                format!("the vault is rate limiting requests{shown}"),
                "try again later, or raise its rate limit",
            ),
            503 if said.as_ref().is_some_and(|said| said.to_lowercase().contains("sealed")) => {
                ServiceError::new(ServiceFault::Unavailable, "the vault is sealed", "unseal it")
            }
            status @ 500.. => {
                ServiceError::new(ServiceFault::Unavailable, format!("the vault failed with status {status}{shown}"), "look into its log")
            }
            status => ServiceError::new(
                ServiceFault::Unavailable,
                format!("the vault refused the request with status {status}{shown}"),
                "check the address and the mount",
            ),
        }
    }

    /// Whether the server has no such operation, as older ones have no `subkeys`.
    pub(super) fn is_unsupported(&self) -> bool {
        let says = || self.unshown().contains("unsupported");
        self.reply.status == 405 || matches!(self.reply.status, 400 | 404) && says()
    }

    /// Whether the token is not known, or not any more.
    pub(super) fn is_stranger(&self) -> bool {
        let said = self.unshown();
        let says = |phrase: &str| said.contains(phrase);
        self.reply.status == 401
            || matches!(self.reply.status, 400 | 403) && (says("invalid token") || says("bad token") || says("missing client token"))
    }

    /// Whether it is what `OpenBao` and older Vaults say of a token that they do not know: a policy's refusal begins with a count of errors.
    pub(super) fn is_ambiguous(&self) -> bool {
        self.reply.status == 403 && said(&self.reply.body).is_some_and(|said| said == "permission denied")
    }

    fn stranger(&self) -> ServiceError {
        let shown = self.words().map(|said| format!(": {said}")).unwrap_or_default();
        let next = "get a new token, and check that it is for this vault and this namespace";
        ServiceError::new(ServiceFault::Unauthenticated, format!("the vault does not accept the token{shown}"), next)
    }
}

/// The first three texts under `errors`.
fn said(body: &Secret) -> Option<String> {
    let json = Json::parse(body.expose()).ok()?;
    let list = json.get("errors").filter(|errors| errors.kind() == JsonKind::Array)?;
    let said: Vec<String> = list.members().take(3).filter_map(|(_, error)| error.text()).map(|text| words::tame(&text, 200)).collect();
    Some(said.join("; "))
}

/// What a KV engine of version 1 answers.
pub(super) const KV1: AnswerForm = form("the vault's answer is not that of a KV version 1 mount");
/// What a KV engine of version 2 answers.
pub(super) const KV2: AnswerForm = form("the vault's answer is not that of a KV version 2 mount");
/// What a login answers.
pub(super) const LOGIN: AnswerForm = form("the vault's answer is not that of a login");
/// What a vault answers that is asked about itself.
pub(super) const VAULT: AnswerForm = form("the vault's answer is not that of a vault");

const fn form(reason: &'static str) -> AnswerForm {
    AnswerForm { reason, next: "check the address, the mount and its version" }
}
