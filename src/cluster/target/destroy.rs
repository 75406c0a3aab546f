//! All that an inventory lists is taken away, and the inventory last.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use tokio::time::Instant;
use tokio::time::sleep;

use crate::cluster::target::Cluster;
use crate::cluster::target::fence::inventory;
use crate::cluster::target::going::kept_by;
use crate::cluster::target::prune::delete_all;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Part;
use crate::cluster::target::unused::Member;
use crate::cluster::target::unused::every_member;
use crate::cluster::target::unused::split;
use crate::manifest::Identity;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::target::Claim;
use crate::target::Needed;
use crate::target::Pruned;
use crate::target::RolloutProgress;

const BETWEEN: Duration = Duration::from_millis(250);

impl Cluster {
    /// Removes all that the inventory lists, used or not, but what is protected; or says what it would remove. The inventory stays, so that a run that was
    /// stopped can be carried on. What was deleted before and is still there is waited for, too, all together `limit`. `None` where nothing was applied.
    /// `claim` says which history asks.
    ///
    /// # Errors
    /// The cluster holds releases of another history, or of another inventory; or something could not be removed, or does not go.
    pub async fn clear(&self, claim: &Claim, limit: Duration, dry_run: bool) -> Result<Option<Pruned>, Problems> {
        let Self { server, parent, .. } = self;
        let Some(there) = inventory(server, parent).await? else { return Ok(None) };
        there.admits(claim)?;
        let members = every_member(server, parent, &there).await.map_err(|refused| unanswered(refused, "list its objects"))?;
        let (protected, removable) = split(members, &Needed::default());
        let protected = protected.into_iter().map(|member| member.identity).collect();
        let mut pruned = Pruned { removed: identities(&removable), protected, warnings: Vec::new() };
        if dry_run {
            return Ok(Some(pruned));
        }
        // A deploy that has read the inventory and not yet written it begins again, and one that goes on finds it gone.
        server.replace(&parent.path(), there.touched().object()).await.map_err(|refused| unanswered(refused, "write its inventory"))?;
        let (removed, failed) = delete_all(server, removable.clone(), None).await;
        Problems::or((), failed)?;
        pruned.removed = removed;
        let end = Instant::now() + limit;
        Problems::or(Some(pruned), self.gone(&removable, end).await)
    }

    /// Removes the inventory.
    pub async fn forget(&self) -> Result<(), Problem> {
        let path = self.parent.path();
        let forgotten = async {
            let object = self.server.get(&path, Part::Metadata).await?;
            self.server.delete(&path, object["metadata"]["uid"].as_str().unwrap_or_default(), None).await
        };
        match forgotten.await {
            Ok(()) | Err(Refused::Absent | Refused::NoNamespace) => Ok(()),
            Err(refused) => Err(unanswered(refused, "remove its inventory")),
        }
    }

    /// Waits until `members`, which were deleted, are gone; what keeps those that are not at `end`.
    async fn gone(&self, members: &[Member], end: Instant) -> Vec<Problem> {
        let tell = |progress: RolloutProgress| self.observer.iter().for_each(|observer| observer.progress(progress.clone()));
        let (of, mut ready) = (members.len(), 0);
        let mut left: Vec<(&Member, String)> = members.iter().map(|member| (member, String::new())).collect();
        tell(RolloutProgress::Began { of });
        loop {
            let looks: Vec<_> = left.iter().map(|(member, _)| self.keeper(member)).collect();
            let found = stream::iter(looks).buffered(AT_ONCE).collect::<Vec<_>>().await;
            let mut still = Vec::new();
            for ((member, said), reason) in left.into_iter().zip(found) {
                let health = if reason.is_some() { "deleting" } else { "gone" };
                ready += usize::from(reason.is_none());
                if reason.as_ref() != Some(&said) {
                    tell(RolloutProgress::Changed { object: member.identity.clone(), health, reason: reason.clone(), ready, of });
                }
                still.extend(reason.map(|reason| (member, reason)));
            }
            left = still;
            if left.is_empty() || Instant::now() > end {
                break;
            }
            sleep(BETWEEN).await;
        }
        tell(RolloutProgress::Ended);
        let stays = |(member, kept): (&Member, String)| {
            let reason = format!("{} was deleted and is still there: {kept}", member.identity);
            let next = "find out why, then run `cloze destroy` again; `--timeout` says how long it waits";
            Problem::new(Fault::Rollout, reason, next)
        };
        left.into_iter().map(stays).collect()
    }

    /// What keeps an object that was deleted; `None` where it is gone.
    async fn keeper(&self, member: &Member) -> Option<String> {
        match self.server.get(&member.path, Part::Metadata).await {
            Err(Refused::Absent | Refused::NoNamespace) => None,
            Ok(object) if object["metadata"]["uid"] != member.uid.as_str() => None,
            Ok(object) => Some(kept_by(&object["metadata"]).unwrap_or_else(|| "somebody keeps it".to_owned())),
            Err(refused) => Some(refused.words().reason),
        }
    }
}

fn identities(members: &[Member]) -> Vec<Identity> {
    members.iter().map(|member| member.identity.clone()).collect()
}
