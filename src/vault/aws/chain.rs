//! What AWS's own chain says of region, address and credential: its environment variables, its profile files, the machine's role. All of it is
//! read by AWS's own crate, when it is first needed.

use aws_config::BehaviorVersion;
use aws_config::Region;
use aws_config::SdkConfig;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::TlsContext;
use aws_smithy_http_client::tls::TrustStore;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_types::service_config::ServiceConfigKey;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Transport;
use crate::vault::aws::endpoint::Kind;
use crate::vault::aws::settings::Service;

/// What the chain says.
#[derive(Debug)]
pub(super) struct Chain {
    /// Who gives the credential.
    pub(super) provider: SharedCredentialsProvider,
    /// The region, if there is one.
    pub(super) region: Option<String>,
    /// The service's address, if it is set.
    pub(super) endpoint: Option<String>,
    /// The address of STS, if it is set.
    pub(super) sts: Option<String>,
    /// Which of a region's addresses is wanted.
    pub(super) kind: Kind,
}

impl Chain {
    /// Asks the chain. What is given is not asked for.
    pub(super) async fn load(
        service: Service,
        region: Option<&str>,
        profile: Option<&str>,
        transport: &Transport,
    ) -> Result<Self, ServiceError> {
        let client = Builder::new().tls_provider(Provider::rustls(CryptoMode::Ring)).tls_context(context(transport)?).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(client.clone());
        if let Some(region) = region {
            loader = loader.region(Region::new(region.to_owned()));
        }
        if let Some(profile) = profile {
            loader = loader.profile_name(profile);
        }
        let config = loader.load().await;
        let provider = match profile {
            // The chain would ask the environment first, whatever profile is named.
            Some(profile) => {
                let settings = ProviderConfig::without_region().with_http_client(client).with_region(config.region().cloned());
                SharedCredentialsProvider::new(ProfileFileCredentialsProvider::builder().configure(&settings).profile_name(profile).build())
            }
            None => config.credentials_provider().ok_or_else(unusable)?,
        };
        Ok(Self {
            provider,
            region: config.region().map(|region| region.as_ref().to_owned()),
            endpoint: address(&config, service.id()),
            sts: address(&config, "STS"),
            kind: Kind { fips: config.use_fips() == Some(true), dual_stack: config.use_dual_stack() == Some(true) },
        })
    }

    /// A credential of the caller's own, and nothing else.
    pub(super) fn given(provider: SharedCredentialsProvider) -> Self {
        Self { provider, region: None, endpoint: None, sts: None, kind: Kind::default() }
    }
}

/// The address of a service, by its own setting or by the one for all services.
fn address(config: &SdkConfig, service: &str) -> Option<String> {
    let key = ServiceConfigKey::builder().service_id(service).env("AWS_ENDPOINT_URL").profile("endpoint_url").build().ok()?;
    let own = config.service_config().and_then(|settings| settings.load_config(key));
    own.or_else(|| config.endpoint_url().map(str::to_owned))
}

/// Who is believed to give credentials: the system's authorities, and those of the vault.
fn context(transport: &Transport) -> Result<TlsContext, ServiceError> {
    let store = match &transport.authorities {
        Some(own) => TrustStore::default().with_pem_certificate(own.pem.clone()),
        None => TrustStore::default(),
    };
    TlsContext::builder().with_trust_store(store).build().map_err(|_| unusable())
}

fn unusable() -> ServiceError {
    ServiceError::new(ServiceFault::Unauthenticated, "AWS's own settings cannot be read", "check AWS's files `config` and `credentials`")
}
