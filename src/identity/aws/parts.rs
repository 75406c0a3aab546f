//! What a login at AWS needs besides its settings.

use std::sync::Arc;

use tokio::time::Instant;

use crate::clock::Clock;
use crate::identity::token_service;
use crate::identity::token_service::TokenService;
use crate::service::Meter;
use crate::service::ServiceError;
use crate::service::http::Call;
use crate::service::http::Reply;
use crate::service::http::Transport;

/// Who is believed, who counts, what time it is.
#[derive(Debug)]
pub(crate) struct LoginParts {
    pub(crate) transport: Transport,
    pub(crate) meter: Arc<Meter>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl LoginParts {
    /// The answer of a service that gives out credentials.
    pub(super) async fn ask(&self, call: &Call, name: &'static str, until: Instant) -> Result<Reply, ServiceError> {
        let service = TokenService { name, transport: &self.transport, meter: &self.meter, attempts: token_service::ATTEMPTS };
        service.ask(call, until).await
    }

    /// The same, asked once: where there is no such service, there will be none in a second either.
    pub(super) async fn ask_once(&self, call: &Call, name: &'static str, until: Instant) -> Result<Reply, ServiceError> {
        TokenService { name, transport: &self.transport, meter: &self.meter, attempts: 1 }.ask(call, until).await
    }
}
