//! What every object store is made from.

use std::sync::Arc;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::ToolEnvironment;
use crate::service::http::RequestLimits;
use crate::service::http::Transport;

/// What every object store is made from.
#[derive(Debug)]
pub struct BucketSettings {
    /// The bucket; a container on Azure.
    pub bucket: String,
    /// What the names of the history's objects begin with, segments joined by `/`; may be empty.
    pub prefix: String,
    /// What messages call it; never a URL with a credential in it.
    pub name: String,
    /// The service's address in place of the provider's own.
    pub endpoint: Option<String>,
    /// What the provider's own tools take from the environment.
    pub environment: Arc<ToolEnvironment>,
    /// How the service is reached.
    pub transport: Transport,
    /// How much at once and how long.
    pub limits: RequestLimits,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness, for waits.
    pub entropy: Arc<dyn Entropy>,
}
