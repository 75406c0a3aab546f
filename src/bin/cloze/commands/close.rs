//! The end of every use of vaults.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::vault::Vault;
use futures::future::join_all;
use tokio::time::timeout;

use crate::run::Run;

/// How long a vault may take to end what it keeps open.
const PATIENCE: Duration = Duration::from_millis(800);

/// Runs a story about vaults, then ends what they keep open, whatever came of it. What fails at that is only warned about.
pub(crate) async fn closing<T>(
    run: &Run,
    vaults: &BTreeMap<String, Arc<dyn Vault>>,
    story: impl Future<Output = Result<T, Problems>>,
) -> Result<T, Problems> {
    let result = story.await;
    let close = async |(name, vault): (&String, &Arc<dyn Vault>)| {
        let (reason, next) = match timeout(PATIENCE, vault.close()).await {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => (error.reason, error.next),
            Err(_) => ("it did not answer in time".to_owned(), "nothing: its login ends by itself".to_owned()),
        };
        Some(Problem::new(Fault::Vault, format!("vault `{name}` was not closed: {reason}"), next))
    };
    for warning in join_all(vaults.iter().map(close)).await.into_iter().flatten() {
        run.ui.warn(&warning);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::PATIENCE;

    #[test]
    fn a_deadline_and_the_close_after_it_end_within_a_second() {
        assert!(PATIENCE.as_millis() < 1_000);
    }
}
