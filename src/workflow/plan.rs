//! A plan: what a deploy would release, sealed in a file, and its deploy.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::blank::SecretRef;
use crate::history::Action;
use crate::history::Draft;
use crate::history::History;
use crate::history::PlanError;
use crate::history::PlannedRelease;
use crate::history::RecordedBlank;
use crate::history::Release;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::quote;
use crate::service::ServiceFault;
use crate::target::Syntax;
use crate::target::Target;
use crate::vault::Adapter;
use crate::vault::announced::Listener;
use crate::workflow::access::HistoryAccess;
use crate::workflow::build::Filling;
use crate::workflow::compare::compare_built;
use crate::workflow::compare::compare_stored;
use crate::workflow::comparison::Comparison;
use crate::workflow::context::Context;
use crate::workflow::deploy;
use crate::workflow::deploy::Emission;
use crate::workflow::deploy::built;
use crate::workflow::earlier::recorded_set;
use crate::workflow::frozen;
use crate::workflow::live::compare_recorded;
use crate::workflow::live::compare_to_be;
use crate::workflow::prepare::Prepared;
use crate::workflow::recorded;
use crate::workflow::recorded::ask_of;
use crate::workflow::release::Candidate;
use crate::workflow::released::Released;
use crate::workflow::rollback::as_json;
use crate::workflow::rollout::rollout;

/// A plan that was made.
#[derive(Debug)]
pub struct Plan {
    /// The bytes of its file.
    pub file: Vec<u8>,
    /// The number that its release will have; that of the current one where nothing changes.
    pub release: u64,
    /// The release that it follows.
    pub follows: Option<u64>,
    /// What it changes.
    pub comparison: Comparison,
}

/// Plans to release what was prepared, and compares that with what is live in `target`, or with the current release where that is not known. Records nothing.
pub async fn plan(
    context: &Context<'_>,
    mut prepared: Prepared,
    access: &HistoryAccess<'_>,
    filling: Filling<'_>,
    note: Option<&str>,
    target: Option<&dyn Target>,
) -> Result<Plan, Problems> {
    let history = access.open(context).await?;
    let values = deploy::values(&prepared, filling);
    let built = built(context, &mut prepared, filling, Syntax::Yaml).await?;
    let head = history.head().await?;
    let draft = deploy::draft(context, prepared, values, &built, note);
    let file = history.plan(&draft, head.as_ref())?;
    let is_current = head.as_ref().is_some_and(|head| history.has_content(head, &draft));
    drop(draft);
    let comparison = match target {
        Some(target) => compare_to_be(context, &history, head.as_ref(), &built, target).await?,
        None => compare_built(&history, head.as_ref(), &built).await?,
    };
    context.warn_of(frozen::of_changes(&comparison.changes))?;
    let follows = head.map(|head| head.summary.number);
    Ok(Plan { file, release: follows.unwrap_or_default() + u64::from(!is_current), follows, comparison })
}

/// A plan that was opened, and the release that it follows.
#[derive(Debug)]
pub struct OpenedPlan {
    planned: PlannedRelease,
    head: Option<Release>,
}

impl OpenedPlan {
    /// Opens the plan in the file at `path`, whose bytes are `file`.
    ///
    /// # Errors
    /// It is not a plan of this environment, or another release came in between.
    pub async fn open(history: &History<'_>, path: &Path, file: &[u8]) -> Result<Self, Problem> {
        let planned = history.open_plan(file).map_err(|error| unusable(path, &error))?;
        let head = history.head().await?;
        follows(path, &planned.release, head.as_ref())?;
        Ok(Self { planned, head })
    }

    /// The vaults that its secrets came from, by name.
    pub fn vaults(&self) -> BTreeSet<String> {
        self.planned.release.body.blanks.iter().map(|blank| blank.vault.clone()).collect()
    }

    /// That each secret is still at the version that was planned, as the vaults say without giving a value. Where one does not, that is warned of.
    pub async fn check_versions(&self, context: &Context<'_>, vaults: &BTreeMap<String, Arc<dyn Adapter>>) -> Result<(), Problems> {
        let mut asked: BTreeMap<&str, Vec<&RecordedBlank>> = BTreeMap::new();
        for blank in self.planned.release.body.blanks.iter().filter(|blank| !blank.pinned) {
            asked.entry(blank.vault.as_str()).or_default().push(blank);
        }
        let mut problems = Vec::new();
        for (name, blanks) in asked {
            let Some(vault) = vaults.get(name) else { continue };
            let asks: Vec<SecretRef> = blanks.iter().map(|blank| ask_of(blank)).collect();
            for ((blank, ask), answer) in blanks.iter().zip(&asks).zip(vault.describe(&asks).await) {
                let problem = match answer {
                    Ok(found) if !found.version.is_empty() && found.version == blank.version => continue,
                    Ok(found) if !found.version.is_empty() => {
                        let reason = format!("{ask} is planned at version {}, and {vault} holds version {}", blank.version, found.version);
                        Problem::new(Fault::History, reason, AGAIN)
                    }
                    Err(error) if error.fault != ServiceFault::Unsupported => {
                        Problem::new(Fault::Vault, format!("{ask}: {}", error.reason), error.next)
                    }
                    _ => {
                        let reason = format!(
                            "{vault} does not say which version {ask} has: whether it was changed since it was planned is not known"
                        );
                        context.warn(Problem::new(Fault::Vault, reason, "keep it in a vault that has versions, or deploy without a plan"));
                        continue;
                    }
                };
                problems.push(match blank.places.first() {
                    Some(place) => problem.at(place.clone()),
                    None => problem,
                });
            }
        }
        Problems::or((), problems)
    }

    /// What it changes of what is live in `target`, or against the current release where that is not known.
    pub async fn compare(&self, context: &Context<'_>, history: &History<'_>, target: Option<&dyn Target>) -> Result<Comparison, Problems> {
        let stored = self.planned.manifests();
        let (release, head) = (&self.planned.release, self.head.as_ref());
        if let Some(target) = target
            && let Some(compared) = compare_recorded(context, history, head, (release, &stored), target).await?
        {
            return Ok(compared);
        }
        Ok(Comparison { release: None, ..compare_stored(history, head, release, stored).await? })
    }

    /// Records exactly what was planned, unless it is current, and puts it to its target. Asks no vault. `listener` hears of each value first.
    pub async fn deploy(
        self,
        context: &Context<'_>,
        access: &HistoryAccess<'_>,
        history: &History<'_>,
        listener: Option<&dyn Listener>,
        note: Option<&str>,
        emission: Emission<'_>,
    ) -> Result<Released, Problems> {
        let stored = self.planned.manifests();
        if let Some(listener) = listener {
            recorded::announce(&stored, listener);
        }
        let release = &self.planned.release;
        let note = note.map(str::to_owned).or_else(|| release.summary.note.clone());
        let draft = Draft { note, ..Draft::again(release, &stored, context.actor, Action::Deploy) };
        let converted = if emission.syntax == Syntax::Json { as_json(&stored)? } else { Vec::new() };
        let set = recorded_set(&stored, &converted, emission.syntax);
        let candidate = Candidate { draft: &draft, built: None, set: &set, target: emission.target, confirm: emission.confirm };
        rollout(context, access, history, self.head.clone(), candidate).await
    }
}

const AGAIN: &str = "make a new plan with `cloze plan`";

/// That nothing came between the plan and the current release: this is the one that it follows, or what it planned.
fn follows(path: &Path, planned: &Release, head: Option<&Release>) -> Result<(), Problem> {
    let path = quote(&path.to_string_lossy());
    let number = planned.summary.number;
    let before = number - 1;
    let reason = match head {
        None if before == 0 => return Ok(()),
        Some(head) if head.summary.number == before && Some(head.digest) == planned.summary.predecessor => return Ok(()),
        // What a deploy of this plan recorded before it was killed.
        Some(head)
            if head.summary.number == number
                && head.summary.predecessor == planned.summary.predecessor
                && head.body.has_manifests_of(&planned.body) =>
        {
            return Ok(());
        }
        None => format!("the plan {path} follows release {before}, and the history has no release"),
        Some(head) if head.summary.number > before => {
            let since = if before == 0 { "before there was any release".to_owned() } else { format!("after release {before}") };
            format!(
                "the plan {path} was made {since}, and release {} was recorded since then by {}",
                head.summary.number, head.summary.actor
            )
        }
        Some(head) if head.summary.number == before => {
            format!("the plan {path} follows another release {before} than the one in the history")
        }
        Some(head) => format!("the plan {path} follows release {before}, and the newest release of the history is {}", head.summary.number),
    };
    Err(Problem::new(Fault::History, reason, AGAIN))
}

/// What to say of a file that cannot be deployed.
fn unusable(path: &Path, error: &PlanError) -> Problem {
    let reason = format!("{} cannot be deployed: {error}", quote(&path.to_string_lossy()));
    let (fault, next) = match error {
        PlanError::Foreign => (Fault::Usage, "name a file that `cloze plan -o FILE` wrote".to_owned()),
        PlanError::Newer { .. } => (Fault::Usage, "update cloze".to_owned()),
        PlanError::Other { of, .. } => (Fault::Usage, format!("deploy it in project `{}` with `-e {}`", of.project, of.environment)),
        PlanError::OtherKeys { .. } | PlanError::Rekeyed => {
            (Fault::History, "pull the newest `secrets/ENV.keyring`, or make a new plan with `cloze plan`".to_owned())
        }
        PlanError::Damaged => (Fault::History, AGAIN.to_owned()),
    };
    Problem::new(fault, reason, next)
}
