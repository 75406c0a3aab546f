//! AWS Systems Manager Parameter Store: values in batches of ten, of whatever versions
//! (docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html).

use std::collections::BTreeMap;

use futures::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::words;
use crate::vault::SecretValue;
use crate::vault::answer::AnswerForm;
use crate::vault::aws::link::Link;
use crate::vault::aws::link::RequestFailure;
use crate::vault::aws::refusal::Subject;
use crate::vault::aws::settings::Service::ParameterStore;
use crate::vault::aws::time::time;
use crate::vault::aws::wanted::Wanted;

/// The most names in a call.
const BATCH: usize = 10;
/// The action that reads parameters.
const GET: &str = "ssm:GetParameters";
const FORM: AnswerForm = ParameterStore.form();

/// A parameter with its value.
#[derive(Debug)]
pub(super) struct SsmParameter {
    pub(super) value: SecretValue,
    /// Whether the value is still encrypted, and so no value at all.
    pub(super) sealed: bool,
}

/// Which of the wanted are read by the same call: no call asks for two versions of one parameter.
pub(super) fn calls(wanted: &[Wanted]) -> Vec<Vec<usize>> {
    let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for (index, wanted) in wanted.iter().enumerate() {
        let turn = turns.entry(&wanted.name).or_default();
        if *turn == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[*turn].push(index);
        *turn += 1;
    }
    rounds.iter().flat_map(|round| round.chunks(BATCH)).map(<[usize]>::to_vec).collect()
}

/// Reads the wanted with the same call, and has the service decrypt them or not.
pub(super) async fn read(link: &Link, wanted: &[&Wanted], decrypt: bool, until: Instant) -> Vec<Result<SsmParameter, ServiceError>> {
    match together(link, wanted, decrypt, until).await {
        Ok(values) => values,
        // One that may not be read, or not decrypted, spoils the call for all of them.
        Err(RequestFailure::Refused(refusal)) if wanted.len() > 1 && !refusal.is_of_credential() && !refusal.passes() => {
            join_all(wanted.iter().map(|wanted| alone(link, wanted, decrypt, until))).await
        }
        Err(failure) => wanted.iter().map(|wanted| Err(failure.of(subject(Some(wanted))))).collect(),
    }
}

async fn alone(link: &Link, wanted: &Wanted, decrypt: bool, until: Instant) -> Result<SsmParameter, ServiceError> {
    match together(link, &[wanted], decrypt, until).await {
        Ok(mut values) => values.pop().unwrap_or_else(|| Err(FORM.unexpected("a parameter was left out"))),
        Err(failure) => Err(failure.of(subject(Some(wanted)))),
    }
}

async fn together(
    link: &Link,
    wanted: &[&Wanted],
    decrypt: bool,
    until: Instant,
) -> Result<Vec<Result<SsmParameter, ServiceError>>, RequestFailure> {
    let names: Vec<String> = wanted.iter().map(|wanted| selected(wanted)).collect();
    let body = json!({ "Names": names, "WithDecryption": decrypt });
    let answered = link.call("AmazonSSM.GetParameters", &body, until).await?;
    values(&answered.reply, wanted, &names, decrypt).map_err(RequestFailure::Error)
}

/// The values of a reply, in the order of the wanted; the service has its own.
fn values(
    reply: &Reply,
    wanted: &[&Wanted],
    names: &[String],
    decrypt: bool,
) -> Result<Vec<Result<SsmParameter, ServiceError>>, ServiceError> {
    let json = FORM.object(&reply.body)?;
    let mut answers: Vec<Option<Result<SsmParameter, ServiceError>>> = wanted.iter().map(|_| None).collect();
    let mut note = |place: Option<usize>, answer: Result<SsmParameter, ServiceError>| {
        let place = place.ok_or_else(|| FORM.unexpected("a parameter that was not asked for"))?;
        match answers[place].replace(answer) {
            None => Ok(()),
            Some(_) => Err(FORM.unexpected("a parameter that was answered twice")),
        }
    };
    for entry in FORM.list(json, "Parameters")? {
        let name = FORM.text(entry, "Name")?;
        let selector = FORM.only(entry, "Selector")?.and_then(|selector| selector.text());
        let mut parameter = parameter(entry, decrypt)?;
        let place =
            wanted.iter().position(|wanted| wanted.name == name && answers_to(wanted, selector.as_deref(), &parameter.value.version));
        parameter.value.current = place.and_then(|place| wanted[place].version.is_none().then_some(true));
        note(place, Ok(parameter))?;
    }
    for name in FORM.list(json, "InvalidParameters")? {
        let name = name.text().ok_or_else(|| FORM.unexpected("`InvalidParameters` has something else than names"))?;
        let place = names.iter().position(|other| *other == name);
        note(place, Err(missing(place.map(|place| wanted[place]))))?;
    }
    let unread = || FORM.unexpected("a parameter was left out");
    answers.into_iter().map(|answer| answer.ok_or_else(unread)).collect()
}

/// Whether a parameter is the wanted version of its name. The service repeats how a version was selected; stand-ins leave that out, and then
/// its number has to be the wanted one, while a label is believed.
fn answers_to(wanted: &Wanted, selector: Option<&str>, number: &str) -> bool {
    match (&wanted.version, selector.filter(|selector| !selector.is_empty())) {
        (None, selector) => selector.is_none(),
        (Some(version), Some(selector)) => selector.strip_prefix(':') == Some(version),
        (Some(version), None) => version == number || !version.starts_with(|first: char| first.is_ascii_digit()),
    }
}

fn parameter(entry: Json<'_>, decrypt: bool) -> Result<SsmParameter, ServiceError> {
    let version = FORM.only(entry, "Version")?.and_then(|number| number.number());
    let version = version.ok_or_else(|| FORM.unexpected("no `Version`"))?;
    let secret = FORM.only(entry, "Value")?.and_then(|value| value.secret());
    let secret = secret.ok_or_else(|| FORM.unexpected("no `Value`"))?;
    let sealed = !decrypt && FORM.only(entry, "Type")?.is_some_and(|kind| kind.is("SecureString"));
    let created = FORM.only(entry, "LastModifiedDate")?.and_then(time);
    Ok(SsmParameter { value: SecretValue { created, ..SecretValue::plain(secret, version.to_string(), None) }, sealed })
}

/// The name with its version, as a call has it.
fn selected(wanted: &Wanted) -> String {
    wanted.version.as_ref().map_or_else(|| wanted.name.clone(), |version| format!("{}:{version}", wanted.name))
}

/// The error of a parameter that is not there. The service does not tell whether it is the name or the version.
pub(super) fn missing(wanted: Option<&Wanted>) -> ServiceError {
    let name = wanted.map(|wanted| words::tame(&wanted.name, 128)).unwrap_or_default();
    let (reason, next) = match wanted.and_then(|wanted| wanted.version.as_ref()) {
        Some(version) => {
            let reason = format!("`{name}` or its version `{}` is not there", words::tame(version, 64));
            (reason, "check the name, the version and the region: the last 100 versions are kept")
        }
        None => (
            format!("`{name}` is not there, in this region of this account"),
            "check the name, the region and whose credential it is: `cloze doctor` shows the account",
        ),
    };
    ServiceError::new(ServiceFault::NotFound, reason, next)
}

/// What a refusal is about.
pub(super) fn subject(wanted: Option<&Wanted>) -> Subject<'_> {
    Subject {
        service: ParameterStore,
        action: GET,
        name: wanted.map(|wanted| wanted.name.as_str()),
        version: wanted.and_then(|wanted| wanted.version.as_deref()),
    }
}

#[cfg(test)]
mod tests {
    use super::Wanted;
    use super::answers_to;
    use super::calls;

    #[test]
    fn no_call_has_a_name_twice() {
        let of = |name: &str, version: Option<&str>| Wanted { name: name.to_owned(), version: version.map(str::to_owned) };
        let mut wanted: Vec<Wanted> = (0..11).map(|number| of(&format!("/p{number}"), None)).collect();
        wanted.extend([of("/p0", Some("1")), of("/p0", Some("2")), of("/p1", Some("1"))]);
        assert_eq!(calls(&wanted), [vec![0, 1, 2, 3, 4, 5, 6, 7, 8, 9], vec![10], vec![11, 13], vec![12]]);
        assert_eq!(calls(&[]), Vec::<Vec<usize>>::new());
    }
    #[test]
    fn an_answer_is_of_the_version_that_was_asked_for() {
        let of = |version: Option<&str>| Wanted { name: "/a".to_owned(), version: version.map(str::to_owned) };
        for (version, selector, number) in [
            (None, None, "2"),
            (None, Some(""), "2"),
            (Some("2"), Some(":2"), "2"),
            (Some("2"), None, "2"),
            (Some("live"), Some(":live"), "2"),
            (Some("live"), None, "2"),
        ] {
            assert!(answers_to(&of(version), selector, number), "{version:?} {selector:?}");
        }
        for (version, selector) in
            [(None, Some(":2")), (Some("1"), Some(":2")), (Some("1"), None), (Some("live"), Some(":2")), (Some("2"), Some("2"))]
        {
            assert!(!answers_to(&of(version), selector, "2"), "{version:?} {selector:?}");
        }
    }
}
