//! One call and its answer: signed for its own origin only, within a deadline, a few times over if need be.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use tokio::time::Instant;
use tokio::time::sleep;
use tokio::time::timeout_at;

use crate::clock::Entropy;
use crate::service::Meter;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::Window;
use crate::service::http::Call;
use crate::service::http::Client;
use crate::service::http::Protocol;
use crate::service::http::Reply;
use crate::service::http::RequestLimits;
use crate::service::http::RetryDecision;
use crate::service::http::Transport;
use crate::service::http::circuit_breaker::CircuitBreaker;
use crate::service::http::circuit_breaker::NotSent;
use crate::service::http::circuit_breaker::OpenReason;
use crate::service::http::circuit_breaker::Permit;
use crate::service::http::failure::Failure;
use crate::service::http::rate_limiter::RateLimiter;

/// How often one request is made at most, apart from those that the service answered by limiting the rate.
const ATTEMPTS: u32 = 4;
/// The first wait is up to this long, and each further one up to twice the last.
const BACKOFF: Duration = Duration::from_millis(250);

/// What every call to one service has in common.
#[derive(Debug)]
pub(crate) struct HttpClient {
    client: Client,
    origin: Url,
    window: Window,
    breaker: CircuitBreaker,
    limiter: RateLimiter,
    deadline: Duration,
    body: usize,
    meter: Arc<Meter>,
    entropy: Arc<dyn Entropy>,
}

impl HttpClient {
    /// For the vault at `origin`; every other server is refused.
    ///
    /// # Errors
    /// Certificates that are not in PEM, and a machine without any.
    pub(crate) fn new(
        origin: &Url,
        transport: &Transport,
        limits: &RequestLimits,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ServiceError> {
        Self::named("the vault", origin, transport, limits, entropy)
    }

    /// The same for another service, with its article.
    ///
    /// # Errors
    /// As [`HttpClient::new`].
    pub(crate) fn named(
        name: &'static str,
        origin: &Url,
        transport: &Transport,
        limits: &RequestLimits,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, ServiceError> {
        let RequestLimits { parallel, deadline, rest, rate, body, meter } = limits;
        Ok(Self {
            client: Client::new(name, origin, transport, *parallel)?,
            origin: origin.clone(),
            window: Window::new(*parallel),
            breaker: CircuitBreaker::new(*rest),
            limiter: RateLimiter::new(*rate),
            deadline: *deadline,
            body: *body,
            meter: Arc::clone(meter),
            entropy,
        })
    }

    /// When what begins now has to be done. A service that failed before gets another chance.
    pub(crate) fn until(&self) -> Instant {
        self.breaker.renew();
        Instant::now() + self.deadline
    }

    /// The origin that credentials go to.
    pub(crate) fn origin(&self) -> &Url {
        &self.origin
    }

    /// The client, for requests that carry no credential.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Calls until there is a final answer, there were four attempts, or it is `until`.
    pub(crate) async fn ask(&self, call: &Call, protocol: &dyn Protocol, until: Instant) -> Result<Reply, ServiceError> {
        if call.url.origin() != self.origin.origin() {
            let reason = "an address of another server came up, and no credential is sent there";
            return Err(ServiceError::new(ServiceFault::Unavailable, reason, format!("check the address of {}", self.client.name())));
        }
        let mut last = None;
        let answer = timeout_at(until, async {
            let _slot = self.window.slot().await;
            self.attempts(call, protocol, until, &mut last).await
        })
        .await;
        answer.unwrap_or_else(|_| {
            let name = self.client.name();
            let before = match last {
                None => String::new(),
                // It answered: not yet.
                Some(Ok(reply)) if protocol.retry_decision(&reply) == RetryDecision::Throttled => return Ok(reply),
                Some(Ok(reply)) => format!("; before that: status {}", reply.status),
                Some(Err(error)) => format!("; before that: {}", error.reason),
            };
            let reason = format!("{name} did not answer within {} s{before}", self.deadline.as_secs_f32());
            Err(ServiceError::new(ServiceFault::Unavailable, reason, format!("check {name} and the network, or allow more time")))
        })
    }

    /// Leaves in `last` what came of the last attempt, for when there is no time for another.
    async fn attempts(&self, call: &Call, protocol: &dyn Protocol, until: Instant, last: &mut Option<ReplyOrError>) -> ReplyOrError {
        let mut attempt = 0;
        loop {
            let permit = match self.breaker.permit(until).await {
                Ok(permit) => permit,
                Err(refused) => return last.take().unwrap_or_else(|| Err(not_asked(refused, self.client.name()))),
            };
            self.limiter.turn().await;
            let outcome = self.once(call, protocol, until).await;
            match self.judge(outcome, protocol, permit) {
                Judged::Done(outcome) => return outcome,
                Judged::Patience(reply) => *last = Some(Ok(reply)),
                Judged::Failed(outcome, at_least) => {
                    attempt += 1;
                    let wait = (BACKOFF * 2_u32.pow(attempt - 1)).mul_f64(self.chance()).max(at_least);
                    if attempt == ATTEMPTS || Instant::now() + wait >= until {
                        return outcome;
                    }
                    *last = Some(outcome);
                    sleep(wait).await;
                }
            }
        }
    }

    /// Tells the circuit breaker what came of an attempt.
    fn judge(&self, outcome: Result<Reply, Failure>, protocol: &dyn Protocol, permit: Permit<'_>) -> Judged {
        match outcome {
            Ok(reply) => {
                let wait = reply.retry_after;
                match protocol.retry_decision(&reply) {
                    RetryDecision::Final => {
                        permit.answered();
                        Judged::Done(Ok(reply))
                    }
                    RetryDecision::Again => {
                        permit.failed();
                        Judged::Failed(Ok(reply), wait.unwrap_or_default())
                    }
                    RetryDecision::Throttled => {
                        permit.throttled(wait, self.chance());
                        Judged::Patience(reply)
                    }
                }
            }
            Err(Failure { error, again }) => {
                if !again {
                    // Not the service's fault: a credential that cannot be had, a certificate that is not valid here.
                    return Judged::Done(Err(error));
                }
                permit.failed();
                Judged::Failed(Err(error), Duration::ZERO)
            }
        }
    }

    async fn once(&self, call: &Call, protocol: &dyn Protocol, until: Instant) -> Result<Reply, Failure> {
        let mut request = call.request();
        protocol.sign(&mut request, until).await.map_err(|error| Failure { error, again: false })?;
        self.meter.send();
        let began = Instant::now();
        let reply = self.client.send(request, self.body).await.inspect_err(|_| self.window.refused())?;
        self.meter.answer();
        match protocol.retry_decision(&reply) {
            RetryDecision::Final => self.window.answered(began.elapsed()),
            RetryDecision::Again | RetryDecision::Throttled => self.window.refused(),
        }
        Ok(reply)
    }

    /// A random number from 0 to 1, for full jitter: clients that failed together do not come back together.
    fn chance(&self) -> f64 {
        let mut bytes = [0; 4];
        self.entropy.fill(&mut bytes);
        f64::from(u32::from_be_bytes(bytes)) / f64::from(u32::MAX)
    }
}

/// An answer, or why there is none.
type ReplyOrError = Result<Reply, ServiceError>;

/// What came of an attempt.
enum Judged {
    /// What will not change.
    Done(ReplyOrError),
    /// The service limits the rate.
    Patience(Reply),
    /// What may change, after that long at least.
    Failed(ReplyOrError, Duration),
}

fn not_asked(refused: NotSent, name: &str) -> ServiceError {
    match refused {
        NotSent::Hopeless | NotSent::TooLong(OpenReason::Failing) => {
            let reason = format!("not asked for: {name} could not answer several others");
            ServiceError::new(ServiceFault::Unavailable, reason, "see why the others failed")
        }
        NotSent::TooLong(OpenReason::Throttled) => {
            let reason = format!("not asked for: {name} asks for a longer wait than there is time");
            ServiceError::new(ServiceFault::RateLimited, reason, "try again later, or allow more time")
        }
    }
}
