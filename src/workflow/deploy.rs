//! The deploy step: fill, name, seal, record, emit.

use std::collections::BTreeSet;

use crate::blank::SecretRef;
use crate::event::Event;
use crate::history::Action;
use crate::history::Draft;
use crate::history::DraftManifest;
use crate::history::History;
use crate::history::Outcome;
use crate::history::RecordedBlank;
use crate::history::RecordedFile;
use crate::history::Release;
use crate::manifest::Identity;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::stage::diff::Change;
use crate::stage::fill::Used;
use crate::workflow::build::Built;
use crate::workflow::build::BuiltManifest;
use crate::workflow::build::Filling;
use crate::workflow::build::build;
use crate::workflow::compare::compare_built;
use crate::workflow::emit::Emission;
use crate::workflow::emit::emit;
use crate::workflow::past::Past;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::Workbench;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;

/// What came of a deploy or a rollback.
#[derive(Debug)]
pub struct Released {
    /// The release that is current now; `None` after a dry run without any release.
    pub number: Option<u64>,
    /// Whether it was recorded by this run.
    pub recorded: bool,
    /// What it changed, or would.
    pub changes: Vec<Change>,
}

/// Deploys what was prepared; with `dry_run` everything but recording and emitting.
pub async fn deploy(
    workbench: &Workbench<'_>,
    mut prepared: Prepared,
    past: &Past<'_>,
    filling: Filling<'_>,
    note: Option<&str>,
    emission: Emission<'_>,
    dry_run: bool,
) -> Result<Released, Problems> {
    let (objects, blanks) = prepared.take();
    let history = past.open(workbench.settings).await?;
    let locate = |failed| locate(workbench, failed);
    let built = build(objects, &blanks, workbench.settings, filling).await.map_err(locate)?;
    drop(blanks);
    workbench.observer.observe(Event::Filled { secrets: secrets(&built.used), vaults: vaults(&built.used) });
    for warning in prepared.warnings.iter().cloned().chain(locate_all(workbench, built.warnings.clone())) {
        workbench.observer.observe(Event::Warned(warning));
    }
    let files = |list: Vec<(String, _)>| list.into_iter().map(|(path, digest)| RecordedFile { path, digest }).collect();
    let making = Making {
        action: Action::Deploy,
        note,
        blanks: built.used.iter().map(recorded).collect(),
        templates: files(std::mem::take(&mut prepared.templates).into_iter().collect()),
        values: files(vec![("values".to_owned(), prepared.values)]),
    };
    release(workbench, past, &history, &built, making, emission, dry_run).await
}

/// What a release is said to be made of.
#[derive(Debug)]
pub(crate) struct Making<'a> {
    pub(crate) action: Action,
    pub(crate) note: Option<&'a str>,
    pub(crate) blanks: Vec<RecordedBlank>,
    pub(crate) templates: Vec<RecordedFile>,
    pub(crate) values: Vec<RecordedFile>,
}

/// Records and emits what was built, unless it is what is current.
pub(crate) async fn release(
    workbench: &Workbench<'_>,
    past: &Past<'_>,
    history: &History<'_>,
    built: &Built,
    making: Making<'_>,
    emission: Emission<'_>,
    dry_run: bool,
) -> Result<Released, Problems> {
    let head = history.head().await.map_err(Problem::from)?;
    if dry_run {
        let changes = compare_built(history, head.as_ref(), built).await?;
        return Ok(Released { number: head.map(|head| head.summary.number), recorded: false, changes });
    }
    let draft = Draft {
        actor: past.actor.to_owned(),
        revision: past.revision.map(str::to_owned),
        note: making.note.map(str::to_owned),
        action: making.action,
        blanks: making.blanks,
        templates: making.templates,
        values: making.values,
        manifests: built.manifests.iter().map(drafted).collect(),
    };
    let manifests: Vec<(&Identity, &[u8])> = built.manifests.iter().map(|manifest| (&manifest.identity, manifest.bytes.expose())).collect();
    let current = head.as_ref().filter(|head| history.has_content(head, &draft));
    let (recorded, now) = if let Some(head) = current {
        let number = head.summary.number;
        let interrupted = matches!(history.outcome(head).await.map_err(Problem::from)?, Outcome::Unknown);
        workbench.observer.observe(if interrupted { Event::Resumed { number } } else { Event::Unchanged { number } });
        (false, None)
    } else {
        let release = history.record(&draft, head.as_ref()).await.map_err(Problem::from)?;
        let (fresh, manifests) = (count(release.summary.changed), count(release.summary.manifests));
        workbench.observer.observe(Event::Recorded { number: release.summary.number, fresh, manifests });
        (true, Some(release))
    };
    let Some(now) = now.or(head) else { return Ok(Released { number: None, recorded, changes: Vec::new() }) };
    settle(workbench, past, history, &now).await?;
    emit(past, history, &now, &manifests, emission).await?;
    Ok(Released { number: Some(now.summary.number), recorded, changes: Vec::new() })
}

/// Removes what interrupted runs left since the head that is remembered, then remembers this one.
pub(crate) async fn settle(workbench: &Workbench<'_>, past: &Past<'_>, history: &History<'_>, head: &Release) -> Result<(), Problem> {
    let number = head.summary.number;
    let swept_to = past.remembered()?.unwrap_or(number.saturating_sub(UNREMEMBERED));
    let swept = history.sweep(swept_to.min(number)).await.map_err(Problem::from)?;
    past.remember(workbench.settings, head)?;
    let objects = swept.packs.len() + swept.leftovers.len();
    if objects > 0 {
        workbench.observer.observe(Event::Swept { objects });
    }
    Ok(())
}

/// How many releases back a machine sweeps that remembers none.
const UNREMEMBERED: u64 = 8;

fn drafted(manifest: &BuiltManifest) -> DraftManifest<'_> {
    DraftManifest {
        identity: &manifest.identity,
        base: &manifest.base,
        file: &manifest.file,
        content: manifest.bytes.expose(),
        recipe: manifest.recipe.as_deref(),
    }
}

pub(crate) fn recorded(used: &Used) -> RecordedBlank {
    let SecretRef { vault, name, key, version } = used.ask.clone();
    RecordedBlank {
        vault,
        name,
        key,
        version: used.version.clone(),
        pinned: version.is_some(),
        fingerprint: used.fingerprint,
        places: used.places.clone(),
    }
}

/// As the vaults' plans count them: whatever the key.
fn secrets(used: &[Used]) -> usize {
    used.iter().map(|Used { ask, .. }| (&ask.vault, &ask.name, &ask.version)).collect::<BTreeSet<_>>().len()
}

fn vaults(used: &[Used]) -> usize {
    used.iter().map(|used| &used.ask.vault).collect::<BTreeSet<_>>().len()
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
