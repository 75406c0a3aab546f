//! A bucket of Google Cloud Storage.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::gcp::GcpCredential;
use object_store::gcp::GoogleCloudStorageBuilder;

use crate::bucket::refusal::no_credential;
use crate::bucket::settings::BucketSettings;
use crate::bucket::store::Bucket;
use crate::bucket::store::BucketLogin;
use crate::bucket::wire;
use crate::bucket::wire::Wire;
use crate::identity::google;
use crate::identity::google::LoginParts;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;

const SERVICE: &str = "https://storage.googleapis.com";

/// The history that `settings` name. Nothing is sent.
///
/// `STORAGE_EMULATOR_HOST` names a stand-in, which gets no credential, as Google's own clients have it.
///
/// # Errors
/// Settings that cannot work.
pub fn google(settings: BucketSettings) -> Result<Bucket, ServiceError> {
    let emulator = settings.environment.text("STORAGE_EMULATOR_HOST").filter(|_| settings.endpoint.is_none());
    let address = match (&settings.endpoint, emulator) {
        (Some(address), _) => address.clone(),
        (None, Some(host)) if host.contains("://") => host.to_owned(),
        (None, Some(host)) => format!("http://{host}"),
        (None, None) => SERVICE.to_owned(),
    };
    let unusable = |reason: String| {
        let next = "check the history's URL and endpoint, or STORAGE_EMULATOR_HOST";
        ServiceError::new(ServiceFault::Unavailable, reason, next)
    };
    let base = Base::new(&address).map_err(|reason| unusable(format!("the endpoint of Cloud Storage cannot be used: {reason}")))?;
    let anonymous = emulator.is_some();
    let wire = Wire::new(&base, &settings, anonymous)?;
    let parts = LoginParts {
        environment: Arc::clone(&settings.environment),
        local: base.is_local(),
        transport: settings.transport.anonymous(),
        meter: Arc::clone(&settings.limits.meter),
        clock: Arc::clone(&settings.clock),
    };
    let login = Arc::new(SigningCredential { login: google::Login::new(None, parts), wire: wire.clone(), anonymous });
    let store = GoogleCloudStorageBuilder::new()
        .with_bucket_name(&settings.bucket)
        .with_base_url(base.origin().as_str())
        .with_retry(wire::once())
        .with_credentials(Arc::clone(&login) as _)
        .with_http_connector(wire)
        .build()
        .map_err(|_| unusable(format!("the bucket `{}` cannot be set up", settings.bucket)))?;
    Ok(Bucket::new(Arc::new(store), login, settings.prefix, settings.name, settings.limits.deadline))
}

/// Google's token for the crate.
#[derive(Debug)]
struct SigningCredential {
    login: google::Login,
    wire: Wire,
    anonymous: bool,
}

#[async_trait]
impl CredentialProvider for SigningCredential {
    type Credential = GcpCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<GcpCredential>> {
        if self.anonymous {
            return Ok(Arc::new(GcpCredential { bearer: String::new() }));
        }
        let token = self.login.token(None, self.wire.until()).await.map_err(no_credential)?;
        Ok(Arc::new(GcpCredential { bearer: token.text().expose_text().unwrap_or_default().to_owned() }))
    }
}

impl BucketLogin for SigningCredential {
    fn forget(&self) -> bool {
        self.login.forget();
        !self.anonymous
    }
}
