//! AWS Secrets Manager: current values in batches of 20, pinned versions one by one
//! (docs.aws.amazon.com/secretsmanager/latest/apireference).

use std::sync::atomic::Ordering;

use futures::future::join_all;
use serde_json::json;
use tokio::time::Instant;

use crate::identity::aws::Signer;
use crate::service::ServiceError;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::vault::SecretValue;
use crate::vault::answer::AnswerForm;
use crate::vault::aws::link::Link;
use crate::vault::aws::link::RequestFailure;
use crate::vault::aws::name;
use crate::vault::aws::refusal::Refusal;
use crate::vault::aws::refusal::Subject;
use crate::vault::aws::settings::Service::SecretsManager;
use crate::vault::aws::time::time;
use crate::vault::aws::wanted::Wanted;
use crate::vault::binary;

/// The most secrets in a batch.
const BATCH: usize = 20;
/// The action that reads a secret.
const GET: &str = "secretsmanager:GetSecretValue";
const FORM: AnswerForm = SecretsManager.form();

/// Which of the wanted are read by the same call. A batch has current versions only, and names; who asks by ARN is answered alone.
pub(super) fn calls(wanted: &[Wanted]) -> Vec<Vec<usize>> {
    let batched = |index: &usize| wanted[*index].version.is_none() && !name::is_arn(&wanted[*index].name);
    let (together, alone): (Vec<usize>, Vec<usize>) = (0..wanted.len()).partition(batched);
    together.chunks(BATCH).map(<[usize]>::to_vec).chain(alone.into_iter().map(|index| vec![index])).collect()
}

/// Reads the wanted with the same call.
pub(super) async fn read(link: &Link, wanted: &[&Wanted], until: Instant) -> Vec<Result<SecretValue, ServiceError>> {
    if wanted.len() == 1 || link.alone.load(Ordering::Relaxed) {
        return each(link, wanted, until).await;
    }
    let names: Vec<&str> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    link.batch_turn().await;
    let answered = match link.call("secretsmanager.BatchGetSecretValue", &json!({ "SecretIdList": names }), until).await {
        Ok(answered) => answered,
        // To read each may be allowed where to read many at once is not.
        Err(RequestFailure::Refused(refusal)) if !refusal.is_of_credential() && !refusal.passes() => {
            if refusal.is_denial() || refusal.is_unknown_operation() {
                link.alone.store(true, Ordering::Relaxed);
            }
            return each(link, wanted, until).await;
        }
        Err(failure) => return wanted.iter().map(|wanted| Err(failure.of(subject(Some(wanted))))).collect(),
    };
    let outcomes = match batch(&answered.reply, wanted, &answered.token) {
        Ok(outcomes) => outcomes,
        Err(error) => return wanted.iter().map(|_| Err(error.clone())).collect(),
    };
    let again: Vec<&Wanted> =
        wanted.iter().zip(&outcomes).filter(|(_, outcome)| matches!(outcome, BatchOutcome::Again)).map(|(wanted, _)| *wanted).collect();
    let mut again = each(link, &again, until).await.into_iter();
    let unread = || FORM.unexpected("a secret was left out");
    outcomes
        .into_iter()
        .map(|outcome| match outcome {
            BatchOutcome::Read(value) => Ok(value),
            BatchOutcome::Refused(error) => Err(error),
            BatchOutcome::Again => again.next().unwrap_or_else(|| Err(unread())),
        })
        .collect()
}

/// What a batch says of one secret.
enum BatchOutcome {
    Read(SecretValue),
    Refused(ServiceError),
    /// It says nothing that lasts.
    Again,
}

fn batch(reply: &Reply, wanted: &[&Wanted], signer: &Signer) -> Result<Vec<BatchOutcome>, ServiceError> {
    let json = FORM.object(&reply.body)?;
    let mut outcomes: Vec<Option<BatchOutcome>> = wanted.iter().map(|_| None).collect();
    let mut note = |names: &[Option<&str>], outcome: BatchOutcome| {
        let place = names.iter().flatten().find_map(|name| wanted.iter().position(|wanted| wanted.name == **name));
        let place = place.ok_or_else(|| FORM.unexpected("a secret that was not asked for"))?;
        match outcomes[place].replace(outcome) {
            None => Ok(()),
            Some(_) => Err(FORM.unexpected("a secret that was answered twice")),
        }
    };
    for entry in FORM.list(json, "SecretValues")? {
        let name = FORM.text(entry, "Name")?;
        note(&[Some(&name)], BatchOutcome::Read(value(entry, None)?))?;
    }
    for entry in FORM.list(json, "Errors")? {
        let id = FORM.text(entry, "SecretId")?;
        let refusal = Refusal::of_entry(entry, signer).ok_or_else(|| FORM.unexpected("no `ErrorCode`"))?;
        // The error may name the secret by its ARN.
        let names = [Some(id.as_str()), name::of_arn(&id)];
        let known = wanted.iter().find(|wanted| names.contains(&Some(wanted.name.as_str()))).copied();
        let outcome = if refusal.passes() { BatchOutcome::Again } else { BatchOutcome::Refused(refusal.error(subject(known))) };
        note(&names, outcome)?;
    }
    let more = FORM.only(json, "NextToken")?.is_some();
    let unread = || if more { Ok(BatchOutcome::Again) } else { Err(FORM.unexpected("a secret was left out")) };
    outcomes.into_iter().map(|outcome| outcome.map_or_else(unread, Ok)).collect()
}

/// Reads each by a call of its own.
async fn each(link: &Link, wanted: &[&Wanted], until: Instant) -> Vec<Result<SecretValue, ServiceError>> {
    join_all(wanted.iter().map(|wanted| one(link, wanted, until))).await
}

async fn one(link: &Link, wanted: &Wanted, until: Instant) -> Result<SecretValue, ServiceError> {
    let mut body = json!({ "SecretId": wanted.name });
    if let Some(version) = &wanted.version {
        body[if name::is_stage(version) { "VersionStage" } else { "VersionId" }] = json!(version);
    }
    let answered = link.call("secretsmanager.GetSecretValue", &body, until).await;
    let reply = answered.map_err(|failure| failure.of(subject(Some(wanted))))?.reply;
    let json = FORM.object(&reply.body)?;
    let field = if name::is_arn(&wanted.name) { "ARN" } else { "Name" };
    if FORM.text(json, field)? != wanted.name {
        return Err(FORM.unexpected("a secret that was not asked for"));
    }
    value(json, wanted.version.as_deref())
}

/// The value in an entry, which has to be of `version` if one is pinned.
fn value(entry: Json<'_>, version: Option<&str>) -> Result<SecretValue, ServiceError> {
    let id = FORM.text(entry, "VersionId")?;
    let stages: Vec<String> = FORM.list(entry, "VersionStages")?.into_iter().filter_map(|stage| stage.text()).collect();
    let pinned = version.filter(|version| !name::is_stage(version));
    if pinned.is_some_and(|pinned| pinned != id) {
        return Err(FORM.unexpected("a version that was not asked for"));
    }
    let plain = FORM.only(entry, "SecretString")?;
    let encoded = FORM.only(entry, "SecretBinary")?;
    let secret = match (plain, encoded) {
        (Some(plain), None) => plain.secret().ok_or_else(|| FORM.unexpected("`SecretString` is not text"))?,
        (None, Some(encoded)) => {
            encoded.secret().and_then(|text| binary::decoded(&text)).ok_or_else(|| FORM.unexpected("`SecretBinary` is not base64"))?
        }
        (None, None) => return Err(FORM.unexpected("neither `SecretString` nor `SecretBinary`")),
        (Some(_), Some(_)) => return Err(FORM.unexpected("both `SecretString` and `SecretBinary`")),
    };
    let current = version.is_none() || stages.iter().any(|stage| stage == "AWSCURRENT");
    let created = FORM.only(entry, "CreatedDate")?.and_then(time);
    Ok(SecretValue { created, ..SecretValue::plain(secret, id, Some(current)) })
}

/// What a refusal is about.
pub(super) fn subject(wanted: Option<&Wanted>) -> Subject<'_> {
    Subject {
        service: SecretsManager,
        action: GET,
        name: wanted.map(|wanted| wanted.name.as_str()),
        version: wanted.and_then(|wanted| wanted.version.as_deref()),
    }
}
