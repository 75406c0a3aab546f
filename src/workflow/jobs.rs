//! Jobs that are named by their content run once: the history remembers which have ended well.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::TryStreamExt as _;
use futures::stream;

use crate::history::Action;
use crate::history::History;
use crate::history::HistoryError;
use crate::history::NewEvent;
use crate::history::Release;
use crate::history::What;
use crate::target::ManifestSet;
use crate::target::Reservation;
use crate::target::Syntax;
use crate::workflow::context::Context;
use crate::workflow::earlier::recorded_set;

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
    if jobs(release) == 0 {
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

/// Notes which Jobs of `set`, the manifests of `release`, have ended well, unless its events say so already: the `own` lines. They may be removed then. The
/// sequence number of the event.
pub(crate) async fn note(
    context: &Context<'_>,
    history: &History<'_>,
    release: &Release,
    own: &[String],
    set: &ManifestSet<'_>,
    reservation: &mut dyn Reservation,
) -> Result<Option<u32>, HistoryError> {
    let finished = reservation.finished(set).await;
    let mut sequence = None;
    if finished.iter().any(|line| !own.contains(line)) {
        let event = NewEvent { actor: context.actor, what: What::Completed, detail: &finished.join("\n") };
        sequence = Some(history.add_event(release, event).await?.sequence);
    }
    if !finished.is_empty() {
        reservation.remembered(set).await;
    }
    Ok(sequence)
}

/// The same for the release before, whose Jobs the next one may not have: they may have ended since it was last looked at.
pub(crate) async fn note_former(
    context: &Context<'_>,
    history: &History<'_>,
    former: &Release,
    reservation: &mut dyn Reservation,
) -> Result<(), HistoryError> {
    let own = lines(history, former).await?;
    if own.len() < jobs(former) {
        let stored = history.manifests(former).await?;
        let set = recorded_set(&stored, &[], Syntax::Yaml);
        note(context, history, former, &own, &set, reservation).await?;
    }
    Ok(())
}

/// What the events of a release say.
async fn lines(history: &History<'_>, release: &Release) -> Result<Vec<String>, HistoryError> {
    if jobs(release) == 0 {
        return Ok(Vec::new());
    }
    let events = history.events(release).await?.into_iter().filter(|(event, _)| event.what == What::Completed);
    Ok(events.flat_map(|(_, detail)| detail.lines().map(str::to_owned).collect::<Vec<_>>()).collect())
}

/// How many Jobs it has that are named by their content.
fn jobs(release: &Release) -> usize {
    release.body.manifests.iter().filter(|manifest| manifest.identity.kind == "Job" && manifest.base != manifest.identity.name).count()
}

/// How many releases back it is looked for. What is carried on from release to release is said again by each.
const BACK: u64 = 10;
/// How many releases are read at once.
const AHEAD: usize = 8;
