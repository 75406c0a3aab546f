//! What nothing needs is removed, in a way that a prune which sleeps cannot take from a newer release what that needs.
//!
//! Each object is marked, then the inventory is changed, then what was marked is deleted, as the version that was marked. A release that raises the fence lists the
//! members and then replaces the inventory: either it sees the marks and takes them off what it needs (`mark.rs`), after which no delete of this prune
//! is accepted, or it has read the inventory before it was changed here and has to read again, or it was first and the change here is refused.

use futures::StreamExt as _;
use futures::stream;

use crate::cluster::target::fence::inventory;
use crate::cluster::target::item::stage_of;
use crate::cluster::target::mark::mark;
use crate::cluster::target::mark::marked;
use crate::cluster::target::parent::Inventory;
use crate::cluster::target::parent::Parent;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::resource::group_kind;
use crate::cluster::target::resource::namespaces;
use crate::cluster::target::server::AT_ONCE;
use crate::cluster::target::server::Part;
use crate::cluster::target::server::Server;
use crate::cluster::target::unused::Member;
use crate::cluster::target::unused::Unused;
use crate::cluster::target::unused::unused;
use crate::manifest::Identity;
use crate::manifest::Phase;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::target::Claim;
use crate::target::Needed;
use crate::target::Pruned;

/// Removes what nothing needs beside the release of `claim`, which the cluster holds; or says what it would remove.
///
/// # Errors
/// The cluster holds another release, or does not show its objects; nothing was removed.
pub(super) async fn prune(server: &Server, parent: &Parent, claim: &Claim, needed: &Needed, dry_run: bool) -> Result<Pruned, Problem> {
    let Some(there) = inventory(server, parent).await? else { return Ok(Pruned::default()) };
    holds(&there, claim)?;
    let Unused { removable, protected, members } =
        unused(server, parent, &there, needed).await.map_err(|refused| unanswered(refused, "list its objects"))?;
    if dry_run || removable.is_empty() {
        return Ok(Pruned { removed: removable.into_iter().map(|member| member.identity).collect(), protected, warnings: Vec::new() });
    }
    let mut warnings = Vec::new();
    let mut ready = Vec::new();
    let value = claim.release.to_string();
    let marks: Vec<_> = removable.into_iter().map(|member| mark_one(server, member, &value)).collect();
    for (member, result) in stream::iter(marks).buffered(AT_ONCE).collect::<Vec<_>>().await {
        match result {
            Ok(()) => ready.push(member),
            // Somebody changes it, or it is gone: the next prune looks again.
            Err(Refused::Stale | Refused::Absent) => {}
            Err(refused) => warnings.push(not_removed(&member.identity, refused)),
        }
    }
    let there = match server.replace(&parent.path(), there.touched().object()).await {
        Ok(object) => parent.read(object)?,
        Err(refused) => {
            for member in &ready {
                let _ = mark(server, &member.path, &member.version, None).await;
            }
            if let (Refused::Stale, Some(there)) = (&refused, inventory(server, parent).await?) {
                holds(&there, claim)?;
            }
            return Err(unanswered(refused, "write its inventory"));
        }
    };
    let (removed, failed) = delete_all(server, ready, Some(&value)).await;
    warnings.extend(failed);
    if warnings.is_empty() {
        narrow(server, parent, there, &members, &removed).await;
    }
    Ok(Pruned { removed, protected, warnings })
}

/// That the inventory says that the cluster holds the release of `claim`.
fn holds(there: &Inventory, claim: &Claim) -> Result<(), Problem> {
    there.admits(claim)?;
    match there.release() {
        Some(release) if release != claim.release => {
            let reason = format!("the cluster holds release {release}, not release {}", claim.release);
            Err(Problem::new(Fault::History, reason, "deploy first"))
        }
        _ => Ok(()),
    }
}

/// Marks an object; with its version afterwards.
async fn mark_one(server: &Server, mut member: Member, value: &str) -> (Member, Result<(), Refused>) {
    let result = mark(server, &member.path, &member.version, Some(value)).await.map(|version| member.version = version);
    (member, result)
}

/// Deletes workloads before what they use, each as it was marked with `value`, or whatever became of it since. Where something of a stage stays, so does all that it may need. What was deleted, and what did not work.
pub(super) async fn delete_all(server: &Server, members: Vec<Member>, value: Option<&str>) -> (Vec<Identity>, Vec<Problem>) {
    let stage = |member: &Member| std::cmp::Reverse(stage_of(Phase::of(&member.identity)));
    let mut members = members;
    members.sort_by_key(stage);
    let (mut removed, mut failed) = (Vec::new(), Vec::new());
    for stage in members.chunk_by(|one, other| stage(one) == stage(other)) {
        let deletes: Vec<_> = stage.iter().map(|member| delete(server, member, value)).collect();
        for (member, result) in stage.iter().zip(stream::iter(deletes).buffered(AT_ONCE).collect::<Vec<_>>().await) {
            match result {
                Ok(true) => removed.push(member.identity.clone()),
                Ok(false) => {}
                Err(refused) => failed.push(not_removed(&member.identity, refused)),
            }
        }
        if !failed.is_empty() {
            break;
        }
    }
    (removed, failed)
}

/// Deletes an object as it was marked with `value`; whether it did. A controller that writes its status meanwhile does no harm.
async fn delete(server: &Server, member: &Member, value: Option<&str>) -> Result<bool, Refused> {
    if value.is_none() {
        return server.delete(&member.path, &member.uid, None).await.map(|()| true);
    }
    let mut version = member.version.clone();
    for _ in 0..TRIES {
        match server.delete(&member.path, &member.uid, Some(&version)).await {
            Err(Refused::Stale) => {}
            result => return result.map(|()| true),
        }
        let now = match server.get(&member.path, Part::Metadata).await {
            Err(Refused::Absent) => return Ok(true),
            object => object?,
        };
        if now["metadata"]["uid"] != member.uid.as_str() || marked(&now["metadata"]) != value {
            // A newer release needs it.
            return Ok(false);
        }
        now["metadata"]["resourceVersion"].as_str().unwrap_or_default().clone_into(&mut version);
    }
    Err(Refused::Stale)
}

/// How often an object is read again that its controller changes meanwhile.
const TRIES: usize = 5;

fn not_removed(object: &Identity, refused: Refused) -> Problem {
    let words = refused.words();
    Problem::new(Fault::Rollout, format!("{object} was not removed: {}", words.reason), words.next)
}

/// Makes the inventory list the kinds and namespaces of what is still there, and no others. Where it cannot, it lists too much, which does no harm.
async fn narrow(server: &Server, parent: &Parent, there: Inventory, members: &[Identity], removed: &[Identity]) {
    let left = || members.iter().filter(|member| !removed.contains(member));
    let narrowed = there.clone().narrowed(&parent.namespace, left().map(group_kind).collect(), namespaces(left()));
    if narrowed != there {
        let _ = server.replace(&parent.path(), narrowed.object()).await;
    }
}
