//! A container of Azure Blob Storage.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::azure::AzureAccessKey;
use object_store::azure::AzureCredential;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::azure::split_sas;

use crate::bucket::refusal::no_credential;
use crate::bucket::settings::BucketSettings;
use crate::bucket::store::Bucket;
use crate::bucket::store::BucketLogin;
use crate::bucket::wire;
use crate::bucket::wire::Wire;
use crate::identity::azure;
use crate::identity::azure::Credential;
use crate::identity::azure::LoginParts;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;

/// What a token for Blob Storage has to be for, in every cloud.
const SCOPE: &str = "https://storage.azure.com/.default";

/// How a container is entered.
#[derive(Debug)]
pub enum AzureAccess {
    /// By a key of the storage account, in base64.
    Key(Secret),
    /// By a shared access signature: a query.
    Signature(Secret),
    /// By a token of Microsoft Entra ID from this authority.
    Entra {
        /// Who asks.
        credential: Credential,
        /// Such as `https://login.microsoftonline.com`, the default.
        authority: Option<String>,
    },
}

/// The history that `settings` name, in a storage account. Nothing is sent.
///
/// # Errors
/// Settings that cannot work.
pub fn azure(settings: BucketSettings, account: &str, access: AzureAccess) -> Result<Bucket, ServiceError> {
    let unusable = |reason: String, next: &str| ServiceError::new(ServiceFault::Unavailable, reason, next);
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !(3..=24).contains(&account.len()) || !account.bytes().all(plain) {
        return Err(unusable("the name of the storage account is not valid".to_owned(), "give a name of 3 to 24 of a-z and 0-9"));
    }
    let address = settings.endpoint.clone().unwrap_or_else(|| format!("https://{account}.blob.core.windows.net"));
    let base = Base::new(&address).map_err(|reason| {
        let next = "give an address such as `https://ACCOUNT.blob.core.windows.net`";
        unusable(format!("the endpoint of the storage account cannot be used: {reason}"), next)
    })?;
    let wire = Wire::new(&base, &settings, false)?;
    let authority = base.url().host_str().map_or(CLOUDS[0].1, |host| cloud(host).map_or(CLOUDS[0].1, |(_, authority)| authority));
    let auth = match access {
        AzureAccess::Key(key) => AzureAuth::Given(Arc::new(shared_key(&key)?)),
        AzureAccess::Signature(query) => AzureAuth::Given(Arc::new(shared_access(&query)?)),
        AzureAccess::Entra { credential, authority: said } => {
            let parts = LoginParts {
                authority: said.unwrap_or_else(|| authority.to_owned()),
                audience: "api://AzureADTokenExchange",
                transport: settings.transport.anonymous(),
                meter: Arc::clone(&settings.limits.meter),
                environment: Arc::clone(&settings.environment),
                entropy: Arc::clone(&settings.entropy),
                clock: Arc::clone(&settings.clock),
            };
            AzureAuth::Entra(Box::new(azure::Login::new(credential, parts)?))
        }
    };
    let login = Arc::new(SigningCredential { auth, wire: wire.clone() });
    let store = MicrosoftAzureBuilder::new()
        .with_account(account)
        .with_container_name(&settings.bucket)
        .with_endpoint(base.url().as_str().trim_end_matches('/').to_owned())
        .with_allow_http(base.is_local())
        .with_retry(wire::once())
        .with_credentials(Arc::clone(&login) as _)
        .with_http_connector(wire)
        .build()
        .map_err(|_| unusable(format!("the container `{}` cannot be set up", settings.bucket), "check the history's URL and endpoint"))?;
    Ok(Bucket::new(Arc::new(store), login, settings.prefix, settings.name, settings.limits.deadline))
}

/// What the hosts of storage accounts end in, and where the tokens for them come from.
const CLOUDS: [(&str, &str); 3] = [
    (".blob.core.windows.net", "https://login.microsoftonline.com"),
    (".blob.core.chinacloudapi.cn", "https://login.chinacloudapi.cn"),
    (".blob.core.usgovcloudapi.net", "https://login.microsoftonline.us"),
];

fn cloud(host: &str) -> Option<(&'static str, &'static str)> {
    CLOUDS.into_iter().find(|(suffix, _)| host.strip_suffix(suffix).is_some_and(|name| !name.is_empty() && !name.contains('.')))
}

/// Whether Microsoft runs what is at this host: the storage account of some tenant, which sees objects and never a token.
pub(crate) fn is_service(host: &str) -> bool {
    cloud(host).is_some()
}

fn shared_key(key: &Secret) -> Result<AzureCredential, ServiceError> {
    let key = key.expose_text().and_then(|key| AzureAccessKey::try_new(key.trim()).ok());
    key.map(AzureCredential::AccessKey).ok_or_else(|| {
        let next = "copy it from the storage account's page `Access keys`, or `az storage account keys list`";
        ServiceError::new(ServiceFault::Unauthenticated, "the storage account's key is not in base64", next)
    })
}

fn shared_access(query: &Secret) -> Result<AzureCredential, ServiceError> {
    let pairs =
        query.expose_text().and_then(|query| split_sas(query.trim()).ok()).filter(|pairs| pairs.iter().any(|(key, _)| key == "sig"));
    pairs.map(AzureCredential::SASToken).ok_or_else(|| {
        let next = "copy the whole query, from `sv=` or `sp=` to the end of `sig=…`";
        ServiceError::new(ServiceFault::Unauthenticated, "the shared access signature is incomplete: it has no `sig=`", next)
    })
}

/// Azure's credential for the crate.
#[derive(Debug)]
struct SigningCredential {
    auth: AzureAuth,
    wire: Wire,
}

#[derive(Debug)]
enum AzureAuth {
    Given(Arc<AzureCredential>),
    Entra(Box<azure::Login>),
}

#[async_trait]
impl CredentialProvider for SigningCredential {
    type Credential = AzureCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        match &self.auth {
            AzureAuth::Given(credential) => Ok(Arc::clone(credential)),
            AzureAuth::Entra(login) => {
                let token = login.token(SCOPE, None, self.wire.until()).await.map_err(no_credential)?;
                Ok(Arc::new(AzureCredential::BearerToken(token.text().expose_text().unwrap_or_default().to_owned())))
            }
        }
    }
}

impl BucketLogin for SigningCredential {
    fn forget(&self) -> bool {
        match &self.auth {
            AzureAuth::Given(_) => false,
            AzureAuth::Entra(login) => {
                login.forget();
                true
            }
        }
    }
}
