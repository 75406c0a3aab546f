//! What an adapter tells the client about its service.

use std::fmt;

use async_trait::async_trait;
use reqwest::Request;
use tokio::time::Instant;

use crate::service::ServiceError;
use crate::service::http::Reply;

/// How a kind of service is spoken to.
#[async_trait]
pub(crate) trait Protocol: fmt::Debug + Send + Sync {
    /// Adds to a request what shows who asks; once for each attempt. A credential is had by `until` or not at all.
    async fn sign(&self, request: &mut Request, until: Instant) -> Result<(), ServiceError>;

    /// What an answer asks for. [`RetryDecision::of_status`] where the status says it all.
    fn retry_decision(&self, reply: &Reply) -> RetryDecision;

    /// Whether `text` holds a credential, so that it is not shown.
    fn gives_away(&self, text: &str) -> bool;
}

/// What to do after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RetryDecision {
    /// It is the answer.
    Final,
    /// Another attempt may fare better.
    Again,
    /// The service limits the rate.
    Throttled,
}

impl RetryDecision {
    /// By the status alone: 412 is a replica that lags behind, 473 a standby.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            429 => Self::Throttled,
            408 | 412 | 473 | 500 | 502..=504 => Self::Again,
            _ => Self::Final,
        }
    }
}
