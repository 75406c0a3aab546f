//! The end of every deploy and rollback: a release is recorded unless it is current, and goes to its target.

use std::collections::HashMap;

use futures::join;

use crate::event::Event;
use crate::history::Action;
use crate::history::Draft;
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
use crate::project::Settings;
use crate::report::ChangedObject;
use crate::report::DeployReport;
use crate::report::PrunedObjects;
use crate::report::UsedSecret;
use crate::report::WaiverReport;
use crate::stage::diff::ChangeKind;
use crate::stage::taint::Waiver;
use crate::target::Claim;
use crate::target::ManifestSet;
use crate::target::Pruned;
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

/// A release that was made current and went to its target.
#[derive(Debug)]
pub struct Released {
    /// The release.
    pub release: Release,
    /// Whether this run recorded it; else it was current already.
    pub recorded: bool,
    /// The objects that the release before has not, has otherwise or has alone, by the names that templates give them; empty unless
    /// this run recorded the release.
    pub changes: Vec<ChangedObject>,
    /// What the target did with it.
    pub put: Put,
    /// Whether this run saw it run there.
    pub proven: bool,
    /// What of earlier releases was removed there, once it was; `None` where nothing was looked for.
    pub pruned: Option<Pruned>,
}

impl Released {
    /// What a deploy or a rollback reports of it.
    pub fn report(self, settings: &Settings, waivers: &[Waiver], target: &dyn Target, warnings: usize) -> DeployReport {
        DeployReport {
            project: settings.project.clone(),
            environment: settings.environment.clone(),
            release: self.release.summary.number,
            recorded: self.recorded,
            manifests: self.release.summary.manifests,
            target: target.to_string(),
            outcome: if self.proven { What::Applied } else { What::Emitted }.to_string(),
            changes: self.changes,
            pruned: self.pruned.map(PrunedObjects::from),
            secrets: self.release.body.blanks.iter().map(UsedSecret::from).collect(),
            waivers: waivers.iter().map(WaiverReport::from).collect(),
            warnings,
        }
    }
}

/// A release that did not come about.
#[derive(Debug)]
pub(crate) enum Unreleased {
    /// The target is as it was, or another release came first.
    Untouched(Problems),
    /// It is recorded, and does not run in its target as it should.
    Failed {
        /// The release.
        release: Box<Release>,
        /// Why.
        problem: Problem,
    },
}

impl From<Problems> for Unreleased {
    fn from(problems: Problems) -> Self {
        Self::Untouched(problems)
    }
}

impl From<Problem> for Unreleased {
    fn from(problem: Problem) -> Self {
        Self::Untouched(problem.into())
    }
}

impl From<HistoryError> for Unreleased {
    fn from(error: HistoryError) -> Self {
        Self::Untouched(error.into())
    }
}

impl From<Unreleased> for Problems {
    fn from(unreleased: Unreleased) -> Self {
        match unreleased {
            Unreleased::Untouched(problems) => problems,
            Unreleased::Failed { problem, .. } => problem.into(),
        }
    }
}

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
}

/// Records a candidate after `head` unless that is what `head` holds, then puts it to its target.
pub(crate) async fn release(
    context: &Context<'_>,
    access: &HistoryAccess<'_>,
    history: &History<'_>,
    head: Option<Release>,
    Candidate { draft, built, set, target }: Candidate<'_>,
) -> Result<Released, Unreleased> {
    let current = head.as_ref().is_some_and(|head| history.has_content(head, draft));
    context.warn_of(target.check(set).await?)?;
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
    let emitted = emit(context, history, &release, before, set, target, &mut events);
    let (settled, emitted) = join!(settled, emitted);
    let remembered = access.remember(context, &release, events);
    match emitted {
        Ok((put, proven)) => {
            settled?;
            remembered?;
            Ok(Released { release, recorded: !current, changes, put, proven, pruned: None })
        }
        // What ran once is not taken back for what happened to it since.
        Err(Unemitted { problem, touched: true }) if is_new => Err(Unreleased::Failed { release: Box::new(release), problem }),
        Err(Unemitted { problem, .. }) => Err(problem.into()),
    }
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

/// Why a release did not get to its target.
struct Unemitted {
    problem: Problem,
    /// Whether it runs there in part, or does not run as it should.
    touched: bool,
}

/// Puts the manifests of a recorded release to `target` and records what came of it; `events` becomes the number of events that are known
/// afterwards. Gives whether it is known to run, too.
///
/// A release that was written out once keeps that outcome: writing it again and failing takes nothing back.
async fn emit(
    context: &Context<'_>,
    history: &History<'_>,
    release: &Release,
    before: Outcome,
    set: &ManifestSet<'_>,
    target: &dyn Target,
    events: &mut u32,
) -> Result<(Put, bool), Unemitted> {
    let number = release.summary.number;
    let untouched = |problem: Problem| Unemitted { problem, touched: false };
    let store = history.reader().store_id().await.map_err(|error| untouched(error.into()))?.unwrap_or_default();
    let goes_back = matches!(release.summary.action, Action::Rollback { .. });
    let (done, inventory) = if target.runs() {
        join!(jobs::done(history, release), applied::inventory(history, release))
    } else {
        (Ok(Done::default()), Ok(None))
    };
    let (done, inventory) = (done.map_err(|error| untouched(error.into()))?, inventory.map_err(|error| untouched(error.into()))?);
    let claim = Claim { store, release: number, goes_back, inventory, done: done.all.clone() };
    let known = claim.inventory.clone();
    let reserved = target.reserve(&claim).await;
    let newest = history.reader().newest().await.map_err(|error| untouched(error.into()))?;
    let mut inventory = None;
    let result = match reserved {
        // The run that recorded the newer one may have written it already.
        Ok(_) if newest > number => Err(untouched(superseded(number, newest, target))),
        Ok(mut reservation) => {
            let result = put(context, number, reservation.as_mut(), set, target).await;
            let finished = reservation.finished(set).await;
            if finished.iter().any(|line| !done.own.contains(line)) {
                let event = NewEvent { actor: context.actor, what: What::Completed, detail: &finished.join("\n") };
                *events = history.add_event(release, event).await.map_err(|error| untouched(error.into()))?.sequence;
            }
            inventory = reservation.inventory().map(str::to_owned);
            result
        }
        Err(failed) => Err(untouched(failed)),
    };
    match &result {
        Ok((put, proven)) => {
            let is_said = if *proven { before.is_proven() } else { before.is_good() };
            // Once more where it is in another inventory than before.
            if !is_said || inventory != known {
                let what = if *proven { What::Applied } else { What::Emitted };
                let detail = applied::detail(&target.to_string(), &put.summary(), inventory.as_deref());
                let event = NewEvent { actor: context.actor, what, detail: &detail };
                *events = history.add_event(release, event).await.map_err(|error| untouched(error.into()))?.sequence;
            }
        }
        Err(_) if matches!(before, Outcome::Known(_)) && newest > number => {}
        Err(Unemitted { problem, .. }) => {
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

/// Puts a release to the target that is reserved for it and waits until it runs there; whether it is known to.
async fn put(
    context: &Context<'_>,
    number: u64,
    reservation: &mut dyn Reservation,
    set: &ManifestSet<'_>,
    target: &dyn Target,
) -> Result<(Put, bool), Unemitted> {
    let put = reservation.put(set).await.map_err(|problem| Unemitted { problem, touched: false })?;
    let touched = |problem| Unemitted { problem, touched: target.runs() };
    let put = taken(put, target).map_err(touched)?;
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
    for one in if target.runs() { in_place(set, &put) } else { Vec::new() } {
        let names = |objects: &[Identity]| objects.iter().map(ToString::to_string).collect();
        let (object, files, environment) = (one.object.to_string(), names(&one.files), names(&one.environment));
        if !one.files.is_empty() || !one.environment.is_empty() {
            context.observe(Event::ChangedInPlace { object, files, environment });
        }
    }
    let say = |problem: Problem| Problem { reason: format!("release {number} does not run in {target}: {}", problem.reason), ..problem };
    let proven = reservation.prove(set).await.map_err(|unproven| match unproven {
        Unproven::Fails(problem) => touched(say(problem)),
        Unproven::Overtaken(problem) => Unemitted { problem, touched: false },
    })?;
    if proven {
        context.observe(Event::Proven { number, target: target.to_string() });
    }
    Ok((put, proven))
}

/// What the target did, unless it did not take an object.
fn taken(put: Put, target: &dyn Target) -> Result<Put, Problem> {
    let failures: Vec<String> = put.failures().map(|(object, reason)| format!("{object}: {reason}")).collect();
    if failures.is_empty() {
        return Ok(put);
    }
    let reason = format!("{target} did not take {} of the release's objects: {}", failures.len(), failures.join("; "));
    let fault = if target.runs() { Fault::Rollout } else { Fault::Internal };
    Err(Problem::new(fault, reason, "fix what it reports, then deploy again"))
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
