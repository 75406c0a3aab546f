//! The JSON that a service answers with, read strictly: what is not as the service documents it is an error, and nothing of it is shown.

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;
use crate::service::json::JsonKind;

/// What an answer has to be, and what to say of one that is not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerForm {
    /// Such as `the vault's answer is not that of a key vault`.
    pub(crate) reason: &'static str,
    /// What to do, as an imperative fragment.
    pub(crate) next: &'static str,
}

impl AnswerForm {
    /// The error of an answer that is not of this form.
    pub(crate) fn unexpected(self, what: &str) -> ServiceError {
        ServiceError::new(ServiceFault::Unavailable, format!("{}: {what}", self.reason), self.next)
    }

    /// The object that a body is.
    pub(crate) fn object(self, body: &Secret) -> Result<Json<'_>, ServiceError> {
        let json = Json::parse(body.expose()).map_err(|fault| self.unexpected(&format!("no JSON from byte {} on", fault.offset)))?;
        if json.kind() == JsonKind::Object { Ok(json) } else { Err(self.unexpected(&format!("{} in place of an object", json.kind()))) }
    }

    /// The value of a key that is in an object once at most, and not null.
    pub(crate) fn only<'a>(self, json: Json<'a>, key: &str) -> Result<Option<Json<'a>>, ServiceError> {
        let mut all = json.all(key);
        let first = all.next();
        match all.next() {
            None => Ok(first.filter(|value| value.kind() != JsonKind::Null)),
            Some(_) => Err(self.unexpected(&format!("`{key}` more than once"))),
        }
    }

    /// The elements of a list; nothing where it is absent.
    pub(crate) fn list<'a>(self, json: Json<'a>, key: &str) -> Result<Vec<Json<'a>>, ServiceError> {
        match self.only(json, key)? {
            None => Ok(Vec::new()),
            Some(list) if list.kind() == JsonKind::Array => Ok(list.members().map(|(_, element)| element).collect()),
            Some(_) => Err(self.unexpected(&format!("`{key}` is not a list"))),
        }
    }

    /// A text that has to be there.
    pub(crate) fn text(self, json: Json<'_>, key: &str) -> Result<String, ServiceError> {
        let text = self.only(json, key)?.and_then(|value| value.text());
        text.ok_or_else(|| self.unexpected(&format!("no `{key}`")))
    }
}
