//! What a login at Azure needs.

use std::sync::Arc;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::identity::ToolEnvironment;
use crate::service::Meter;
use crate::service::http::Transport;

/// What a login needs besides the credential.
#[derive(Debug)]
pub(crate) struct LoginParts {
    /// The authority, such as `https://login.microsoftonline.com`.
    pub(crate) authority: String,
    /// The audience of other issuers' tokens.
    pub(crate) audience: &'static str,
    /// The way to the authority.
    pub(crate) transport: Transport,
    /// Counts the requests.
    pub(crate) meter: Arc<Meter>,
    /// The variables of Azure's machines.
    pub(crate) environment: Arc<ToolEnvironment>,
    /// Randomness for assertions.
    pub(crate) entropy: Arc<dyn Entropy>,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
}
