//! What the program writes: believed where it is what the protocol says, and never shown where it could be a value.

use crate::blank::SecretRef;
use crate::clock::Timestamp;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::service::words;
use crate::vault::ListedSecret;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Shape;
use crate::vault::answer::AnswerForm;
use crate::vault::binary;
use crate::vault::exec::refusal::ProgramError;
use crate::vault::field;

const FORM: AnswerForm = AnswerForm {
    reason: "the program's answer is not that of `cloze.dev/exec/v1`",
    next: "correct the program; the protocol is in cloze's documentation",
};

/// The members of an answer of which there is exactly one when a value is asked for.
const OUTCOMES: [&str; 4] = ["value", "base64", "fields", "error"];

/// Those of them that are values.
const VALUES: [&str; 3] = ["value", "base64", "fields"];

/// An answer of the program as a whole.
#[derive(Debug)]
pub(super) struct ProgramAnswer<'a> {
    list: Vec<Json<'a>>,
    /// Whether there is a value in it: a message beside one could repeat it, whole or in part, in any encoding.
    valued: bool,
}

impl<'a> ProgramAnswer<'a> {
    /// Reads the answer to `count` asks, or to a request for everything.
    pub(super) fn read(text: &'a Secret, count: Option<usize>) -> Result<Self, ServiceError> {
        let json = FORM.object(text)?;
        let valued = holds_value(json);
        let answers = FORM.only(json, "answers")?;
        if let Some(error) = FORM.only(json, "error")? {
            let list = answers.map(|answers| answers.members().map(|(_, answer)| answer).collect()).unwrap_or_default();
            return Err(Self { list, valued }.refusal(error, None));
        }
        let answers = answers.filter(|answers| answers.kind() == JsonKind::Array).ok_or_else(|| FORM.unexpected("no list `answers`"))?;
        let list: Vec<Json<'_>> = answers.members().map(|(_, answer)| answer).collect();
        match count {
            Some(count) if count != list.len() => Err(FORM.unexpected(&format!("{} answers to {count} asks", list.len()))),
            _ if list.iter().any(|answer| answer.kind() != JsonKind::Object) => Err(FORM.unexpected("an answer that is not an object")),
            _ => Ok(Self { list, valued }),
        }
    }

    /// The value that answers the ask at `index`.
    pub(super) fn fetched(&self, index: usize, ask: &SecretRef) -> Result<SecretValue, ServiceError> {
        let (answer, facts) = self.facts(index, ask)?;
        let whole = match (FORM.only(answer, "value")?, FORM.only(answer, "base64")?) {
            (Some(value), _) => Some(value.secret().ok_or_else(|| FORM.unexpected("a `value` that is not text"))?),
            (_, Some(base64)) => {
                let decoded = base64.secret().and_then(|text| binary::decoded(&text));
                Some(decoded.ok_or_else(|| FORM.unexpected("a `base64` that is not base64"))?)
            }
            (None, None) => None,
        };
        let (value, shape) = match (whole, &ask.key, FORM.only(answer, "fields")?) {
            (Some(whole), None, _) => (whole, Shape::Plain),
            (Some(whole), Some(key), _) => field::of_text(&whole, key)?,
            (None, _, Some(fields)) => field_of(fields, ask)?,
            (None, _, None) => return Err(FORM.unexpected("an answer without a value or an error")),
        };
        let SecretMetadata { version, current, not_before, expires, created, read: _ } = facts;
        Ok(SecretValue { value, shape, version, current, not_before, expires, created })
    }

    /// What is known of the secret that the ask at `index` names.
    pub(super) fn found(&self, index: usize, ask: &SecretRef) -> Result<SecretMetadata, ServiceError> {
        let (answer, facts) = self.facts(index, ask)?;
        let read = OUTCOMES.iter().any(|member| is_there(answer, member));
        if read { self.fetched(index, ask).map(|fetched| SecretMetadata::from(&fetched)) } else { Ok(facts) }
    }

    /// Everything that the program names and that can be asked for.
    pub(super) fn listed(&self, allowed: impl Fn(&str) -> bool) -> Result<Vec<ListedSecret>, ServiceError> {
        let mut listed = Vec::new();
        for answer in &self.list {
            let name =
                FORM.only(*answer, "name")?.and_then(|name| name.text()).ok_or_else(|| FORM.unexpected("an entry without a `name`"))?;
            let version = FORM.only(*answer, "version")?.map(version).transpose()?;
            if allowed(&name) {
                listed.push(ListedSecret { name, version, created: None, removed: false });
            }
        }
        listed.sort_by(|one, other| one.name.cmp(&other.name));
        listed.dedup_by(|one, other| one.name == other.name);
        Ok(listed)
    }

    /// An answer that is no error, with what it says beside the value.
    fn facts(&self, index: usize, ask: &SecretRef) -> Result<(Json<'a>, SecretMetadata), ServiceError> {
        let answer = *self.list.get(index).ok_or_else(|| FORM.unexpected("too few answers"))?;
        if OUTCOMES.iter().filter(|member| is_there(answer, member)).count() > 1 {
            return Err(FORM.unexpected("an answer that is several things at once"));
        }
        if let Some(error) = FORM.only(answer, "error")? {
            return Err(self.refusal(error, Some(ask)));
        }
        let given = FORM.only(answer, "version")?.map(version).transpose()?;
        let version = match (given, &ask.version) {
            (Some(given), Some(wanted)) if given != *wanted => return Err(FORM.unexpected("another version than the one asked for")),
            (None, Some(_)) => return Err(FORM.unexpected("no version, where one was asked for")),
            (given, _) => given.unwrap_or_default(),
        };
        let current = ask.version.is_none().then_some(true);
        let (not_before, expires, created) = (time(answer, "notBefore")?, time(answer, "expires")?, time(answer, "created")?);
        Ok((answer, SecretMetadata { version, current, not_before, expires, created, read: false }))
    }

    fn refusal(&self, error: Json<'_>, ask: Option<&SecretRef>) -> ServiceError {
        let members = FORM.only(error, "kind").and_then(|kind| Ok((kind, FORM.only(error, "message")?)));
        let (kind, message) = match members {
            Ok((Some(kind), message)) if kind.kind() == JsonKind::Text => (kind, message),
            Ok(_) => return FORM.unexpected("an error without a `kind`"),
            Err(error) => return error,
        };
        let message = message.and_then(|message| message.secret());
        let shown = message.as_ref().and_then(Secret::expose_text).filter(|_| !self.valued);
        ProgramError::of(kind).error(ask, shown)
    }
}

fn is_there(answer: Json<'_>, member: &str) -> bool {
    answer.get(member).is_some_and(|value| value.kind() != JsonKind::Null)
}

/// Whether a value is anywhere in an answer.
fn holds_value(json: Json<'_>) -> bool {
    VALUES.iter().any(|member| json.get(member).is_some()) || json.members().any(|(_, inner)| holds_value(inner))
}

/// The field that an ask names, of a secret that has fields.
fn field_of(fields: Json<'_>, ask: &SecretRef) -> Result<(Secret, Shape), ServiceError> {
    if fields.kind() != JsonKind::Object {
        return Err(FORM.unexpected("`fields` that are not an object"));
    }
    let Some(key) = &ask.key else {
        let (name, keys) = (words::tame(&ask.name, 64), field::keys(fields));
        let reason = if keys.is_empty() {
            format!("`{name}` has no keys")
        } else {
            format!("`{name}` has the keys {keys}, and the blank does not name one")
        };
        return Err(ServiceError::new(ServiceFault::BadValue, reason, "name the key, as in `secret(name=…, key=…)`"));
    };
    field::of_object(fields, key)
}

/// A version, which people will read.
fn version(json: Json<'_>) -> Result<String, ServiceError> {
    let fit = |text: &String| !text.is_empty() && text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_graphic());
    json.text().filter(fit).ok_or_else(|| FORM.unexpected("a `version` that is not 1 to 128 visible characters of ASCII"))
}

fn time(answer: Json<'_>, key: &str) -> Result<Option<Timestamp>, ServiceError> {
    let Some(time) = FORM.only(answer, key)? else { return Ok(None) };
    let time = time.text().and_then(|text| Timestamp::from_rfc3339(&text));
    time.map(Some).ok_or_else(|| FORM.unexpected(&format!("a `{key}` that is not a time such as `2026-01-31T00:00:00Z`")))
}
