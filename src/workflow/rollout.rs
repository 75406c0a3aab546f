//! A release that is proven where it runs, or taken back.

use crate::event::Event;
use crate::history::Action;
use crate::history::Draft;
use crate::history::History;
use crate::history::NewEvent;
use crate::history::Outcome;
use crate::history::Release;
use crate::history::What;
use crate::manifest::Identity;
use crate::problem::Problems;
use crate::project::OnFailure;
use crate::report::TakenBack;
use crate::target::Syntax;
use crate::target::Target;
use crate::workflow::access::HistoryAccess;
use crate::workflow::context::Context;
use crate::workflow::earlier::earlier;
use crate::workflow::earlier::recorded_set;
use crate::workflow::prune::identities;
use crate::workflow::prune::prune_after_proof;
use crate::workflow::release::Candidate;
use crate::workflow::release::release;
use crate::workflow::released::Released;

/// Releases a candidate as [`release`] does. Where it fails in a target in which releases run, the last one that was proven there is released again, unless
/// the environment says otherwise. That is done once: a way back that fails is not taken back. The failure says whether it was taken back.
pub(crate) async fn rollout(
    context: &Context<'_>,
    access: &HistoryAccess<'_>,
    history: &History<'_>,
    head: Option<Release>,
    candidate: Candidate<'_>,
) -> Result<Released, Problems> {
    let mut released = release(context, access, history, head, candidate).await?;
    let failed = &released.release;
    let Some(failure) = released.outcome.failure.as_mut().filter(|failure| failure.touched) else {
        return Ok(pruned(context, history, released, candidate.target, Vec::new()).await);
    };
    let number = failed.summary.number;
    failure.problem.next = format!("correct it, then deploy again; `cloze show {number}` shows the release");
    let words = if context.settings.cluster.as_ref().is_none_or(|cluster| cluster.on_failure == OnFailure::Stop) {
        "it was left as it is (`on-failure: stop`)".to_owned()
    } else if let Ok((proven, _)) = earlier(history, failed, Outcome::is_proven, "proven").await {
        let to = proven.summary.number;
        context.observe(Event::GoingBack { from: number, to, reason: failure.problem.reason.clone() });
        match Box::pin(go_back(context, access, history, failed, &proven, candidate.target)).await {
            Ok(by) => {
                failure.taken_back = Some(TakenBack { to, by });
                format!("release {by} took it back to release {to}")
            }
            Err(problems) => {
                let reasons: Vec<&str> = problems.list().iter().map(|problem| problem.reason.as_str()).collect();
                format!("going back to release {to} failed, too: {}", reasons.join("; "))
            }
        }
    } else {
        "it was left as it is, since no earlier release was proven there".to_owned()
    };
    failure.problem.reason = format!("{}; {words}", failure.problem.reason);
    Ok(released)
}

/// Releases the manifests of `proven` again and removes what only `failed` brought; the number of the new release.
async fn go_back(
    context: &Context<'_>,
    access: &HistoryAccess<'_>,
    history: &History<'_>,
    failed: &Release,
    proven: &Release,
    target: &dyn Target,
) -> Result<u64, Problems> {
    let stored = history.manifests(proven).await?;
    let note = format!("release {} failed", failed.summary.number);
    let action = Action::Rollback { of: proven.summary.number };
    let draft = Draft { note: Some(note), ..Draft::again(proven, &stored, context.actor, action) };
    let set = recorded_set(&stored, &[], Syntax::Yaml);
    let candidate = Candidate { draft: &draft, built: None, set: &set, target, confirm: &|| Ok(()) };
    let released = release(context, access, history, Some(failed.clone()), candidate).await?;
    if let Some(failure) = released.outcome.failure {
        return Err(failure.problem.into());
    }
    let by = released.release.summary.number;
    history.add_event(failed, NewEvent { actor: context.actor, what: What::RolledBack { by }, detail: "" }).await?;
    let mut kept: Vec<Identity> = identities(&released.release).cloned().collect();
    if let Ok(before) = history.release(failed.summary.number - 1).await {
        kept.extend(identities(&before).cloned());
    }
    let brought: Vec<Identity> = identities(failed).filter(|identity| !kept.contains(identity)).cloned().collect();
    pruned(context, history, released, target, brought).await;
    Ok(by)
}

/// The release, once what earlier ones left was removed: where it is proven.
pub(crate) async fn pruned(
    context: &Context<'_>,
    history: &History<'_>,
    mut released: Released,
    target: &dyn Target,
    brought: Vec<Identity>,
) -> Released {
    if released.outcome.proven {
        released.pruned = prune_after_proof(context, history, &released.release, target, brought).await;
    }
    released
}
