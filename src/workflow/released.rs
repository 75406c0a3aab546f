//! What came of a release.

use crate::history::Release;
use crate::history::What;
use crate::manifest::Identity;
use crate::problem::Problem;
use crate::project::Settings;
use crate::report::ChangedObject;
use crate::report::DeployReport;
use crate::report::FailedObject;
use crate::report::FailureReport;
use crate::report::InPlaceReport;
use crate::report::ObjectOutcome;
use crate::report::PrunedObjects;
use crate::report::TakenBack;
use crate::report::UsedSecret;
use crate::report::WaiverReport;
use crate::stage::taint::Waiver;
use crate::target::Effect;
use crate::target::ObjectEffect;
use crate::target::Pruned;
use crate::target::Put;
use crate::target::Target;
use crate::workflow::in_place::InPlace;

/// A release that was made current, and what came of it in its target.
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
    pub outcome: TargetOutcome,
    /// What of earlier releases was removed there, once it was seen to run; `None` where nothing was looked for.
    pub pruned: Option<Pruned>,
}

/// What came of a release in its target.
#[derive(Debug, Default)]
pub struct TargetOutcome {
    /// What the target did with each object; empty where it did nothing.
    pub put: Put,
    /// What was changed under the name that it had.
    pub in_place: Vec<InPlace>,
    /// Whether this run saw it run there.
    pub proven: bool,
    /// Why it is not as it should be, where it is not.
    pub failure: Option<ReleaseFailure>,
}

/// Why a release is not in its target as it should be.
#[derive(Debug)]
pub struct ReleaseFailure {
    /// What to say of it.
    pub problem: Problem,
    /// Whether it runs there in part, or does not run as it should.
    pub(crate) touched: bool,
    /// The objects that keep it from that, with what their containers said last.
    pub(crate) objects: Vec<FailedObject>,
    /// The release that took it back.
    pub(crate) taken_back: Option<TakenBack>,
}

impl ReleaseFailure {
    /// One that changed nothing in the target, or that another release made.
    pub(crate) fn untouched(problem: impl Into<Problem>) -> Self {
        Self { problem: problem.into(), touched: false, objects: Vec::new(), taken_back: None }
    }
}

impl<P: Into<Problem>> From<P> for ReleaseFailure {
    fn from(problem: P) -> Self {
        Self::untouched(problem)
    }
}

impl Released {
    /// What a deploy or a rollback reports of it, and the problem where it failed.
    pub fn report(
        self,
        settings: &Settings,
        waivers: &[Waiver],
        target: &dyn Target,
        warnings: usize,
    ) -> (DeployReport, Result<(), Problem>) {
        let TargetOutcome { put, in_place, proven, failure } = self.outcome;
        let what = match &failure {
            None if proven => What::Applied,
            None => What::Emitted,
            Some(ReleaseFailure { taken_back: Some(back), .. }) => What::RolledBack { by: back.by },
            Some(_) => What::Failed,
        };
        let result = failure.as_ref().map_or(Ok(()), |failure| Err(failure.problem.clone()));
        let report = DeployReport {
            project: settings.project.clone(),
            environment: settings.environment.clone(),
            release: self.release.summary.number,
            recorded: self.recorded,
            manifests: self.release.summary.manifests,
            target: target.to_string(),
            outcome: what.to_string(),
            failure: failure.map(|ReleaseFailure { problem: Problem { reason, next, .. }, objects, taken_back, .. }| FailureReport {
                reason,
                next,
                objects,
                taken_back,
            }),
            objects: put.objects.into_iter().map(outcome).collect(),
            in_place: in_place.into_iter().map(changed).collect(),
            changes: self.changes,
            pruned: self.pruned.map(PrunedObjects::from),
            secrets: self.release.body.blanks.iter().map(UsedSecret::from).collect(),
            waivers: waivers.iter().map(WaiverReport::from).collect(),
            warnings,
        };
        (report, result)
    }
}

fn outcome(ObjectEffect { object, effect }: ObjectEffect) -> ObjectOutcome {
    let outcome = effect.word().to_owned();
    let reason = if let Effect::Failed { reason } = effect { Some(reason) } else { None };
    ObjectOutcome { object: object.into(), outcome, reason }
}

fn changed(InPlace { object, files, environment }: InPlace) -> InPlaceReport {
    let all = |objects: Vec<Identity>| objects.into_iter().map(Into::into).collect();
    InPlaceReport { object: object.into(), files: all(files), environment: all(environment) }
}
