//! Jobs that are named by their content run once: the history remembers which have ended well.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;

use crate::history::Action;
use crate::history::History;
use crate::history::HistoryError;
use crate::history::Release;
use crate::history::What;

/// Lines about Jobs that have ended well.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Those that a release was said to have.
    pub(crate) own: Vec<String>,
    /// These, and those of the releases before it and of the one that it brings back.
    pub(crate) all: Vec<String>,
}

/// What events say of the Jobs of `release` that are named by their content.
pub(crate) async fn done(history: &History<'_>, release: &Release) -> Result<Done, HistoryError> {
    if !has_jobs(release) {
        return Ok(Done::default());
    }
    let number = release.summary.number;
    let mut numbers: BTreeSet<u64> = (number.saturating_sub(BACK).max(1)..number).collect();
    if let Action::Rollback { of } = release.summary.action {
        numbers.insert(of);
    }
    let read = |number: u64| async move {
        match history.release(number).await {
            Err(HistoryError::Pruned { .. }) => Ok(Vec::new()),
            release => lines(history, &release?).await,
        }
    };
    let own = lines(history, release).await?;
    let mut all: Vec<Vec<String>> = stream::iter(numbers).map(read).buffer_unordered(AHEAD).try_collect().await?;
    all.push(own.clone());
    Ok(Done { own, all: all.concat() })
}

/// What the events of a release say.
async fn lines(history: &History<'_>, release: &Release) -> Result<Vec<String>, HistoryError> {
    if !has_jobs(release) {
        return Ok(Vec::new());
    }
    let events = history.events(release).await?.into_iter().filter(|(event, _)| event.what == What::Completed);
    Ok(events.flat_map(|(_, detail)| detail.lines().map(str::to_owned).collect::<Vec<_>>()).collect())
}

/// Whether it has Jobs that are named by their content.
fn has_jobs(release: &Release) -> bool {
    release.body.manifests.iter().any(|manifest| manifest.identity.kind == "Job" && manifest.base != manifest.identity.name)
}

/// How many releases back it is looked for. What is carried on from release to release is said again by each.
const BACK: u64 = 10;
/// How many releases are read at once.
const AHEAD: usize = 8;
