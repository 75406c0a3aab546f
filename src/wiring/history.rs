//! The store of an environment's history from its settings.

use std::path::Path;
use std::sync::Arc;

#[cfg(feature = "bucket")]
use crate::bucket;
#[cfg(feature = "cluster")]
use crate::cluster::SecretStore;
use crate::file;
#[cfg(any(feature = "bucket", feature = "cluster"))]
use crate::history::Cached;
use crate::history::HistoryStore;
use crate::history::LocalDirectory;
#[cfg(feature = "bucket")]
use crate::identity::trust::CredentialDestination;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::BucketUrl;
use crate::project::ClusterUrl;
use crate::project::HistorySettings;
use crate::project::HistoryUrl;
use crate::project::Location;
#[cfg(feature = "bucket")]
use crate::project::Provider;
#[cfg(feature = "az")]
use crate::project::VaultKind;
#[cfg(feature = "az")]
use crate::project::VaultSettings;
#[cfg(feature = "az")]
use crate::secret::Secret;
#[cfg(feature = "bucket")]
use crate::service::ServiceError;
#[cfg(feature = "bucket")]
use crate::service::http::RequestLimits;
use crate::wiring::Wiring;
#[cfg(feature = "az")]
use crate::wiring::vaults::azure::credential;

impl Wiring<'_> {
    /// The store of the environment's history.
    ///
    /// # Errors
    /// Settings that cannot work; a server that only the project names.
    pub(super) fn store(&self) -> Result<Box<dyn HistoryStore>, Problem> {
        self.store_of(&self.settings.history)
    }

    /// The store of a history.
    ///
    /// # Errors
    /// As [`Self::store`].
    pub(super) fn store_of(&self, history: &HistorySettings) -> Result<Box<dyn HistoryStore>, Problem> {
        let entropy = Arc::clone(self.ports.entropy);
        match &history.url {
            HistoryUrl::Directory(Location::Anywhere(path)) => Ok(Box::new(LocalDirectory::at(path, entropy))),
            HistoryUrl::Directory(Location::Beneath(path)) => {
                let shown = self.beneath(path)?;
                let base = self.root.dir().try_clone().map_err(|error| file::unwritten(&shown, &error))?;
                Ok(Box::new(LocalDirectory::beneath(base, Path::new(path), shown.display().to_string(), entropy)))
            }
            HistoryUrl::Bucket(url) => self.bucket(history, url),
            HistoryUrl::Cluster(url) => self.secrets(url),
        }
    }

    /// A namespace of the cluster that the settings mean.
    #[cfg(feature = "cluster")]
    fn secrets(&self, url: &ClusterUrl) -> Result<Box<dyn HistoryStore>, Problem> {
        let connection = self.connection()?;
        let shown = format!("{url} ({})", connection.name());
        let history = url.name.as_deref().unwrap_or("history");
        let store = SecretStore::new(&connection, &url.namespace, history, shown, Arc::clone(self.ports.entropy));
        Ok(Box::new(Cached::new(store)))
    }

    #[cfg(not(feature = "cluster"))]
    fn secrets(&self, url: &ClusterUrl) -> Result<Box<dyn HistoryStore>, Problem> {
        let reason = format!("the history is in `{url}`, and this build of cloze leaves out `cluster://`");
        Err(Problem::new(Fault::Project, reason, "use a build with the feature `cluster`"))
    }

    fn bucket(&self, history: &HistorySettings, url: &BucketUrl) -> Result<Box<dyn HistoryStore>, Problem> {
        match url.provider {
            #[cfg(feature = "s3")]
            Provider::S3 => {
                self.trusted(history, |host| crate::identity::aws::is_service("s3", host), &["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])?;
                bucket::s3(self.bucket_settings(history, url)?, history.region.as_deref()).map(boxed).map_err(|error| refused(url, error))
            }
            #[cfg(feature = "gs")]
            Provider::Gcs => {
                self.trusted(history, |host| host == "storage.googleapis.com", &["STORAGE_EMULATOR_HOST"])?;
                bucket::google(self.bucket_settings(history, url)?).map(boxed).map_err(|error| refused(url, error))
            }
            #[cfg(feature = "az")]
            Provider::Azure => {
                self.trusted(history, bucket::is_azure_service, &["AZURE_STORAGE_SERVICE_ENDPOINT"])?;
                self.container(history, url)
            }
            #[cfg(not(all(feature = "s3", feature = "gs", feature = "az")))]
            provider => {
                let scheme = provider.scheme();
                let reason = format!("the history is in `{}`, and this build of cloze leaves out `{scheme}://`", history.url);
                Err(Problem::new(Fault::Project, reason, format!("use a build with the feature `{scheme}`")))
            }
        }
    }
}

#[cfg(feature = "bucket")]
impl Wiring<'_> {
    fn bucket_settings(&self, history: &HistorySettings, url: &BucketUrl) -> Result<bucket::BucketSettings, Problem> {
        Ok(bucket::BucketSettings {
            bucket: url.bucket.clone(),
            prefix: url.prefix.clone(),
            name: url.to_string(),
            endpoint: history.endpoint.clone(),
            environment: Arc::clone(self.ports.tools),
            transport: self.transport(None, None)?,
            limits: RequestLimits { deadline: self.settings.deadline, meter: self.ports.meters.of("history"), ..RequestLimits::default() },
            clock: Arc::clone(self.ports.clock),
            entropy: Arc::clone(self.ports.entropy),
        })
    }

    /// That the endpoint that the project names may have credentials: it is the provider's own, one of these variables of the provider's
    /// own tools names it, or the owner of the credentials lists it.
    fn trusted(&self, history: &HistorySettings, is_service: fn(&str) -> bool, variables: &[&'static str]) -> Result<(), Problem> {
        let Some(address) = history.endpoint.as_deref() else { return Ok(()) };
        let named = variables.iter().find_map(|name| Some((*name, self.ports.tools.text(name)?)));
        let destination = CredentialDestination { address, audience: None, is_service, named, loopback: true };
        let (_, refused) = self.judge("history", vec![destination]);
        let Some(untrusted) = refused.first() else { return Ok(()) };
        let reason = format!("the history would send this run's credentials to {}, which is not a trusted origin", untrusted.origin);
        let next = format!(
            "add {untrusted} to CLOZE_TRUST where the pipeline keeps its protected settings, or run the command at a terminal and confirm it"
        );
        Err(Problem::new(Fault::History, reason, next))
    }
}

#[cfg(feature = "az")]
impl Wiring<'_> {
    /// A container: its account and the way in are the project's and the Azure CLI's variables' to say.
    fn container(&self, history: &HistorySettings, url: &BucketUrl) -> Result<Box<dyn HistoryStore>, Problem> {
        let tools = self.ports.tools;
        let string = tools.secret("AZURE_STORAGE_CONNECTION_STRING").and_then(Secret::expose_text);
        let part =
            |name: &str| string?.split(';').find_map(|part| part.split_once('=').filter(|(key, _)| *key == name)).map(|(_, value)| value);
        let set = part("AccountName").or(tools.text("AZURE_STORAGE_ACCOUNT"));
        let said = history.account.as_deref();
        let Some(account) = said.or(set) else {
            let next = "set `account` beside the history's URL, or AZURE_STORAGE_ACCOUNT";
            return Err(Problem::new(Fault::History, format!("the history `{url}` has no storage account"), next));
        };
        let mut settings = self.bucket_settings(history, url)?;
        // What the variables say is about the account that they name, if they name one.
        let about = set.is_none_or(|set| set == account);
        if settings.endpoint.is_none() && about {
            settings.endpoint = part("BlobEndpoint").or(tools.text("AZURE_STORAGE_SERVICE_ENDPOINT")).map(str::to_owned);
        }
        let copy = |text: &str| Secret::copy_of(text.as_bytes());
        let key = part("AccountKey").map(copy).or_else(|| tools.secret("AZURE_STORAGE_KEY").map(Secret::duplicate)).filter(|_| about);
        let signature = part("SharedAccessSignature").map(copy).or_else(|| tools.secret("AZURE_STORAGE_SAS_TOKEN").map(Secret::duplicate));
        let access = match (key, signature.filter(|_| about)) {
            (Some(key), _) => bucket::AzureAccess::Key(key),
            (None, Some(signature)) => bucket::AzureAccess::Signature(signature),
            (None, None) => {
                // The variables alone say the way in.
                let settings = VaultSettings::of_variables(VaultKind::Azure, self.ports.variables);
                bucket::AzureAccess::Entra { credential: credential(self, None, &settings)?, authority: settings.owned("authority") }
            }
        };
        bucket::azure(settings, account, access).map(boxed).map_err(|error| refused(url, error))
    }
}

#[cfg(feature = "bucket")]
fn boxed(bucket: bucket::Bucket) -> Box<dyn HistoryStore> {
    Box::new(Cached::new(bucket))
}

#[cfg(feature = "bucket")]
fn refused(url: &BucketUrl, error: ServiceError) -> Problem {
    Problem::new(Fault::History, format!("the history `{url}`: {}", error.reason), error.next)
}
