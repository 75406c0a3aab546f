//! What is known of secrets and parameters without their values: whether they are there, and which versions.

use std::collections::BTreeMap;

use serde_json::Value as Body;
use serde_json::json;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::words;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::answer::AnswerForm;
use crate::vault::aws::link::Link;
use crate::vault::aws::link::RequestFailure;
use crate::vault::aws::name;
use crate::vault::aws::parameters;
use crate::vault::aws::refusal::Subject;
use crate::vault::aws::secrets;
use crate::vault::aws::settings::Service;
use crate::vault::aws::settings::Service::ParameterStore;
use crate::vault::aws::settings::Service::SecretsManager;
use crate::vault::aws::time::time;
use crate::vault::aws::wanted::Wanted;
use crate::vault::silent;

/// The most pages of a list.
const PAGES: usize = 2000;
const SECRETS: AnswerForm = SecretsManager.form();
const PARAMETER_STORE: AnswerForm = ParameterStore.form();
/// The most names, or prefixes, in a filter: of a list of secrets, of a description of parameters.
const NAMES: usize = 10;
pub(super) const PARAMETERS: usize = 50;

/// What describing tells.
#[derive(Debug)]
pub(super) enum Status {
    /// The answer to an ask.
    Answer(Result<SecretMetadata, ServiceError>),
    /// Nothing: the value has to be read to know.
    Nothing,
}

impl Status {
    /// The same where a value may be read if it may not be described.
    pub(super) fn or_read(self) -> Self {
        match self {
            Self::Answer(Err(error)) if error.fault == ServiceFault::Denied => Self::Nothing,
            other => other,
        }
    }

    /// The same where no value is read.
    pub(super) fn alone(self) -> Result<SecretMetadata, ServiceError> {
        match self {
            Self::Answer(answer) => answer,
            Self::Nothing => Err(silent("AWS")),
        }
    }
}

/// What `DescribeSecret` tells of each wanted version of one secret.
pub(super) async fn secret(link: &Link, wanted: &[&Wanted], until: Instant) -> Vec<Status> {
    let Some(first) = wanted.first() else { return Vec::new() };
    let subject = |wanted| Subject { action: "secretsmanager:DescribeSecret", ..secrets::subject(Some(wanted)) };
    let failed = |failure: &RequestFailure| wanted.iter().map(|wanted| Status::Answer(Err(failure.of(subject(wanted))))).collect();
    match link.call("secretsmanager.DescribeSecret", &json!({ "SecretId": first.name }), until).await {
        Ok(answered) => match SecretVersions::of(&answered.reply, &first.name) {
            Ok(secret) => wanted.iter().map(|wanted| secret.status(wanted)).collect(),
            Err(error) => failed(&RequestFailure::Error(error)),
        },
        Err(failure) => failed(&failure),
    }
}

/// A secret's versions with their labels.
struct SecretVersions {
    versions: Vec<(String, Vec<String>)>,
    deleted: bool,
}

impl SecretVersions {
    fn of(reply: &Reply, id: &str) -> Result<Self, ServiceError> {
        let json = SECRETS.object(&reply.body)?;
        if SECRETS.text(json, if name::is_arn(id) { "ARN" } else { "Name" })? != id {
            return Err(SECRETS.unexpected("a secret that was not asked for"));
        }
        let versions = SECRETS.only(json, "VersionIdsToStages")?.map(versions).unwrap_or_default();
        Ok(Self { versions, deleted: SECRETS.only(json, "DeletedDate")?.is_some() })
    }

    fn status(&self, wanted: &Wanted) -> Status {
        let name = words::tame(&wanted.name, 128);
        if self.deleted {
            let next = "restore it, such as by `aws secretsmanager restore-secret`, or ask for another";
            return Status::Answer(Err(ServiceError::new(ServiceFault::Gone, format!("`{name}` is scheduled for deletion"), next)));
        }
        let labelled = |label: &str| self.versions.iter().find(|(_, labels)| labels.iter().any(|other| other == label));
        let found = match wanted.version.as_deref() {
            None => labelled("AWSCURRENT"),
            Some(version) if name::is_stage(version) => labelled(version),
            // A version without a label is not listed, and may be there.
            Some(version) => match self.versions.iter().find(|(id, _)| id == version) {
                Some(found) => Some(found),
                None => return Status::Nothing,
            },
        };
        let Some((id, labels)) = found else { return Status::Nothing };
        let current = Some(labels.iter().any(|label| label == "AWSCURRENT"));
        Status::Answer(Ok(SecretMetadata::new(&**id, current)))
    }
}

/// The versions and their labels in a map such as `{"id": ["AWSCURRENT"]}`.
fn versions(map: Json<'_>) -> Vec<(String, Vec<String>)> {
    let labels = |list: Json<'_>| list.members().filter_map(|(_, label)| label.text()).collect();
    map.members().filter_map(|(id, list)| Some((id?.text()?, labels(list)))).collect()
}

/// What `DescribeParameters` tells of some parameters. What it does not tell is read without decryption.
pub(super) async fn parameters(link: &Link, wanted: &[&Wanted], until: Instant) -> Vec<Status> {
    let mut all: Vec<Status> = described(link, wanted, until).await.into_iter().map(Status::or_read).collect();
    let places: Vec<usize> = (0..all.len()).filter(|place| matches!(all[*place], Status::Nothing)).collect();
    let rest: Vec<Wanted> = places.iter().map(|place| wanted[*place].clone()).collect();
    for call in parameters::calls(&rest) {
        let some: Vec<&Wanted> = call.iter().map(|index| &rest[*index]).collect();
        for (index, value) in call.iter().zip(parameters::read(link, &some, false, until).await) {
            all[places[*index]] =
                Status::Answer(value.map(|parameter| SecretMetadata { read: !parameter.sealed, ..SecretMetadata::from(&parameter.value) }));
        }
    }
    all
}

/// The same, and nothing is read.
pub(super) async fn described(link: &Link, wanted: &[&Wanted], until: Instant) -> Vec<Status> {
    let mut names: Vec<&str> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    names.dedup();
    let filter = json!([{ "Key": "Name", "Option": "Equals", "Values": names }]);
    let mut latest: BTreeMap<String, (u64, Option<Timestamp>)> = BTreeMap::new();
    let outcome = pages(link, &DESCRIBE, json!({ "ParameterFilters": filter }), until, |entry| {
        let version = PARAMETER_STORE.only(entry, "Version")?.and_then(|number| number.number());
        let version = version.ok_or_else(|| PARAMETER_STORE.unexpected("no `Version`"))?;
        let modified = PARAMETER_STORE.only(entry, "LastModifiedDate")?.and_then(time);
        latest.insert(PARAMETER_STORE.text(entry, "Name")?, (version, modified));
        Ok(())
    })
    .await;
    if let Err(error) = outcome {
        return wanted.iter().map(|_| Status::Answer(Err(error.clone()))).collect();
    }
    let status = |wanted: &&Wanted| {
        let Some((latest, created)) = latest.get(&wanted.name) else { return Status::Answer(Err(parameters::missing(Some(wanted)))) };
        let number = wanted.version.as_ref().map_or(Some(*latest), |version| version.parse().ok());
        match number {
            Some(number) if number == *latest => {
                let current = if wanted.version.is_none() { Some(true) } else { None };
                Status::Answer(Ok(SecretMetadata { created: *created, ..SecretMetadata::new(number.to_string(), current) }))
            }
            Some(number) if number > *latest => Status::Answer(Err(parameters::missing(Some(wanted)))),
            // An older one may have been dropped, a label may be on any.
            _ => Status::Nothing,
        }
    };
    wanted.iter().map(status).collect()
}

/// An operation that lists.
struct ListOperation {
    service: Service,
    operation: &'static str,
    action: &'static str,
    field: &'static str,
    size: usize,
}

const LIST: ListOperation = ListOperation {
    service: SecretsManager,
    operation: "secretsmanager.ListSecrets",
    action: "secretsmanager:ListSecrets",
    field: "SecretList",
    size: 100,
};
const DESCRIBE: ListOperation = ListOperation {
    service: ParameterStore,
    operation: "AmazonSSM.DescribeParameters",
    action: "ssm:DescribeParameters",
    field: "Parameters",
    size: 50,
};

/// All that is listed and that `names` allow, by name.
pub(super) async fn all(link: &Link, names: &NameRule, until: Instant) -> Result<Vec<ListedSecret>, ServiceError> {
    let prefixes = names.prefixes();
    let mut found = BTreeMap::new();
    let mut requests = Vec::new();
    match link.service {
        SecretsManager if prefixes.is_empty() => requests.push(json!({ "IncludePlannedDeletion": true })),
        SecretsManager => requests.extend(
            prefixes.chunks(NAMES).map(|some| json!({ "IncludePlannedDeletion": true, "Filters": [{ "Key": "name", "Values": some }] })),
        ),
        ParameterStore if prefixes.is_empty() => requests.push(json!({})),
        ParameterStore => {
            // A name of one segment has no slash before it, or has one.
            let both: Vec<String> = prefixes.iter().flat_map(|prefix| [format!("/{prefix}"), prefix.clone()]).collect();
            let filter = |some: &[String]| json!({ "ParameterFilters": [{ "Key": "Name", "Option": "BeginsWith", "Values": some }] });
            requests.extend(both.chunks(PARAMETERS).map(filter));
        }
    }
    let listing = if link.service == SecretsManager { &LIST } else { &DESCRIBE };
    for request in requests {
        pages(link, listing, request, until, |entry| {
            let name = link.service.form().text(entry, "Name")?;
            if names.check(&name).is_ok() {
                found.insert(name.clone(), listed(entry, name, link.service)?);
            }
            Ok(())
        })
        .await?;
    }
    Ok(found.into_values().collect())
}

fn listed(entry: Json<'_>, name: String, service: Service) -> Result<ListedSecret, ServiceError> {
    Ok(match service {
        SecretsManager => {
            let versions = service.form().only(entry, "SecretVersionsToStages")?.map(versions).unwrap_or_default();
            let current = versions.into_iter().find(|(_, labels)| labels.iter().any(|label| label == "AWSCURRENT"));
            let removed = service.form().only(entry, "DeletedDate")?.is_some();
            ListedSecret { version: current.map(|(id, _)| id), removed, ..ListedSecret::named(name) }
        }
        ParameterStore => {
            let version = service.form().only(entry, "Version")?.and_then(|number| number.number()).map(|number| number.to_string());
            ListedSecret { name, version, created: service.form().only(entry, "LastModifiedDate")?.and_then(time), removed: false }
        }
    })
}

/// Whether listing is allowed, by its first page.
pub(super) async fn try_list(link: &Link, until: Instant) -> Result<(), Option<ServiceError>> {
    let listing = if link.service == SecretsManager { &LIST } else { &DESCRIBE };
    match page(link, listing, &json!({ "MaxResults": 1 }), until).await.and_then(|reply| listing.read(&reply).map(drop)) {
        Err(error) if error.fault == ServiceFault::Denied => Err(None),
        outcome => outcome.map_err(Some),
    }
}

/// Calls `each` for all entries, page by page.
async fn pages(
    link: &Link,
    listing: &ListOperation,
    mut request: Body,
    until: Instant,
    mut each: impl FnMut(Json<'_>) -> Result<(), ServiceError>,
) -> Result<(), ServiceError> {
    request["MaxResults"] = json!(listing.size);
    for _ in 0..PAGES {
        let reply = page(link, listing, &request, until).await?;
        let (json, entries) = listing.read(&reply)?;
        entries.into_iter().try_for_each(&mut each)?;
        let form = listing.service.form();
        match form.only(json, "NextToken")?.and_then(|token| token.text()).filter(|token| !token.is_empty()) {
            None => return Ok(()),
            Some(token) if request["NextToken"] == token => return Err(form.unexpected("a page that leads to itself")),
            Some(token) => request["NextToken"] = json!(token),
        }
    }
    let reason = format!("the list has more than {PAGES} pages");
    Err(ServiceError::new(ServiceFault::Unsupported, reason, "limit the vault to prefixes in the project file"))
}

async fn page(link: &Link, listing: &ListOperation, request: &Body, until: Instant) -> Result<Reply, ServiceError> {
    let subject = Subject { service: listing.service, action: listing.action, name: None, version: None };
    link.call(listing.operation, request, until).await.map(|answered| answered.reply).map_err(|failure| failure.of(subject))
}

impl ListOperation {
    /// A page and its entries.
    fn read<'r>(&self, reply: &'r Reply) -> Result<(Json<'r>, Vec<Json<'r>>), ServiceError> {
        let form = self.service.form();
        let json = form.object(&reply.body)?;
        if form.only(json, self.field)?.is_none() {
            return Err(form.unexpected(&format!("no `{}`", self.field)));
        }
        Ok((json, form.list(json, self.field)?))
    }
}
