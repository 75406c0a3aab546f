//! Rollback: a new release whose manifests are those of an earlier one. Needs the history and its key, nothing else.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::blank::Blank;
use crate::blank::BlankId;
use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::Piece;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::event::Event;
use crate::history::Action;
use crate::history::Draft;
use crate::history::DraftManifest;
use crate::history::History;
use crate::history::Outcome;
use crate::history::RecordedBlank;
use crate::history::Release;
use crate::history::StoredManifest;
use crate::history::What;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::read;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::stage::diff::Change;
use crate::stage::path::Step;
use crate::stage::site::BlankSite;
use crate::stage::site::unfill;
use crate::vault::Vault;
use crate::vault::pinned::Pin;
use crate::vault::pinned::Pinned;
use crate::workflow::build::Built;
use crate::workflow::build::Filling;
use crate::workflow::build::build;
use crate::workflow::compare::compare_built;
use crate::workflow::compare::compare_releases;
use crate::workflow::deploy::Making;
use crate::workflow::deploy::Released;
use crate::workflow::deploy::recorded;
use crate::workflow::deploy::release;
use crate::workflow::deploy::settle;
use crate::workflow::emit::Emission;
use crate::workflow::emit::emit;
use crate::workflow::past::Past;
use crate::workflow::prepare::Workbench;
use crate::workflow::recipe::Recipe;

/// Which values secrets get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Those of then, from the history.
    Recorded,
    /// What the vaults hold now.
    Current,
    /// The recorded versions, fetched again.
    Pinned,
}

/// A rollback that was planned and can be shown before it is done.
#[derive(Debug)]
pub struct Plan {
    /// The release whose configuration it is.
    pub target: Release,
    /// The current release.
    pub head: Release,
    /// What it changes.
    pub changes: Vec<Change>,
    refilled: Option<Built>,
}

/// Where a rollback goes, and from where.
#[derive(Debug)]
pub struct Aim {
    target: Release,
    outcome: Outcome,
    head: Release,
}

impl Aim {
    /// At release `number`, or at the newest earlier release with other manifests that was written out.
    pub async fn take(history: &History<'_>, number: Option<u64>) -> Result<Self, Problem> {
        let Some(head) = history.head().await.map_err(Problem::from)? else {
            return Err(Problem::new(Fault::History, "there is no release to go back to", "deploy first"));
        };
        let (target, outcome) = target(history, &head, number).await?;
        Ok(Self { target, outcome, head })
    }

    /// The vaults that the target's secrets came from, by name.
    pub fn vaults(&self) -> BTreeSet<String> {
        self.target.body.blanks.iter().map(|blank| blank.vault.clone()).collect()
    }
}

/// Plans a rollback. Records nothing.
///
/// The vaults of `filling` are asked for values, or where those are the recorded ones, whether these are still current.
pub async fn plan(
    workbench: &Workbench<'_>,
    history: &History<'_>,
    Aim { target, outcome, head }: Aim,
    values: Values,
    filling: Filling<'_>,
) -> Result<Plan, Problems> {
    if !outcome.is_good() {
        workbench.observer.observe(Event::Warned(doubtful(&target, &outcome)));
    }
    let (refilled, changes) = match values {
        Values::Recorded => {
            warn_of_rotated(workbench, &target, filling.vaults).await;
            (None, compare_releases(history, &head, &target).await?)
        }
        Values::Current | Values::Pinned => {
            let (objects, blanks) = opened_again(history, &target).await?;
            let pinned = pinned(&target, filling.vaults);
            let vaults = if values == Values::Pinned { &pinned } else { filling.vaults };
            let built = build(objects, &blanks, workbench.settings, Filling { vaults, ..filling }).await?;
            for warning in &built.warnings {
                workbench.observer.observe(Event::Warned(warning.clone()));
            }
            let changes = compare_built(history, Some(&head), &built).await?;
            (Some(built), changes)
        }
    };
    Ok(Plan { target, head, changes, refilled })
}

/// Records and emits what was planned, unless it is what is current.
pub async fn carry_out(
    workbench: &Workbench<'_>,
    past: &Past<'_>,
    history: &History<'_>,
    plan: Plan,
    note: Option<&str>,
    emission: Emission<'_>,
) -> Result<Released, Problems> {
    let Plan { target, head, changes, refilled } = plan;
    let action = Action::Rollback { of: target.summary.number };
    if let Some(built) = refilled {
        let blanks = built.used.iter().map(recorded).collect();
        let making = Making { action, note, blanks, templates: target.body.templates, values: target.body.values };
        let released = release(workbench, past, history, &built, making, emission, false).await?;
        return Ok(Released { changes, ..released });
    }
    let stored = history.manifests(&target).await.map_err(Problem::from)?;
    let draft = Draft {
        actor: past.actor.to_owned(),
        revision: target.summary.revision.clone(),
        note: note.map(str::to_owned),
        action,
        blanks: target.body.blanks.clone(),
        templates: target.body.templates.clone(),
        values: target.body.values.clone(),
        manifests: stored.iter().map(DraftManifest::from).collect(),
    };
    let recorded = !history.has_content(&head, &draft);
    let now = if recorded {
        let release = history.record(&draft, Some(&head)).await.map_err(Problem::from)?;
        let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
        let (fresh, manifests) = (count(release.summary.changed), count(release.summary.manifests));
        workbench.observer.observe(Event::Recorded { number: release.summary.number, fresh, manifests });
        release
    } else {
        let number = head.summary.number;
        let interrupted = matches!(history.outcome(&head).await.map_err(Problem::from)?, Outcome::Unknown);
        workbench.observer.observe(if interrupted { Event::Resumed { number } } else { Event::Unchanged { number } });
        head
    };
    settle(workbench, past, history, &now).await?;
    let manifests: Vec<(&Identity, &[u8])> = stored.iter().map(|stored| (&stored.manifest.identity, stored.content.expose())).collect();
    emit(past, history, &now, &manifests, emission).await?;
    Ok(Released { number: Some(now.summary.number), recorded, changes })
}

async fn target(history: &History<'_>, head: &Release, number: Option<u64>) -> Result<(Release, Outcome), Problem> {
    if let Some(number) = number {
        let release = history.release(number).await.map_err(Problem::from)?;
        let outcome = history.outcome(&release).await.map_err(Problem::from)?;
        return Ok((release, outcome));
    }
    let newest = head.summary.number;
    let mut others = 0;
    for number in (1..newest).rev() {
        let release = history.release(number).await.map_err(Problem::from)?;
        if head.body.has_manifests_of(&release.body) {
            continue;
        }
        let outcome = history.outcome(&release).await.map_err(Problem::from)?;
        if outcome.is_good() {
            return Ok((release, outcome));
        }
        others += 1;
    }
    let reason = if others == 0 {
        format!("no release before {newest} has other manifests")
    } else {
        format!("no release before {newest} that has other manifests is known to have been written out")
    };
    Err(Problem::new(Fault::History, reason, "name the release to go back to; `cloze history` lists them"))
}

/// What speaks against going back to a release.
fn doubtful(target: &Release, outcome: &Outcome) -> Problem {
    let number = target.summary.number;
    let reason = match outcome {
        Outcome::Unknown => format!("the outcome of release {number} is unknown: perhaps it was never written out"),
        Outcome::Known(event) if event.what == What::Failed => format!("release {number} failed"),
        Outcome::Known(event) => format!("release {number} was {}", event.what),
    };
    Problem::new(Fault::History, reason, "look at what it brings with `cloze show` before you apply it")
}

/// Warns for each secret whose recorded version is no longer the one that its vault holds.
async fn warn_of_rotated(workbench: &Workbench<'_>, target: &Release, known: &BTreeMap<String, Arc<dyn Vault>>) {
    let mut asked: BTreeMap<&str, Vec<&RecordedBlank>> = BTreeMap::new();
    for blank in target.body.blanks.iter().filter(|blank| !blank.pinned && !blank.version.is_empty()) {
        asked.entry(blank.vault.as_str()).or_default().push(blank);
    }
    for (name, blanks) in asked {
        let Some(vault) = known.get(name) else { continue };
        let asks: Vec<SecretRef> = blanks.iter().map(|blank| ask_of(blank, None)).collect();
        for (blank, answer) in blanks.iter().zip(vault.fetch(&asks).await) {
            let ask = ask_of(blank, None);
            let reason = match answer {
                Ok(fetched) if fetched.version == blank.version => continue,
                Ok(fetched) => format!("{ask} is restored at version {}, and {vault} holds version {}", blank.version, fetched.version),
                Err(error) => format!("{ask} is restored at version {}, and {vault} no longer gives it: {}", blank.version, error.reason),
            };
            let next = "check that the restored value is still accepted, or use `--secrets current`";
            workbench.observer.observe(Event::Warned(Problem::new(Fault::Vault, reason, next)));
        }
    }
}

fn ask_of(blank: &RecordedBlank, version: Option<String>) -> SecretRef {
    SecretRef { vault: blank.vault.clone(), name: blank.name.clone(), key: blank.key.clone(), version }
}

/// The objects of a release with their blanks, to be filled again.
async fn opened_again(history: &History<'_>, target: &Release) -> Result<(Vec<Object<BlankText>>, Blanks), Problem> {
    let mut blanks = Blanks::default();
    let stored = history.manifests(target).await.map_err(Problem::from)?;
    let mut objects = Vec::with_capacity(stored.len());
    for manifest in &stored {
        objects.push(object(manifest, &mut blanks)?);
    }
    Ok((objects, blanks))
}

fn object(stored: &StoredManifest<'_>, blanks: &mut Blanks) -> Result<Object<BlankText>, Problem> {
    let broken = || {
        Problem::new(Fault::History, format!("the manifest of {} cannot be read", stored.manifest.identity), "run `cloze history --verify`")
    };
    let text = std::str::from_utf8(stored.content.expose()).map_err(|_| broken())?;
    let root = read(text, Limits::default()).map_err(|_| broken())?.pop().ok_or_else(broken)?;
    let sites = match &stored.recipe {
        Some(recipe) => moved(Recipe::decode(recipe.expose())?, blanks),
        None => Vec::new(),
    };
    let mut root = unfill(root, &sites);
    // Names are given anew: what was made immutable under its old name is another object under its new one.
    if sites.iter().any(|site| matches!(site.path.first(), Some(Step::Key(_)))) {
        root.take("immutable");
    }
    let identity = identity_of(&root).unwrap_or_else(|| stored.manifest.identity.clone());
    Ok(Object { file: Arc::clone(&stored.manifest.file), identity, root })
}

fn identity_of(root: &Node<BlankText>) -> Option<Identity> {
    let text = |path: &[&str]| root.at(path).and_then(Node::as_text).map(str::to_owned);
    Some(Identity {
        api_version: text(&["apiVersion"])?,
        kind: text(&["kind"])?,
        namespace: text(&["metadata", "namespace"]).unwrap_or_default(),
        name: text(&["metadata", "name"])?,
    })
}

/// The vaults, each giving the versions that the release recorded.
fn pinned(target: &Release, vaults: &BTreeMap<String, Arc<dyn Vault>>) -> BTreeMap<String, Arc<dyn Vault>> {
    let source = format!("release {}", target.summary.number);
    let pin = |version: &String| Pin { version: version.clone(), source: source.clone(), otherwise: "go back with `--secrets recorded`" };
    let pins: BTreeMap<SecretRef, Pin> = target
        .body
        .blanks
        .iter()
        .filter(|blank| !blank.pinned && !blank.version.is_empty())
        .map(|blank| (ask_of(blank, None), pin(&blank.version)))
        .collect();
    let pins = Arc::new(pins);
    let hold = |vault: &Arc<dyn Vault>| -> Arc<dyn Vault> { Arc::new(Pinned::new(Arc::clone(vault), Arc::clone(&pins))) };
    vaults.iter().map(|(name, vault)| (name.clone(), hold(vault))).collect()
}

/// The sites of a recipe, their blanks moved to the end of `blanks`.
fn moved(recipe: Recipe, blanks: &mut Blanks) -> Vec<BlankSite> {
    let shift = |pieces: Vec<Piece>, by: u32| -> Vec<Piece> {
        pieces
            .into_iter()
            .map(|piece| match piece {
                Piece::Blank(id) => Piece::Blank(BlankId(id.0 + by)),
                Piece::Text(text) => Piece::Text(text),
            })
            .collect()
    };
    let by = u32::try_from(blanks.len()).unwrap_or(u32::MAX);
    for (_, blank) in recipe.blanks.iter() {
        let source = match blank.source.clone() {
            Source::Vault { ask, allow } => Source::Vault { ask, allow },
            Source::Derived { filter, input } => Source::Derived { filter, input: shift(input, by) },
        };
        blanks.add(Blank { place: blank.place.clone(), source });
    }
    recipe.sites.into_iter().map(|site| BlankSite { path: site.path, pieces: shift(site.pieces, by) }).collect()
}
