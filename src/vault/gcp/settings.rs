//! How a project's Secret Manager is reached.

use std::sync::Arc;

use crate::identity::ToolEnvironment;
use crate::secret::Secret;
use crate::service::http::RequestLimits;
use crate::service::http::Transport;

/// How a project's Secret Manager is reached.
#[derive(Debug)]
pub struct Settings {
    /// The project, by its id or its number.
    pub project: String,
    /// The location of regional secrets, such as `europe-west3`; none for those that are not bound to one.
    pub location: Option<String>,
    /// Where it is, if not where Google has it. Plain `http` is for the loopback only.
    pub endpoint: Option<String>,
    /// The JSON of a service account's key, a user's login, a workload's federation or an impersonation; none for application default
    /// credentials.
    pub credentials: Option<Secret>,
    /// The variables of Google's own tools.
    pub environment: Arc<ToolEnvironment>,
    /// What the names of secrets that may be asked for begin with; everything when there is none.
    pub prefixes: Vec<String>,
    /// Who is believed to be Google.
    pub transport: Transport,
    /// How much at once, how fast and how long. Without a rate it is the published one.
    pub limits: RequestLimits,
}

impl Settings {
    /// A project with application default credentials and the usual limits.
    #[must_use]
    pub fn new(project: impl Into<String>) -> Self {
        Self {
            project: project.into(),
            location: None,
            endpoint: None,
            credentials: None,
            environment: Arc::default(),
            prefixes: Vec::new(),
            transport: Transport::default(),
            limits: RequestLimits::default(),
        }
    }
}
