//! A bucket of Amazon S3, or of what has its interface.

use std::sync::Arc;

use async_trait::async_trait;
use object_store::CredentialProvider;
use object_store::aws::AmazonS3Builder;
use object_store::aws::AwsCredential;
use object_store::aws::Checksum;

use crate::bucket::refusal::no_credential;
use crate::bucket::settings::BucketSettings;
use crate::bucket::store::Bucket;
use crate::bucket::store::BucketLogin;
use crate::bucket::wire;
use crate::bucket::wire::Wire;
use crate::identity::aws;
use crate::identity::aws::Config;
use crate::identity::aws::LoginParts;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Base;

/// The region of stores that have none.
const NOWHERE: &str = "us-east-1";

/// The history that `settings` name, in `region` or else where AWS's own settings say. AWS's own files of settings are read; nothing is sent.
///
/// # Errors
/// Settings that cannot work, and a region that nobody says.
pub fn s3(settings: BucketSettings, region: Option<&str>) -> Result<Bucket, ServiceError> {
    let unusable = |reason: String, next: &str| ServiceError::new(ServiceFault::Unavailable, reason, next);
    let config = Config::read(&settings.environment, None)?;
    let endpoint = settings.endpoint.as_deref().or(config.endpoint("S3")).map(str::to_owned);
    let region = match (region.or(config.region()), &endpoint) {
        (Some(region), _) => region.to_owned(),
        // What is not AWS's own seldom has regions.
        (None, Some(_)) => NOWHERE.to_owned(),
        (None, None) => return Err(unusable("no AWS region is set".to_owned(), "set `region` beside the history's URL, or AWS_REGION")),
    };
    aws::check_region(&region).map_err(|reason| unusable(reason, "correct the region"))?;
    let address = match endpoint {
        Some(address) => address,
        None => aws::endpoint_of("s3", &region, config.kind()).map_err(|reason| unusable(reason, "correct the region"))?,
    };
    let base = Base::new(&address).map_err(|reason| {
        unusable(format!("the endpoint of S3 cannot be used: {reason}"), "give an address such as `https://s3.eu-central-1.amazonaws.com`")
    })?;
    let wire = Wire::new(&base, &settings, false)?;
    let parts = LoginParts {
        transport: settings.transport.anonymous(),
        meter: Arc::clone(&settings.limits.meter),
        clock: Arc::clone(&settings.clock),
    };
    let login = Arc::new(SigningCredential { login: aws::Login::new(config, parts, region.clone(), "s3"), wire: wire.clone() });
    let store = AmazonS3Builder::new()
        .with_bucket_name(&settings.bucket)
        .with_region(region)
        .with_endpoint(address)
        .with_allow_http(base.is_local())
        // A bucket with object lock asks for one.
        .with_checksum_algorithm(Checksum::SHA256)
        .with_disable_bulk_delete(true)
        .with_retry(wire::once())
        .with_credentials(Arc::clone(&login) as _)
        .with_http_connector(wire)
        .build()
        .map_err(|_| unusable(format!("the bucket `{}` cannot be set up", settings.bucket), "check the history's URL and endpoint"))?;
    Ok(Bucket::new(Arc::new(store), login, settings.prefix, settings.name, settings.limits.deadline))
}

/// AWS's credential for the crate.
#[derive(Debug)]
struct SigningCredential {
    login: aws::Login,
    wire: Wire,
}

#[async_trait]
impl CredentialProvider for SigningCredential {
    type Credential = AwsCredential;

    async fn get_credential(&self) -> object_store::Result<Arc<AwsCredential>> {
        let signer = self.login.signer(None, self.wire.until()).await.map_err(no_credential)?;
        let text = |secret: &Secret| secret.expose_text().map(str::to_owned);
        let credential = &signer.credential;
        let (Some(secret_key), session) = (text(&credential.secret), credential.session.as_ref().map(text)) else {
            let next = "check that the access key was copied whole";
            return Err(no_credential(ServiceError::new(ServiceFault::Unauthenticated, "AWS's secret access key is not text", next)));
        };
        Ok(Arc::new(AwsCredential { key_id: credential.id.clone(), secret_key, token: session.flatten() }))
    }
}

impl BucketLogin for SigningCredential {
    fn forget(&self) -> bool {
        self.login.forget();
        true
    }
}
