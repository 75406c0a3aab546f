//! The end of every use of vaults.

use std::sync::Arc;
use std::time::Duration;

use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::service::ServiceError;
use cloze::vault::Adapter;
use cloze::wiring::OpenVaults;
use futures::future::join_all;
use tokio::time::timeout;

use crate::context::Run;

/// How long a vault may take to end what it keeps open.
const PATIENCE: Duration = Duration::from_millis(800);

/// Runs a story about vaults, then ends what they keep open, whatever came of it. What fails at that is only warned about.
pub(crate) async fn closing<T>(run: &Run, vaults: &OpenVaults, story: impl Future<Output = Result<T, Problems>>) -> Result<T, Problems> {
    let result = story.await;
    let close = async |(name, vault): (&String, &Arc<dyn Adapter>)| warning(name, timeout(PATIENCE, vault.close()).await.ok());
    for warning in join_all(vaults.adapters().iter().map(close)).await.into_iter().flatten() {
        run.ui.warn(&warning);
    }
    result
}

/// What to say of the end of a vault's use; `None` for one that took too long.
fn warning(name: &str, end: Option<Result<(), ServiceError>>) -> Option<Problem> {
    let (reason, next) = match end {
        Some(Ok(())) => return None,
        Some(Err(error)) => (error.reason, error.next),
        None => ("it did not answer in time".to_owned(), "do nothing: what it kept open ends by itself".to_owned()),
    };
    Some(Problem::new(Fault::Vault, format!("vault `{name}` was not closed: {reason}"), next))
}

#[cfg(test)]
mod tests {
    use cloze::service::ServiceError;
    use cloze::service::ServiceFault;

    use super::PATIENCE;
    use super::warning;

    #[test]
    fn a_close_that_fails_is_a_warning() {
        let told = |end| warning("shared", end).map(|problem| format!("{problem}; {}", problem.next));
        assert_eq!(told(Some(Ok(()))), None);
        let error = ServiceError { fault: ServiceFault::Unavailable, reason: "it is sealed".to_owned(), next: "unseal it".to_owned() };
        assert_eq!(told(Some(Err(error))).unwrap(), "vault `shared` was not closed: it is sealed; unseal it");
        assert_eq!(
            told(None).unwrap(),
            "vault `shared` was not closed: it did not answer in time; do nothing: what it kept open ends by itself"
        );
    }

    #[test]
    fn a_deadline_and_the_close_after_it_end_within_a_second() {
        assert!(PATIENCE.as_millis() < 1_000);
    }
}
