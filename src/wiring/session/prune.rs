//! Old releases, and what they left in a cluster, are removed.

use crate::history::History;
use crate::history::PrunePlan;
use crate::history::Release;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::report::PruneReport;
use crate::report::PrunedObjects;
use crate::target::Needed;
use crate::target::Pruned;
use crate::target::Target;
use crate::wiring::IfMissing;
use crate::wiring::RolloutRequest;
use crate::wiring::Session;
use crate::workflow::prune::needed;
use crate::workflow::prune::prune;

/// What is to be removed.
#[derive(Debug, Clone, Copy)]
pub struct PruneRequest {
    /// How many of the newest releases stay; as many as the environment's `cluster.keep` where it is `None`.
    pub keep: Option<u64>,
    /// Whether the cluster stays as it is.
    pub history_only: bool,
    /// Whether nothing is removed, and it is said what would be.
    pub dry_run: bool,
    /// Whether nobody is asked.
    pub yes: bool,
}

/// What nothing needs in a cluster.
pub(super) struct Leftovers {
    cluster: Box<dyn Target>,
    release: Release,
    needed: Needed,
    pub(super) found: Pruned,
}

impl Session<'_> {
    /// Removes the releases before the newest ones that stay, and what only they need; then the objects that nothing needs from the environment's
    /// cluster; once the person at the terminal says yes, or where `yes` already does. What this machine remembers, and what was written out last, stays.
    pub async fn prune(&self, PruneRequest { keep, history_only, dry_run, yes }: PruneRequest) -> Result<PruneReport, Problems> {
        let settings = self.settings.cluster.as_ref();
        let Some(keep) = keep.or(settings.map(|settings| settings.keep)) else {
            return Err(Problem::new(Fault::Usage, "it is not said how many releases stay", "add `--keep COUNT`").into());
        };
        let access = self.access(self.keys(IfMissing::Fail).await?)?;
        let history = access.open(&self.context()).await?;
        let plan = history.plan_prune(keep, access.remembered()?.filter(|number| *number > 0)).await?;
        let mut leftovers = match self.cluster(RolloutRequest::default())?.filter(|_| !history_only) {
            Some(cluster) => Some(leftovers(&history, cluster, keep).await?),
            None => None,
        };
        let PrunePlan { first, newest, objects, .. } = plan;
        let kept = (newest + 1).saturating_sub(first);
        if kept > keep {
            let reason = format!("{kept} releases stay, not {keep}: from {first} on, which is needed");
            let next = "what was written out last stays, what this machine remembers, and two at least";
            self.warn(Problem::new(Fault::History, reason, next));
        }
        let mut what = Vec::new();
        if objects > 0 {
            what.push(format!("{objects} objects of {} releases from {}", plan.releases.len(), access.store));
        }
        if let Some(Leftovers { cluster, found, .. }) = leftovers.as_ref().filter(|left| !left.found.removed.is_empty()) {
            let names: Vec<String> = found.removed.iter().map(ToString::to_string).collect();
            what.push(format!("{} objects from {cluster} ({})", names.len(), names.join(", ")));
        }
        if !dry_run && !what.is_empty() {
            let question = format!("Remove {}, for good?", what.join(", and "));
            if !yes && !self.ports.prompt.confirms(&question) {
                let reason = "nothing was removed: `prune` asks first";
                return Err(Problem::new(Fault::Usage, reason, "answer yes at a terminal, or add `--yes`").into());
            }
            history.prune(&plan, self.ports.actor).await?;
            if let Some(Leftovers { cluster, release, needed, found }) = &mut leftovers {
                *found = prune(&history, release, cluster.as_ref(), needed, false).await?;
                Problems::or((), std::mem::take(&mut found.warnings))?;
            }
        }
        Ok(PruneReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            history: access.store.to_string(),
            dry_run,
            first,
            newest,
            removed: plan.releases,
            objects,
            cluster: leftovers.as_ref().map(|left| left.cluster.to_string()),
            pruned: leftovers.map(|left| PrunedObjects::from(left.found)),
        })
    }
}

/// What nothing needs in the cluster, which holds the newest release and runs it.
pub(super) async fn leftovers(history: &History<'_>, cluster: Box<dyn Target>, keep: u64) -> Result<Leftovers, Problem> {
    let release = history.head().await?.ok_or_else(|| history.reader().empty())?;
    if !history.outcome(&release).await?.is_proven() {
        let reason = format!(
            "release {} was not seen to run in {cluster}, so that what earlier ones left there may be needed",
            release.summary.number
        );
        let next = "deploy again and wait for the rollout, or add `--history-only`";
        return Err(Problem::new(Fault::Rollout, reason, next));
    }
    let needed = needed(history, &release, keep).await?;
    let found = prune(history, &release, cluster.as_ref(), &needed, true).await?;
    Ok(Leftovers { cluster, release, needed, found })
}
