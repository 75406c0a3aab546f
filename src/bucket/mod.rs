//! Histories in object stores: Amazon S3 and what has its interface, Google Cloud Storage, Azure Blob Storage.
//!
//! The crate `object_store` knows what a request looks like, signs it and reads listings. Everything else is the vaults' own:
//! [`crate::service`] sends the requests (proxy, authorities, deadline, attempts, circuit breaker) and [`crate::identity`] finds the
//! credentials. The crate's own HTTP client, retries and search for credentials are not built or not used.

#[cfg(feature = "az")]
mod azure;
#[cfg(feature = "gs")]
mod google;
mod refusal;
#[cfg(feature = "s3")]
mod s3;
mod settings;
mod store;
mod wire;

#[cfg(feature = "az")]
pub use azure::AzureAccess;
#[cfg(feature = "az")]
pub use azure::azure;
#[cfg(feature = "az")]
pub(crate) use azure::is_service as is_azure_service;
#[cfg(feature = "gs")]
pub use google::google;
#[cfg(feature = "s3")]
pub use s3::s3;
pub use settings::BucketSettings;
pub use store::Bucket;
