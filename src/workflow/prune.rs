//! What earlier releases left where releases run is removed, once the newest one is proven there.

use std::collections::BTreeSet;

use futures::StreamExt as _;
use futures::stream;

use crate::event::Event;
use crate::history::History;
use crate::history::HistoryError;
use crate::history::Outcome;
use crate::history::Release;
use crate::history::What;
use crate::manifest::Identity;
use crate::problem::Problem;
use crate::target::Needed;
use crate::target::Pruned;
use crate::target::Target;
use crate::workflow::applied;
use crate::workflow::context::Context;

/// Removes what nothing needs beside a release that was proven in `target`: all of it, or where the environment says that deploys do not, what is in
/// `brought`, which a release that failed brought. What does not work is a warning: the release runs.
pub(crate) async fn prune_after_proof(
    context: &Context<'_>,
    history: &History<'_>,
    release: &Release,
    target: &dyn Target,
    brought: Vec<Identity>,
) -> Option<Pruned> {
    let settings = context.settings.cluster.as_ref()?;
    if !settings.prune && brought.is_empty() {
        return None;
    }
    let pruned = async {
        let needed = Needed { failed: brought, only_failed: !settings.prune, ..needed(history, release, settings.keep).await? };
        prune(history, release, target, &needed, false).await
    };
    match pruned.await {
        Ok(pruned) => {
            for warning in &pruned.warnings {
                context.warn(warning.clone());
            }
            tell(context, &pruned);
            Some(pruned)
        }
        Err(problem) => {
            let reason = format!("what earlier releases left was not removed: {}", problem.reason);
            context.warn(Problem { reason, ..problem });
            None
        }
    }
}

/// Says what was removed, and what stays though no release has it.
pub(crate) fn tell(context: &Context<'_>, Pruned { removed, protected, .. }: &Pruned) {
    let names = |objects: &[Identity]| objects.iter().map(ToString::to_string).collect::<Vec<_>>();
    if !removed.is_empty() || !protected.is_empty() {
        context.observe(Event::Pruned { removed: names(removed), protected: names(protected) });
    }
}

/// Removes from `target`, which holds `release`, what is not `needed`; or says what it would remove.
pub(crate) async fn prune(
    history: &History<'_>,
    release: &Release,
    target: &dyn Target,
    needed: &Needed,
    dry_run: bool,
) -> Result<Pruned, Problem> {
    let claim = applied::claim(history, Some(release), release.summary.number).await?;
    target.reserve(&claim).await?.prune(needed, dry_run).await
}

/// What stays beside a release that is proven: its objects, and of the `keep` newest releases that did not fail those that are named by their content.
pub(crate) async fn needed(history: &History<'_>, release: &Release, keep: u64) -> Result<Needed, HistoryError> {
    let number = release.summary.number;
    let read = |number: u64| async move {
        let release = history.release(number).await?;
        let outcome = history.outcome(&release).await?;
        Ok::<_, HistoryError>((release, outcome))
    };
    let mut releases = stream::iter((number.saturating_sub(keep - 1).max(1)..number).rev()).map(read).buffered(AHEAD);
    let mut kept = BTreeSet::new();
    while let Some(found) = releases.next().await {
        let (release, outcome) = match found {
            Err(HistoryError::Pruned { .. }) => break,
            found => found?,
        };
        if !matches!(outcome, Outcome::Known(event) if matches!(event.what, What::Failed | What::RolledBack { .. })) {
            let by_content = release.body.manifests.into_iter().filter(|manifest| manifest.base != manifest.identity.name);
            kept.extend(by_content.map(|manifest| manifest.identity));
        }
    }
    Ok(Needed { current: identities(release).cloned().collect(), kept: kept.into_iter().collect(), ..Needed::default() })
}

/// The objects of a release.
pub(crate) fn identities(release: &Release) -> impl Iterator<Item = &Identity> {
    release.body.manifests.iter().map(|manifest| &manifest.identity)
}

/// How many releases are read at once.
const AHEAD: usize = 8;
