//! Google Secret Manager, version 1 of its REST interface (docs.cloud.google.com/secret-manager/docs/reference/rest).
//!
//! Each distinct name and version is read once, whatever number of its fields is asked for. Every value is checked against the CRC-32C
//! (RFC 3720 appendix B.4) that comes with it, and is asked for once more when it was damaged. A version is a number or an alias; what is
//! recorded is the number that the answer names. `latest` is no pin.
//!
//! Tokens go to the configured origin only: no redirect is followed.

mod answer;
mod place;
mod refusal;
mod settings;

pub(crate) use place::is_service;
pub use settings::Settings;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use tokio::time::Instant;

use crate::blank::SecretRef;
use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::google::Login;
use crate::identity::google::LoginParts;
use crate::identity::renewal;
use crate::identity::renewal::Authenticated;
use crate::secret::Secret;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::HttpClient;
use crate::service::http::Rate;
use crate::service::http::Reply;
use crate::service::http::RequestLimits;
use crate::service::http::connectivity;
use crate::vault::CallPlan;
use crate::vault::Close;
use crate::vault::Diagnose;
use crate::vault::ListSecrets;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;
use crate::vault::batch::Batch;
use crate::vault::gcp::answer::VersionState;
use crate::vault::gcp::place::SecretsParent;
use crate::vault::gcp::refusal::Subject;
use crate::vault::name;
use crate::vault::name_rule::Cover;

/// The quotas of a project, a minute (docs.cloud.google.com/secret-manager/quotas): reading values, and everything else that reads.
const ACCESSES: Rate = Rate { calls: 90_000, per: Duration::from_mins(1) };
const READS: Rate = Rate { calls: 600, per: Duration::from_mins(1) };
/// Secrets on a page, and the most pages.
const PAGE: usize = 250;
const PAGES: usize = 1000;

const ACCESS: &str = "secretmanager.versions.access";

/// The secrets of a project.
#[derive(Debug)]
pub struct GcpVault {
    place: SecretsParent,
    names: NameRule,
    login: Login,
    parallel: usize,
    deadline: Duration,
    /// For values.
    values: HttpClient,
    /// For everything else, which has a quota of its own.
    facts: HttpClient,
    clock: Arc<dyn Clock>,
}

/// Distinct names and versions.
type Wanted<'a> = (&'a str, Option<&'a str>);

impl GcpVault {
    /// The secrets that `settings` name. Nothing is sent here.
    ///
    /// # Errors
    /// A project, location or endpoint that cannot be one, and a machine without CA certificates.
    pub fn new(settings: Settings, entropy: Arc<dyn Entropy>, clock: Arc<dyn Clock>) -> Result<Self, ServiceError> {
        let Settings { project, location, endpoint, credentials, environment, prefixes, transport, limits } = settings;
        let place = SecretsParent::new(&project, location.as_deref(), endpoint.as_deref()).map_err(|reason| {
            ServiceError::new(ServiceFault::Unavailable, reason, "correct the vault's settings; `gcloud projects list` names the projects")
        })?;
        let names = names(&prefixes)?;
        let (parallel, deadline) = (limits.parallel, limits.deadline);
        let rated = |rate: Rate| RequestLimits { rate: limits.rate.or(Some(rate)), ..limits.clone() };
        let values = HttpClient::new(place.base().url(), &transport, &rated(ACCESSES), Arc::clone(&entropy))?;
        let facts = HttpClient::new(place.base().url(), &transport, &rated(READS), entropy)?;
        let parts = LoginParts {
            environment,
            local: place.base().is_local(),
            transport: transport.anonymous(),
            meter: limits.meter,
            clock: Arc::clone(&clock),
        };
        Ok(Self { place, names, login: Login::new(credentials, parts), parallel, deadline, values, facts, clock })
    }

    fn subject<'s>(&'s self, (name, version): Wanted<'s>, permission: &'s str) -> Subject<'s> {
        Subject { project: self.place.project(), name: Some(name), version, permission }
    }

    /// What an ask is for, if it can be asked at all.
    fn wanted<'a>(&self, ask: &'a SecretRef) -> Result<Wanted<'a>, ServiceError> {
        self.names.checked(&ask.name)?;
        ask.version.as_deref().map_or(Ok(()), place::check_version)?;
        Ok((&ask.name, ask.version.as_deref()))
    }

    /// The answer to `call`, which is about `subject`.
    async fn ask(&self, client: &HttpClient, call: &Call, subject: Subject<'_>, until: Instant) -> Result<Reply, ServiceError> {
        let Authenticated { reply, token } = renewal::ask(&self.login, client, call, until).await?;
        if reply.status == 200 { Ok(reply) } else { Err(refusal::refusal(&reply, subject, &*token)) }
    }

    /// A value, asked for once more when it was damaged.
    async fn read(&self, wanted: Wanted<'_>, until: Instant) -> Result<SecretValue, ServiceError> {
        let (name, version) = wanted;
        let subject = self.subject(wanted, ACCESS);
        for _ in 0..2 {
            let call = Call::get(self.place.version(name, version, Some("access")).map_err(name::refused)?);
            let reply = self.ask(&self.values, &call, subject, until).await?;
            if let Some(value) = answer::value(&reply.body, &self.place, name, version)? {
                return Ok(value);
            }
        }
        Err(refusal::damaged(subject))
    }

    /// What is known of a version, whether or not its value may be read.
    async fn described(&self, wanted: Wanted<'_>, until: Instant) -> Result<SecretMetadata, ServiceError> {
        let (name, version) = wanted;
        let call = Call::get(self.place.version(name, version, None).map_err(name::refused)?);
        let reply = self.ask(&self.facts, &call, self.subject(wanted, "secretmanager.versions.get"), until).await?;
        let (found, state) = answer::state(&reply.body, &self.place, name, version)?;
        if state == VersionState::Enabled {
            return Ok(found);
        }
        Err(self.subject(wanted, ACCESS).gone(state == VersionState::Destroyed, ""))
    }

    /// What is known of a version that could be read, without reading it.
    async fn look(&self, wanted: Wanted<'_>, until: Instant) -> Result<SecretMetadata, ServiceError> {
        let (name, _) = wanted;
        let found = self.described(wanted, until).await?;
        let subject = self.subject(wanted, ACCESS);
        // Who may see a version may not always read it.
        let question = Secret::copy_of(format!("{{\"permissions\":[\"{ACCESS}\"]}}").as_bytes());
        let call = Call::post(self.place.permissions(name).map_err(name::refused)?, "application/json", question);
        let reply = self.ask(&self.facts, &call, subject, until).await?;
        if answer::allows(&reply.body, ACCESS)? { Ok(found) } else { Err(subject.denied("")) }
    }

    /// What is known of a version. Where only its value may be read, or more was asked than the quota allows, the value is read.
    async fn probed(&self, wanted: Wanted<'_>, read: bool, until: Instant) -> Result<ProbeAnswer, ServiceError> {
        if !read {
            match self.look(wanted, until).await {
                Ok(found) => return Ok(ProbeAnswer::Seen(found)),
                Err(error) if matches!(error.fault, ServiceFault::Denied | ServiceFault::RateLimited) => {}
                Err(error) => return Err(error),
            }
        }
        self.read(wanted, until).await.map(ProbeAnswer::Read)
    }

    /// How many versions can be looked at, with two requests each, within half of the deadline.
    fn looks(&self) -> usize {
        let calls = f64::from(READS.calls) * (0.1 + self.deadline.as_secs_f64() / 2.0 / READS.per.as_secs_f64());
        // A count of requests, which is small and positive.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of requests is small and positive")]
        let looks = (calls / 2.0) as usize;
        looks
    }

    async fn page(&self, after: &str, size: usize, until: Instant) -> Result<(Vec<String>, Option<String>), ServiceError> {
        let call = Call::get(self.place.list(size, after).map_err(name::refused)?);
        let subject = Subject { project: self.place.project(), name: None, version: None, permission: "secretmanager.secrets.list" };
        let reply = self.ask(&self.facts, &call, subject, until).await?;
        answer::page(&reply.body, &self.place)
    }

    /// Whether the identity may ask this project for anything.
    async fn may(&self) -> Diagnostic {
        match self.page("", 1, self.facts.until()).await {
            Ok(_) => {
                Diagnostic::good(DiagnosticStep::Permission, format!("may list the secrets of the project `{}`", self.place.project()))
            }
            // Reading does not need it; the other kinds of 403 have other words.
            Err(error) if error.fault == ServiceFault::Denied && error.reason.starts_with("the identity lacks") => {
                Diagnostic::good(DiagnosticStep::Permission, "may not list secrets; `cloze check --online` shows whether it may read them")
            }
            Err(error) => Diagnostic::bad(DiagnosticStep::Permission, error),
        }
    }
}

/// What a probe found.
#[derive(Debug)]
enum ProbeAnswer {
    Seen(SecretMetadata),
    Read(SecretValue),
}

fn found(probed: &ProbeAnswer, key: Option<&str>) -> Result<SecretMetadata, ServiceError> {
    match probed {
        ProbeAnswer::Read(value) => value.of_key(key).map(|value| SecretMetadata::from(&value)),
        ProbeAnswer::Seen(found) => Ok(found.clone()),
    }
}

/// Which names the secrets of a project can have.
///
/// # Errors
/// A prefix that cannot be one.
pub fn names(prefixes: &[String]) -> Result<NameRule, ServiceError> {
    NameRule::new(|name| place::NAME.check(name), Cover::Start, prefixes)
}

impl fmt::Display for GcpVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Google Secret Manager, project {}", self.place.project())?;
        self.place.location().map_or(Ok(()), |location| write!(f, " in {location}"))
    }
}

#[async_trait]
impl Vault for GcpVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.names.check(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        let until = self.values.until();
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        let reads: Vec<_> = batch.wanted().map(|wanted| self.read(*wanted, until)).collect();
        let reads = join_all(reads).await;
        batch.collect(reads, SecretValue::of_key)
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        let distinct = CallPlan::distinct(asks);
        let ahead = usize::from(!asks.is_empty() && !self.login.is_ready());
        CallPlan { secrets: distinct, calls: distinct, ahead, parallel: self.parallel }
    }

    /// A value is read where a field of it is asked for, where nothing but the value may be seen, and where there are more than Google
    /// lets one look at in the time there is.
    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.values.until();
        let until = self.facts.until();
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        let mut looks = self.looks();
        let pending = batch.keyed().map(|(wanted, keys)| {
            let read = looks == 0 || keys.iter().any(Option::is_some);
            looks -= usize::from(!read);
            self.probed(*wanted, read, until)
        });
        let pending: Vec<_> = pending.collect();
        let probed = join_all(pending).await;
        batch.collect(probed, found)
    }
}

#[async_trait]
impl ListSecrets for GcpVault {
    /// Names outside the prefixes are left out.
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        let until = self.facts.until();
        let mut names = BTreeSet::new();
        let mut token = String::new();
        for _ in 0..PAGES {
            let (page, next) = self.page(&token, PAGE, until).await?;
            names.extend(page.into_iter().filter(|name| self.check_name(name).is_ok()));
            match next {
                Some(next) => token = next,
                None => return Ok(names.into_iter().map(ListedSecret::named).collect()),
            }
        }
        let reason = format!("the project has more than {} secrets", PAGE * PAGES);
        Err(ServiceError::new(ServiceFault::Unsupported, reason, "look at them with `gcloud secrets list`"))
    }

    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let until = self.facts.until();
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        let described: Vec<_> = batch.wanted().map(|wanted| self.described(*wanted, until)).collect();
        let described = join_all(described).await;
        batch.collect(described, |found, _| Ok(found.clone()))
    }
}

#[async_trait]
impl Diagnose for GcpVault {
    async fn diagnose(&self) -> Vec<Diagnostic> {
        let mut findings = connectivity(&self.facts).await;
        if findings.last().is_none_or(|finding| finding.outcome.is_err()) {
            return findings;
        }
        let who = match self.login.who(self.facts.until()).await {
            Ok(who) => who,
            Err(error) => {
                findings.push(Diagnostic::bad(DiagnosticStep::Identity, error));
                return findings;
            }
        };
        findings.push(Diagnostic::good(DiagnosticStep::Identity, who.words()));
        findings.push(Diagnostic::good(DiagnosticStep::Tenant, format!("the project `{}`", self.place.project())));
        if let Some(expires) = who.expires {
            let minutes = (expires.0 - self.clock.now().0) / 60;
            findings.push(Diagnostic::good(
                DiagnosticStep::Expiry,
                format!("the token holds until {expires}, {minutes} minutes from now; others follow it"),
            ));
        }
        findings.push(self.may().await);
        findings
    }
}

#[async_trait]
impl Close for GcpVault {
    async fn close(&self) -> Result<(), ServiceError> {
        self.login.forget();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use vault_mock::Server;
    use vault_mock::gcp::Gcp;
    use vault_mock::gcp::Seed;
    use vault_mock::gcp::State;

    use super::GcpVault;
    use super::Settings;
    use crate::clock::Machine;
    use crate::secret::Secret;
    use crate::vault::Adapter;
    use crate::vault::suite;
    use crate::vault::suite::Abilities;
    use crate::vault::suite::Seeded;

    #[derive(Debug)]
    struct Bench {
        server: Server<Gcp>,
        location: Option<&'static str>,
        vault: GcpVault,
    }

    impl Bench {
        fn new(location: Option<&'static str>) -> Self {
            let server = Gcp::serve(Seed::default()).unwrap();
            let mut settings = Settings::new("demo-project");
            settings.endpoint = Some(server.url());
            settings.location = location.map(str::to_owned);
            settings.credentials = Some(Secret::copy_of(server.protocol().service_account(&server.url()).as_bytes()));
            // The suite asks for more than Google's quota at once.
            settings.limits.rate = Some(super::ACCESSES);
            Self { vault: GcpVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap(), location, server }
        }

        fn stored(&self, name: &str) -> String {
            self.location.map_or_else(|| name.to_owned(), |location| format!("{location}/{name}"))
        }
    }

    #[async_trait]
    impl Seeded for Bench {
        fn vault(&self) -> &dyn Adapter {
            &self.vault
        }

        async fn put(&self, name: &str, value: &[u8]) {
            self.server.protocol().put(&self.stored(name), value);
        }

        async fn put_fields(&self, name: &str, json: &str) {
            self.put(name, json.as_bytes()).await;
        }

        async fn remove(&self, name: &str) {
            self.server.protocol().set(&self.stored(name), None, State::Destroyed);
        }

        fn abilities(&self) -> Abilities {
            Abilities { binary: true, probes: true, good: &["a", "a-b_C", "9"], ..Abilities::default() }
        }

        fn name(&self, neutral: &str) -> String {
            neutral.replace('/', "-")
        }

        fn calls(&self) -> Option<usize> {
            Some(self.server.journal().count())
        }
    }

    #[tokio::test]
    async fn conforms() {
        suite::all(&Bench::new(None)).await;
    }

    #[tokio::test]
    async fn conforms_in_a_region() {
        suite::all(&Bench::new(Some("europe-west3"))).await;
    }
}
