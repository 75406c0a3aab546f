//! A request without a credential, to see what a vault asks for.

use async_trait::async_trait;
use reqwest::Request;
use tokio::time::Instant;

use crate::service::ServiceError;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RetryDecision;

/// Shows no credential.
#[derive(Debug)]
pub(super) struct Anonymous;

#[async_trait]
impl Protocol for Anonymous {
    async fn sign(&self, _: &mut Request, _: Instant) -> Result<(), ServiceError> {
        Ok(())
    }

    fn retry_decision(&self, reply: &Reply) -> RetryDecision {
        RetryDecision::of_status(reply.status)
    }

    fn gives_away(&self, _: &str) -> bool {
        false
    }
}
