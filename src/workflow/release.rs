//! The end of every deploy and rollback: a release is recorded unless it is current, and goes to its target.

use std::collections::HashMap;

use futures::join;

use crate::event::Event;
use crate::history::Action;
use crate::history::Draft;
use crate::history::DraftManifest;
use crate::history::History;
use crate::history::HistoryError;
use crate::history::NewEvent;
use crate::history::Outcome;
use crate::history::RecordedManifest;
use crate::history::Release;
use crate::history::What;
use crate::manifest::Identity;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::report::ChangedObject;
use crate::report::FailedObject;
use crate::report::LogReport;
use crate::stage::diff::ChangeKind;
use crate::target::Claim;
use crate::target::ContainerLog;
use crate::target::Effect;
use crate::target::ManifestSet;
use crate::target::Put;
use crate::target::Reservation;
use crate::target::Target;
use crate::target::Unproven;
use crate::workflow::access::HistoryAccess;
use crate::workflow::applied;
use crate::workflow::build::Built;
use crate::workflow::context::Context;
use crate::workflow::document::key;
use crate::workflow::frozen;
use crate::workflow::in_place::in_place;
use crate::workflow::jobs;
use crate::workflow::jobs::Done;
use crate::workflow::redaction::Redaction;
use crate::workflow::released::ReleaseFailure;
use crate::workflow::released::Released;
use crate::workflow::released::TargetOutcome;

/// A release to be.
#[derive(Clone, Copy)]
pub(crate) struct Candidate<'a> {
    /// What is recorded.
    pub(crate) draft: &'a Draft<'a>,
    /// Where blanks were filled for it, what came of that: it is compared with what a cluster never lets change.
    pub(crate) built: Option<&'a Built>,
    /// The draft's manifests as the target takes them.
    pub(crate) set: &'a ManifestSet<'a>,
    /// Where it goes.
    pub(crate) target: &'a dyn Target,
    /// Whether to go on once it was checked.
    pub(crate) confirm: &'a dyn Fn() -> Result<(), Problem>,
}

/// Records a candidate after `head` unless that is what `head` holds, then puts it to its target. Once it is recorded, what goes wrong is part of what came of
/// it.
pub(crate) async fn release(
    context: &Context<'_>,
    access: &HistoryAccess<'_>,
    history: &History<'_>,
    head: Option<Release>,
    Candidate { draft, built, set, target, confirm }: Candidate<'_>,
) -> Result<Released, Problems> {
    let current = head.as_ref().is_some_and(|head| history.has_content(head, draft));
    let number = head.as_ref().map_or(1, |head| head.summary.number + u64::from(!current));
    let claim = if target.runs() { applied::claim(history, head.as_ref(), number).await? } else { Claim::default() };
    let checked = target.check(&claim, set).await;
    context.warn_of(checked.map_err(|problems| Redaction::of(draft.manifests.iter().cloned()).problems(problems))?)?;
    confirm()?;
    let previous = head.clone();
    let (release, before, changes) = match head {
        Some(head) if current => {
            let number = head.summary.number;
            let outcome = history.outcome(&head).await?;
            let interrupted = matches!(outcome, Outcome::Unknown);
            context.observe(if interrupted { Event::Resumed { number } } else { Event::Unchanged { number } });
            (head, outcome, Vec::new())
        }
        head => {
            let check = async {
                match built {
                    Some(built) => context.warn_of(frozen::of_built(history, head.as_ref(), built).await?),
                    None => Ok(()),
                }
            };
            let release = history.record_if(draft, head.as_ref(), check).await?;
            let changes = changes(head.as_ref(), &release);
            let removed = changes.iter().filter(|object| object.change == ChangeKind::Removed).count();
            let (number, manifests) = (release.summary.number, release.body.manifests.len());
            context.observe(Event::Recorded { number, manifests, changed: changes.len() - removed, removed });
            (release, Outcome::Unknown, changes)
        }
    };
    let mut events = if let Outcome::Known(event) = &before { event.sequence } else { 0 };
    let settled = settle(context, access, history, &release, events);
    let is_new = !before.is_proven();
    let emission =
        ReleaseEmission { context, history, release: &release, previous: previous.as_ref(), known: claim.inventory, draft, set, target };
    let (settled, mut outcome) = join!(settled, emission.emit(before, &mut events));
    let remembered = access.remember(context, &release, events);
    match &mut outcome.failure {
        // What ran once is not taken back for what happened to it since.
        Some(failure) => failure.touched &= is_new,
        None => outcome.failure = settled.and(remembered).err().map(ReleaseFailure::untouched),
    }
    Ok(Released { release, recorded: !current, changes, outcome, pruned: None })
}

/// The objects in which two releases differ: those of `after` in apply order, then those that are gone.
fn changes(before: Option<&Release>, after: &Release) -> Vec<ChangedObject> {
    let manifests = before.map(|before| before.body.manifests.as_slice()).unwrap_or_default();
    let mut old: HashMap<[&str; 4], &RecordedManifest> = manifests.iter().map(|manifest| (key(manifest), manifest)).collect();
    let one = |change, manifest: &RecordedManifest| {
        let object = Identity { name: manifest.base.clone(), ..manifest.identity.clone() }.into();
        ChangedObject { change, object }
    };
    let mut changes = Vec::new();
    for manifest in &after.body.manifests {
        match old.remove(&key(manifest)) {
            None => changes.push(one(ChangeKind::Added, manifest)),
            Some(old) if old.content.digest == manifest.content.digest => {}
            Some(_) => changes.push(one(ChangeKind::Changed, manifest)),
        }
    }
    let gone = manifests.iter().filter(|manifest| old.contains_key(&key(manifest)));
    changes.extend(gone.map(|manifest| one(ChangeKind::Removed, manifest)));
    changes
}

/// Removes what interrupted runs left since the head that is remembered, then remembers this one: a run that is killed while its target is
/// written to has to notice later that the release was cut off.
async fn settle(
    context: &Context<'_>,
    access: &HistoryAccess<'_>,
    history: &History<'_>,
    head: &Release,
    events: u32,
) -> Result<(), HistoryError> {
    let number = head.summary.number;
    let swept_to = access.remembered()?.unwrap_or(number.saturating_sub(UNREMEMBERED));
    let swept = history.sweep(swept_to.min(number)).await?;
    let objects = swept.packs.len() + swept.leftovers.len();
    if objects > 0 {
        context.observe(Event::Swept { objects });
    }
    access.remember(context, head, events)
}

/// A recorded release on its way to its target.
struct ReleaseEmission<'a> {
    context: &'a Context<'a>,
    history: &'a History<'a>,
    release: &'a Release,
    /// The head before it, or itself.
    previous: Option<&'a Release>,
    /// The inventory that earlier releases are in.
    known: Option<String>,
    draft: &'a Draft<'a>,
    set: &'a ManifestSet<'a>,
    target: &'a dyn Target,
}

impl ReleaseEmission<'_> {
    /// Puts the manifests to the target and records what came of it; `events` becomes the number of events that are known afterwards.
    async fn emit(&self, before: Outcome, events: &mut u32) -> TargetOutcome {
        let mut outcome = TargetOutcome::default();
        if let Err(failure) = self.try_emit(&mut outcome, before, events).await {
            outcome.failure = Some(failure);
        }
        outcome
    }

    /// The same; `outcome` becomes what is known of it, also where it fails.
    ///
    /// A release that was written out once keeps that outcome: writing it again and failing takes nothing back.
    async fn try_emit(&self, outcome: &mut TargetOutcome, before: Outcome, events: &mut u32) -> Result<(), ReleaseFailure> {
        let Self { context, history, release, target, set, .. } = *self;
        let number = release.summary.number;
        let store = history.reader().store_id().await?.unwrap_or_default();
        let goes_back = matches!(release.summary.action, Action::Rollback { .. });
        let done = if target.runs() { jobs::done(history, release).await? } else { Done::default() };
        let claim = Claim { store, release: number, goes_back, inventory: self.known.clone(), done: done.all.clone() };
        let reserved = target.reserve(&claim).await;
        let newest = history.reader().newest().await?;
        let mut inventory = None;
        let mut result = match reserved {
            // The run that recorded the newer one may have written it already.
            Ok(_) if newest > number => Err(ReleaseFailure::untouched(superseded(number, newest, target))),
            Ok(mut reservation) => {
                let result = self.put(outcome, reservation.as_mut()).await;
                let noted = jobs::note(context, history, release, &done.own, set, reservation.as_mut()).await?;
                *events = noted.unwrap_or(*events);
                if let Some(former) = self.previous.filter(|previous| previous.summary.number < number) {
                    jobs::note_former(context, history, former, reservation.as_mut()).await?;
                }
                inventory = reservation.inventory().map(str::to_owned);
                result
            }
            Err(failed) => Err(ReleaseFailure::untouched(failed)),
        };
        match &mut result {
            Ok(()) => {
                let is_said = if outcome.proven { before.is_proven() } else { before.is_good() };
                // Once more where it is in another inventory than before.
                if !is_said || inventory != self.known {
                    let what = if outcome.proven { What::Applied } else { What::Emitted };
                    let detail = applied::detail(&target.to_string(), &outcome.put.summary(), inventory.as_deref());
                    let event = NewEvent { actor: context.actor, what, detail: &detail };
                    *events = history.add_event(release, event).await?.sequence;
                }
            }
            Err(_) if matches!(before, Outcome::Known(_)) && newest > number => {}
            Err(ReleaseFailure { problem, .. }) => {
                // Another run may have written it out meanwhile.
                let good = matches!(history.outcome_now(release).await, Ok(outcome) if outcome.is_good());
                if !good {
                    let event = NewEvent { actor: context.actor, what: What::Failed, detail: &problem.reason };
                    // The failure itself is what the user must read.
                    *events = history.add_event(release, event).await.map_or(*events, |event| event.sequence);
                }
            }
        }
        result
    }

    /// Puts the release to the target that is reserved for it and waits until it runs there.
    async fn put(&self, outcome: &mut TargetOutcome, reservation: &mut dyn Reservation) -> Result<(), ReleaseFailure> {
        let Self { context, release, target, set, .. } = *self;
        let number = release.summary.number;
        outcome.put = match reservation.put(set).await {
            Ok(put) => put,
            Err(problem) => return Err(ReleaseFailure::untouched(self.redaction().await.problem(problem))),
        };
        let put = &mut outcome.put;
        if put.stopped.is_some() || put.failures().next().is_some() {
            return Err(self.untaken(put).await);
        }
        for warning in &put.warnings {
            context.warn(warning.clone());
        }
        context.observe(if target.runs() {
            Event::Applied { number, target: target.to_string(), summary: put.summary() }
        } else {
            Event::Emitted {
                manifests: set.manifests.len(),
                bytes: set.manifests.iter().map(|manifest| manifest.bytes.len()).sum(),
                target: target.to_string(),
                is_unchanged: put.is_unchanged(),
            }
        });
        outcome.in_place = if target.runs() { in_place(set, put) } else { Vec::new() };
        for one in &outcome.in_place {
            let names = |objects: &[Identity]| objects.iter().map(ToString::to_string).collect();
            let (object, files, environment) = (one.object.to_string(), names(&one.files), names(&one.environment));
            if !one.files.is_empty() || !one.environment.is_empty() {
                context.observe(Event::ChangedInPlace { object, files, environment });
            }
        }
        match reservation.prove(set).await {
            Ok(proven) => outcome.proven = proven,
            Err(unproven) => return Err(self.unproven(unproven).await),
        }
        if outcome.proven {
            context.observe(Event::Proven { number, target: target.to_string() });
        }
        Ok(())
    }

    /// What it means that the target did not take all of the release. No value stays in the reasons.
    async fn untaken(&self, put: &mut Put) -> ReleaseFailure {
        let Self { target, .. } = *self;
        let redaction = self.redaction().await;
        for object in &mut put.objects {
            if let Effect::Failed { reason } = &mut object.effect {
                *reason = redaction.words(reason);
            }
        }
        let failed: Vec<(Identity, String)> = put.failures().map(|(object, reason)| (object.clone(), reason.to_owned())).collect();
        let objects = with_logs(&failed, std::mem::take(&mut put.logs), &redaction);
        if let Some(problem) = put.stopped.take() {
            // What a newer release wrote is not taken back.
            let touched = target.runs() && problem.fault != Fault::History;
            let fault = if touched { Fault::Rollout } else { problem.fault };
            let problem = Problem { fault, ..redaction.problem(problem) };
            return ReleaseFailure { problem, touched, objects, taken_back: None };
        }
        let reason = format!("{target} did not take {} of the release's objects: {}", objects.len(), reasons(&objects));
        let fault = if target.runs() { Fault::Rollout } else { Fault::Internal };
        let problem = Problem::new(fault, reason, "fix what it reports, then deploy again");
        ReleaseFailure { problem, touched: target.runs(), objects, taken_back: None }
    }

    /// What it means that the release is not known to run.
    async fn unproven(&self, unproven: Unproven) -> ReleaseFailure {
        let Self { release, target, .. } = *self;
        let redaction = self.redaction().await;
        let say = |why: &str| format!("release {} does not run in {target}: {why}", release.summary.number);
        let (problem, objects) = match unproven {
            Unproven::Overtaken(problem) => return ReleaseFailure::untouched(redaction.problem(problem)),
            Unproven::Unseen(problem) => {
                let problem = redaction.problem(problem);
                (Problem { fault: Fault::Rollout, reason: say(&problem.reason), ..problem }, Vec::new())
            }
            Unproven::Fails { failures, logs } => {
                let failed: Vec<(Identity, String)> =
                    failures.into_iter().map(|(object, reason)| (object, redaction.words(&reason))).collect();
                let objects = with_logs(&failed, logs, &redaction);
                (Problem::new(Fault::Rollout, say(&reasons(&objects)), "correct it, then deploy again"), objects)
            }
        };
        ReleaseFailure { problem, touched: target.runs(), objects, taken_back: None }
    }

    /// The values of the release and of the one before it, whose pods may speak, too.
    async fn redaction(&self) -> Redaction {
        let previous = match self.previous {
            // What cannot be read any more was told to nobody by this run.
            Some(previous) => self.history.manifests(previous).await.unwrap_or_default(),
            None => Vec::new(),
        };
        Redaction::of(self.draft.manifests.iter().cloned().chain(previous.iter().map(DraftManifest::from)))
    }
}

/// The objects with what their containers said last.
fn with_logs(failed: &[(Identity, String)], logs: Vec<ContainerLog>, redaction: &Redaction) -> Vec<FailedObject> {
    let object = |(object, reason): &(Identity, String)| {
        let (object, reason) = (object.clone().into(), reason.clone());
        FailedObject { object, reason, log: None, log_denied: None }
    };
    let mut objects: Vec<FailedObject> = failed.iter().map(object).collect();
    for ContainerLog { object, pod, container, text } in logs {
        if let Some(at) = failed.iter().position(|(failed, _)| *failed == object) {
            match text {
                Ok(text) => objects[at].log = Some(LogReport { pod, container, lines: redaction.lines(text.expose()) }),
                Err(denied) => objects[at].log_denied = Some(denied),
            }
        }
    }
    objects
}

/// Each object with its reason, in a line.
fn reasons(objects: &[FailedObject]) -> String {
    objects.iter().map(|failed| format!("{}: {}", failed.object, failed.reason)).collect::<Vec<_>>().join("; ")
}

fn superseded(number: u64, newest: u64, target: &dyn Target) -> Problem {
    Problem::new(
        Fault::History,
        format!("release {newest} was recorded meanwhile, so release {number} was not written to {target}"),
        format!("inspect it with `cloze show {newest}`, then deploy again"),
    )
}

/// How many releases back a machine sweeps that remembers none.
const UNREMEMBERED: u64 = 8;
