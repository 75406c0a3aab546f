//! AWS: Secrets Manager and Parameter Store, by JSON 1.1 over HTTP with Signature Version 4.
//!
//! Region, address and credential come from the settings, or else from AWS's own chain: the environment, the profile files (single
//! sign-on and programs among them), web identity, the container's role, the instance's role. AWS's own crate walks it, when the first
//! request is about to be made. The credential is held for the run and renewed before its end.
//!
//! Each distinct secret and version is read once. Current values come in batches: 20 secrets or 10 parameters a call. What a batch does
//! not tell for certain is asked for alone. A probe describes and reads no value, so it does not prove that a value can be decrypted; where
//! describing is not enough or not allowed, it reads: a `SecureString` without decryption, and a field of a value with.
//!
//! A parameter in a hierarchy may be asked for without its first slash: `shop/db` is `/shop/db`. An ARN is a secret's name where no prefixes
//! are set.

mod doctor;
mod found;
mod identity;
mod link;
mod name;
mod parameters;
mod refusal;
mod secrets;
mod settings;
mod time;
mod wanted;

pub use settings::Service;
pub use settings::Settings;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use futures::future::join_all;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio::time::timeout_at;

use crate::blank::SecretRef;
use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::aws::check_region;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::HttpClient;
use crate::vault::CallPlan;
use crate::vault::Close;
use crate::vault::Diagnose;
use crate::vault::ListSecrets;
use crate::vault::ListedSecret;
use crate::vault::NameRule;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::Vault;
use crate::vault::aws::found::Status;
use crate::vault::aws::link::Link;
use crate::vault::aws::link::Parts;
use crate::vault::aws::wanted::Wanted;
use crate::vault::batch::Batch;
use crate::vault::name_rule::Cover;

/// Secrets Manager or Parameter Store in one region of one account.
#[derive(Debug)]
pub struct AwsVault {
    settings: Settings,
    names: NameRule,
    entropy: Arc<dyn Entropy>,
    clock: Arc<dyn Clock>,
    link: OnceCell<Link>,
}

impl AwsVault {
    /// The vault that `settings` describe. Nothing is sent or read here.
    ///
    /// # Errors
    /// An endpoint, region, prefix or certificate that cannot be one.
    pub fn new(settings: Settings, entropy: Arc<dyn Entropy>, clock: Arc<dyn Clock>) -> Result<Self, ServiceError> {
        let unusable = |reason, next: &str| ServiceError::new(ServiceFault::Unavailable, reason, next);
        settings.region.as_deref().map_or(Ok(()), check_region).map_err(|reason| unusable(reason, "correct the region"))?;
        settings.endpoint.as_deref().map(link::base).transpose()?;
        let names = names(settings.service, &settings.prefixes)?;
        if settings.transport.authorities.is_some() || settings.transport.identity.is_some() {
            // What is no certificate is reported now, whatever the address will be.
            let anywhere = link::base("https://localhost")?;
            HttpClient::new(anywhere.url(), &settings.transport, &settings.limits, Arc::clone(&entropy))?;
        }
        Ok(Self { settings, names, entropy, clock, link: OnceCell::new() })
    }

    fn parts(&self) -> Parts<'_> {
        Parts { entropy: &self.entropy, clock: &self.clock }
    }

    /// The way to the service, found out once.
    async fn link(&self, until: Instant) -> Result<&Link, ServiceError> {
        let found = self.link.get_or_try_init(async || Link::new(&self.settings, &self.parts(), until).await);
        let link = timeout_at(until, found).await.unwrap_or_else(|_| {
            let next = "check the network to the instance's metadata, or set the region";
            Err(ServiceError::new(ServiceFault::Unavailable, "AWS's own settings could not be read in time", next))
        })?;
        // A service that failed before gets another chance.
        link.client.until();
        Ok(link)
    }

    /// When what begins now has to be done.
    fn until(&self) -> Instant {
        Instant::now() + self.settings.limits.deadline
    }

    async fn fetch_by(&self, asks: &[SecretRef], until: Instant) -> Vec<Result<SecretValue, ServiceError>> {
        // One parameter can be asked for by two names, and is one secret all the same.
        let full = |ask: &SecretRef| match self.names.check(&ask.name) {
            Ok(()) => SecretRef { name: name::full(self.settings.service, &ask.name), ..ask.clone() },
            Err(_) => ask.clone(),
        };
        let asks: Vec<SecretRef> = asks.iter().map(full).collect();
        let batch = Batch::new(&asks, |ask| self.wanted(ask));
        let wanted: Vec<Wanted> = batch.wanted().cloned().collect();
        if wanted.is_empty() {
            return batch.collect(Vec::new(), SecretValue::of_key);
        }
        match self.link(until).await {
            Ok(link) => batch.collect(self.values(link, &wanted, until).await, SecretValue::of_key),
            Err(error) => batch.failed(&error),
        }
    }

    /// What an ask is for, if it can be asked for at all.
    fn wanted(&self, ask: &SecretRef) -> Result<Wanted, ServiceError> {
        let service = self.settings.service;
        self.names.checked(&ask.name)?;
        ask.version.as_deref().map_or(Ok(()), |version| name::check_version(service, version))?;
        Ok(Wanted { name: name::full(service, &ask.name), version: ask.version.clone() })
    }

    /// Which of the wanted are read by the same call.
    fn calls(&self, wanted: &[Wanted]) -> Vec<Vec<usize>> {
        match self.settings.service {
            Service::SecretsManager => secrets::calls(wanted),
            Service::ParameterStore => parameters::calls(wanted),
        }
    }

    /// The values of all the wanted, in order.
    async fn values(&self, link: &Link, wanted: &[Wanted], until: Instant) -> Vec<Result<SecretValue, ServiceError>> {
        let calls = self.calls(wanted);
        let reads = calls.iter().map(async |indexes: &Vec<usize>| {
            let some: Vec<&Wanted> = indexes.iter().map(|index| &wanted[*index]).collect();
            match self.settings.service {
                Service::SecretsManager => secrets::read(link, &some, until).await,
                Service::ParameterStore => {
                    let read = parameters::read(link, &some, true, until).await;
                    read.into_iter().map(|parameter| parameter.map(|parameter| parameter.value)).collect()
                }
            }
        });
        let mut values: Vec<Option<Result<SecretValue, ServiceError>>> = wanted.iter().map(|_| None).collect();
        for (indexes, read) in calls.iter().zip(join_all(reads).await) {
            for (index, value) in indexes.iter().zip(read) {
                values[*index] = Some(value);
            }
        }
        values.into_iter().map(|value| value.unwrap_or_else(|| unreachable!("each is in one call"))).collect()
    }

    /// What describing tells of all the wanted, in order; where `reads`, what it does not tell of a parameter is read without decryption.
    async fn statuses(&self, link: &Link, wanted: &[Wanted], reads: bool, until: Instant) -> Vec<Status> {
        let all: Vec<&Wanted> = wanted.iter().collect();
        // They are sorted by name, so the versions of a secret are side by side.
        let statuses: Vec<Vec<Status>> = match self.settings.service {
            Service::SecretsManager => {
                let groups = all.chunk_by(|one, other| one.name == other.name);
                join_all(groups.map(|group| found::secret(link, group, until))).await
            }
            Service::ParameterStore if !reads => {
                join_all(all.chunks(found::PARAMETERS).map(|group| found::described(link, group, until))).await
            }
            Service::ParameterStore => join_all(all.chunks(found::PARAMETERS).map(|group| found::parameters(link, group, until))).await,
        };
        statuses.into_iter().flatten().collect()
    }
}

/// Which names the secrets of a service can have. An ARN is one where there are no prefixes.
///
/// # Errors
/// A prefix that cannot be one.
pub fn names(service: Service, prefixes: &[String]) -> Result<NameRule, ServiceError> {
    if prefixes.iter().any(|prefix| name::is_arn(prefix)) {
        return Err(ServiceError::new(ServiceFault::BadName, "a prefix cannot be used: it is an ARN", "correct the prefix"));
    }
    let cover = if service == Service::ParameterStore { Cover::Hierarchy } else { Cover::Segments };
    NameRule::new(move |name| name::check(service, name), cover, prefixes)
}

impl fmt::Display for AwsVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.settings.service.words())?;
        let region = self.link.get().map(|link| link.region.as_str()).or(self.settings.region.as_deref());
        region.map_or(Ok(()), |region| write!(f, " in {region}"))
    }
}

#[async_trait]
impl Vault for AwsVault {
    fn check_name(&self, name: &str) -> Result<(), String> {
        self.names.check(name)
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        self.fetch_by(asks, self.until()).await
    }

    /// The calls when all goes well: what a batch does not tell is asked for alone, which is not foreseen.
    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        let wanted: Vec<Wanted> = Batch::new(asks, |ask| self.wanted(ask)).wanted().cloned().collect();
        CallPlan { secrets: wanted.len(), calls: self.calls(&wanted).len(), ahead: 0, parallel: self.settings.limits.parallel.max(1) }
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let until = self.until();
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        // Whether there is a field in a value shows in the value only.
        let described: Vec<Wanted> =
            batch.keyed().filter(|(_, keys)| keys.iter().all(Option::is_none)).map(|(wanted, _)| wanted.clone()).collect();
        let statuses = if described.is_empty() {
            Vec::new()
        } else {
            match self.link(until).await {
                Ok(link) => self.statuses(link, &described, true, until).await,
                Err(error) => return batch.failed(&error),
            }
        };
        let answered: BTreeMap<&Wanted, Result<SecretMetadata, ServiceError>> = described
            .iter()
            .zip(statuses)
            .filter_map(|(wanted, status)| match status.or_read() {
                Status::Answer(answer) => Some((wanted, answer)),
                Status::Nothing => None,
            })
            .collect();
        let answer = |ask: &SecretRef| self.wanted(ask).ok().and_then(|wanted| answered.get(&wanted).cloned());
        let mut answers: Vec<Option<Result<SecretMetadata, ServiceError>>> = asks.iter().map(answer).collect();
        let rest: Vec<SecretRef> = asks.iter().zip(&answers).filter(|(_, answer)| answer.is_none()).map(|(ask, _)| ask.clone()).collect();
        let mut read = self.fetch_by(&rest, until).await.into_iter();
        for answer in answers.iter_mut().filter(|answer| answer.is_none()) {
            *answer = read.next().map(|answer| answer.map(|fetched| SecretMetadata::from(&fetched)));
        }
        answers.into_iter().map(|answer| answer.unwrap_or_else(|| unreachable!("each ask was described, read or refused"))).collect()
    }
}

#[async_trait]
impl ListSecrets for AwsVault {
    /// Names that cannot be asked for are left out.
    async fn list(&self) -> Result<Vec<ListedSecret>, ServiceError> {
        let until = self.until();
        found::all(self.link(until).await?, &self.names, until).await
    }

    async fn describe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        let until = self.until();
        let batch = Batch::new(asks, |ask| self.wanted(ask));
        let wanted: Vec<Wanted> = batch.wanted().cloned().collect();
        match self.link(until).await {
            Ok(link) => {
                let described = self.statuses(link, &wanted, false, until).await.into_iter().map(Status::alone).collect();
                batch.collect(described, |found: &SecretMetadata, _| Ok(found.clone()))
            }
            Err(error) => batch.failed(&error),
        }
    }
}

#[async_trait]
impl Diagnose for AwsVault {
    async fn diagnose(&self) -> Vec<Diagnostic> {
        match self.link(self.until()).await {
            Ok(link) => doctor::examine(link, &self.settings, &self.parts()).await,
            Err(error) => vec![Diagnostic::bad(DiagnosticStep::Setup, error)],
        }
    }
}

#[async_trait]
impl Close for AwsVault {
    /// Forgets the credential.
    async fn close(&self) -> Result<(), ServiceError> {
        if let Some(link) = self.link.get() {
            link.login.forget();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use async_trait::async_trait;
    use vault_mock::Server;
    use vault_mock::aws::Aws;
    use vault_mock::aws::Seed;

    use super::AwsVault;
    use super::Service;
    use super::Settings;
    use crate::clock::Machine;
    use crate::identity::ToolEnvironment;
    use crate::vault::Adapter;
    use crate::vault::suite;
    use crate::vault::suite::Abilities;
    use crate::vault::suite::Seeded;
    use crate::vault::suite::Versions;

    #[derive(Debug)]
    struct Bench {
        service: Service,
        server: Server<Aws>,
        vault: AwsVault,
    }

    impl Bench {
        fn new(service: Service) -> Self {
            let server = Aws::serve(Seed::default()).unwrap();
            let mut settings = Settings::new(service);
            settings.region = Some(server.protocol().region());
            settings.endpoint = Some(server.url());
            let key = server.protocol().key();
            let pairs = [("AWS_ACCESS_KEY_ID", &key.id), ("AWS_SECRET_ACCESS_KEY", &key.secret)];
            settings.environment = Arc::new(ToolEnvironment::collect(pairs.map(|(name, value)| (name.into(), value.into())), None));
            let vault = AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap();
            Self { service, server, vault }
        }
    }

    #[async_trait]
    impl Seeded for Bench {
        fn vault(&self) -> &dyn Adapter {
            &self.vault
        }

        async fn put(&self, name: &str, value: &[u8]) {
            match self.service {
                Service::SecretsManager => drop(self.server.protocol().put(name, value)),
                Service::ParameterStore => self.server.protocol().put_parameter(name, "SecureString", str::from_utf8(value).unwrap()),
            }
        }

        async fn put_fields(&self, name: &str, json: &str) {
            self.put(name, json.as_bytes()).await;
        }

        async fn remove(&self, name: &str) {
            match self.service {
                Service::SecretsManager => self.server.protocol().delete(name),
                Service::ParameterStore => self.server.protocol().remove_parameter(name),
            }
        }

        fn abilities(&self) -> Abilities {
            let all = Abilities { empty: false, probes: true, ..Abilities::default() };
            match self.service {
                Service::SecretsManager => Abilities {
                    versions: Versions::Opaque,
                    binary: true,
                    good: &["a", "a-b_c.d", "shop/prod/db", ".env", "/prod/db", "rds!db-1", "db-AbCdEf", "a+b=c@d"],
                    lawful: &["/", "/a", "a/", "a//b", ".", "..", "../a", "a/..", "a/../b", "a/./b", "//evil.example/a"],
                    ..all
                },
                Service::ParameterStore => Abilities {
                    large: 8192,
                    remembers: false,
                    good: &["a", "a-b_c.d", "shop/prod/db", ".env", "/prod/db"],
                    lawful: &["/a", ".", "..", "../a", "a/..", "a/../b", "a/./b"],
                    ..all
                },
            }
        }

        fn name(&self, neutral: &str) -> String {
            super::name::full(self.service, neutral)
        }

        fn calls(&self) -> Option<usize> {
            Some(self.server.journal().count())
        }
    }

    #[tokio::test]
    async fn secrets_manager_conforms() {
        suite::all(&Bench::new(Service::SecretsManager)).await;
    }

    #[tokio::test]
    async fn parameter_store_conforms() {
        suite::all(&Bench::new(Service::ParameterStore)).await;
    }
}
