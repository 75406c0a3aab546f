//! What is known of secrets and parameters without their values: whether they are there, and which versions.

use std::collections::BTreeMap;

use serde_json::Value as Body;
use serde_json::json;
use tokio::time::Instant;

use crate::clock::Timestamp;
use crate::identity::aws::Signer;
use crate::identity::renewal::Authenticated;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Reply;
use crate::service::json::Json;
use crate::service::words;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::aws::link::Link;
use crate::vault::aws::name;
use crate::vault::aws::parameters;
use crate::vault::aws::refusal::Refusal;
use crate::vault::aws::refusal::Subject;
use crate::vault::aws::secrets;
use crate::vault::aws::settings::Service;
use crate::vault::aws::settings::Service::ParameterStore;
use crate::vault::aws::settings::Service::SecretsManager;
use crate::vault::aws::value::Value;
use crate::vault::aws::value::Wanted;
use crate::vault::aws::value::list;
use crate::vault::aws::value::object;
use crate::vault::aws::value::only;
use crate::vault::aws::value::strange;
use crate::vault::aws::value::text;

/// The most pages of a list.
const PAGES: usize = 2000;
/// The most names, or prefixes, in a filter: of a list of secrets, of a description of parameters.
const NAMES: usize = 10;
pub(super) const PARAMETERS: usize = 50;

/// What describing tells.
#[derive(Debug)]
pub(super) enum Told {
    /// The answer to an ask.
    Answer(Result<SecretMetadata, ServiceError>),
    /// Nothing: the value has to be read to know.
    Nothing,
}

/// What `DescribeSecret` tells of each wanted version of one secret.
pub(super) async fn secret(link: &Link, wanted: &[&Wanted], until: Instant) -> Vec<Told> {
    let Some(first) = wanted.first() else { return Vec::new() };
    match describe(link, &first.name, until).await {
        Ok(Some(secret)) => wanted.iter().map(|wanted| secret.told(wanted)).collect(),
        Ok(None) => wanted.iter().map(|_| Told::Nothing).collect(),
        Err(Described::Refused(refusal)) => {
            wanted.iter().map(|wanted| Told::Answer(Err(refusal.error(secrets::subject(Some(wanted)))))).collect()
        }
        Err(Described::None(error)) => wanted.iter().map(|_| Told::Answer(Err(error.clone()))).collect(),
    }
}

/// Why there is no description.
enum Described {
    Refused(Refusal),
    None(ServiceError),
}

/// A secret's versions with their labels.
struct Secret {
    versions: Vec<(String, Vec<String>)>,
    deleted: bool,
}

async fn describe(link: &Link, id: &str, until: Instant) -> Result<Option<Secret>, Described> {
    let Authenticated { reply, token } =
        link.call("secretsmanager.DescribeSecret", &json!({ "SecretId": id }), until).await.map_err(Described::None)?;
    if let Some(redirect) = reply.redirect() {
        return Err(Described::None(redirect));
    }
    if reply.status != 200 {
        let refusal = Refusal::of(&reply, &*token);
        return if refusal.is_denial() { Ok(None) } else { Err(Described::Refused(refusal)) };
    }
    Secret::of(&reply, id).map(Some).map_err(Described::None)
}

impl Secret {
    fn of(reply: &Reply, id: &str) -> Result<Self, ServiceError> {
        let json = object(reply, SecretsManager)?;
        if text(json, if name::is_arn(id) { "ARN" } else { "Name" }, SecretsManager)? != id {
            return Err(strange(SecretsManager, "a secret that was not asked for"));
        }
        let versions = only(json, "VersionIdsToStages", SecretsManager)?.map(versions).unwrap_or_default();
        Ok(Self { versions, deleted: only(json, "DeletedDate", SecretsManager)?.is_some() })
    }

    fn told(&self, wanted: &Wanted) -> Told {
        let name = words::tame(&wanted.name, 128);
        if self.deleted {
            let next = "restore it, such as by `aws secretsmanager restore-secret`, or ask for another";
            return Told::Answer(Err(ServiceError::new(ServiceFault::Gone, format!("`{name}` is scheduled for deletion"), next)));
        }
        let labelled = |label: &str| self.versions.iter().find(|(_, labels)| labels.iter().any(|other| other == label));
        let found = match wanted.version.as_deref() {
            None => labelled("AWSCURRENT"),
            Some(version) if name::is_stage(version) => labelled(version),
            // A version without a label is not told of, and may be there.
            Some(version) => match self.versions.iter().find(|(id, _)| id == version) {
                Some(found) => Some(found),
                None => return Told::Nothing,
            },
        };
        let Some((id, labels)) = found else { return Told::Nothing };
        let current = Some(labels.iter().any(|label| label == "AWSCURRENT"));
        Told::Answer(Ok(SecretMetadata { version: id.clone(), current, not_before: None, expires: None, read: false }))
    }
}

/// The versions and their labels in a map such as `{"id": ["AWSCURRENT"]}`.
fn versions(map: Json<'_>) -> Vec<(String, Vec<String>)> {
    let labels = |list: Json<'_>| list.members().filter_map(|(_, label)| label.text()).collect();
    map.members().filter_map(|(id, list)| Some((id?.text()?, labels(list)))).collect()
}

/// What `DescribeParameters` tells of some parameters. What it does not tell is read without decryption.
pub(super) async fn parameters(link: &Link, wanted: &[&Wanted], until: Instant) -> Vec<Told> {
    let mut names: Vec<&str> = wanted.iter().map(|wanted| wanted.name.as_str()).collect();
    names.dedup();
    let filter = json!([{ "Key": "Name", "Option": "Equals", "Values": names }]);
    let mut latest: BTreeMap<String, u64> = BTreeMap::new();
    let outcome = pages(link, &DESCRIBE, json!({ "ParameterFilters": filter }), until, |entry| {
        let version = only(entry, "Version", ParameterStore)?.and_then(|number| number.number());
        latest.insert(text(entry, "Name", ParameterStore)?, version.ok_or_else(|| strange(ParameterStore, "no `Version`"))?);
        Ok(())
    })
    .await;
    let told = |wanted: &&Wanted| {
        let Some(latest) = latest.get(&wanted.name) else { return Told::Answer(Err(parameters::missing(Some(wanted)))) };
        let number = wanted.version.as_ref().map_or(Some(*latest), |version| version.parse().ok());
        match number {
            Some(number) if number == *latest => {
                let current = if wanted.version.is_none() { Some(true) } else { None };
                Told::Answer(Ok(SecretMetadata { version: number.to_string(), current, not_before: None, expires: None, read: false }))
            }
            Some(number) if number > *latest => Told::Answer(Err(parameters::missing(Some(wanted)))),
            // An older one may have been dropped, a label may be on any.
            _ => Told::Nothing,
        }
    };
    let mut all: Vec<Told> = match outcome {
        Ok(()) => wanted.iter().map(told).collect(),
        Err(error) if error.fault == ServiceFault::Denied => wanted.iter().map(|_| Told::Nothing).collect(),
        Err(error) => wanted.iter().map(|_| Told::Answer(Err(error.clone()))).collect(),
    };
    let places: Vec<usize> = (0..all.len()).filter(|place| matches!(all[*place], Told::Nothing)).collect();
    let rest: Vec<Wanted> = places.iter().map(|place| wanted[*place].clone()).collect();
    for call in parameters::calls(&rest) {
        let some: Vec<&Wanted> = call.iter().map(|index| &rest[*index]).collect();
        for (index, value) in call.iter().zip(parameters::read(link, &some, false, until).await) {
            all[places[*index]] = Told::Answer(value.map(|value| {
                let Value { version, current, sealed, .. } = value;
                SecretMetadata { version, current, not_before: None, expires: None, read: !sealed }
            }));
        }
    }
    all
}

/// An operation that lists.
struct Listing {
    service: Service,
    operation: &'static str,
    action: &'static str,
    field: &'static str,
    size: usize,
}

const LIST: Listing = Listing {
    service: SecretsManager,
    operation: "secretsmanager.ListSecrets",
    action: "secretsmanager:ListSecrets",
    field: "SecretList",
    size: 100,
};
const DESCRIBE: Listing = Listing {
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
            let name = text(entry, "Name", link.service)?;
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
            let versions = only(entry, "SecretVersionsToStages", service)?.map(versions).unwrap_or_default();
            let current = versions.into_iter().find(|(_, labels)| labels.iter().any(|label| label == "AWSCURRENT"));
            let removed = only(entry, "DeletedDate", service)?.is_some();
            ListedSecret { name, version: current.map(|(id, _)| id), created: None, removed }
        }
        ParameterStore => {
            let version = only(entry, "Version", service)?.and_then(|number| number.number()).map(|number| number.to_string());
            ListedSecret { name, version, created: only(entry, "LastModifiedDate", service)?.and_then(time), removed: false }
        }
    })
}

/// Seconds since 1970, with a fraction.
fn time(number: Json<'_>) -> Option<Timestamp> {
    let text = number.source();
    let whole = text.expose_text()?.split('.').next()?.parse().ok()?;
    Some(Timestamp(whole))
}

/// Whether listing is allowed, by its first page.
pub(super) async fn try_list(link: &Link, until: Instant) -> Result<(), Option<ServiceError>> {
    let listing = if link.service == SecretsManager { &LIST } else { &DESCRIBE };
    let answered = link.call(listing.operation, &json!({ "MaxResults": 1 }), until).await.map_err(Some)?;
    match page(listing, &answered) {
        Ok(_) => Ok(()),
        Err(error) if error.fault == ServiceFault::Denied => Err(None),
        Err(error) => Err(Some(error)),
    }
}

/// Calls `each` for all entries, page by page.
async fn pages(
    link: &Link,
    listing: &Listing,
    mut request: Body,
    until: Instant,
    mut each: impl FnMut(Json<'_>) -> Result<(), ServiceError>,
) -> Result<(), ServiceError> {
    request["MaxResults"] = json!(listing.size);
    for _ in 0..PAGES {
        let answered = link.call(listing.operation, &request, until).await?;
        let json = page(listing, &answered)?;
        list(json, listing.field, listing.service)?.into_iter().try_for_each(&mut each)?;
        match only(json, "NextToken", listing.service)?.and_then(|token| token.text()).filter(|token| !token.is_empty()) {
            None => return Ok(()),
            Some(token) if request["NextToken"] == token => return Err(strange(listing.service, "a page that leads to itself")),
            Some(token) => request["NextToken"] = json!(token),
        }
    }
    let reason = format!("the list has more than {PAGES} pages");
    Err(ServiceError::new(ServiceFault::Unsupported, reason, "limit the vault to prefixes in the project file"))
}

/// The body of a page.
fn page<'r>(listing: &Listing, answered: &'r Authenticated<Signer>) -> Result<Json<'r>, ServiceError> {
    let Authenticated { reply, token } = answered;
    if let Some(redirect) = reply.redirect() {
        return Err(redirect);
    }
    if reply.status != 200 {
        let subject = Subject { service: listing.service, action: listing.action, name: None, version: None };
        return Err(Refusal::of(reply, &**token).error(subject));
    }
    let json = object(reply, listing.service)?;
    match only(json, listing.field, listing.service)? {
        Some(_) => Ok(json),
        None => Err(strange(listing.service, &format!("no `{}`", listing.field))),
    }
}
