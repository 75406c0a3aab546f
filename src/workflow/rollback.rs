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
use crate::history::Action;
use crate::history::Draft;
use crate::history::History;
use crate::history::Outcome;
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
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::stage::path::Step;
use crate::stage::site::BlankSite;
use crate::stage::site::unfill;
use crate::target::Syntax;
use crate::target::Target;
use crate::vault::Vault;
use crate::vault::pinned::Pin;
use crate::vault::pinned::Pinned;
use crate::workflow::access::HistoryAccess;
use crate::workflow::build::Built;
use crate::workflow::build::Filling;
use crate::workflow::build::build;
use crate::workflow::compare::compare_built;
use crate::workflow::compare::compare_releases;
use crate::workflow::comparison::Comparison;
use crate::workflow::context::Context;
use crate::workflow::deploy::Emission;
use crate::workflow::document::json_of_recorded;
use crate::workflow::earlier::earlier;
use crate::workflow::earlier::recorded_set;
use crate::workflow::frozen;
use crate::workflow::live::compare_recorded;
use crate::workflow::live::compare_to_be;
use crate::workflow::recipe::Recipe;
use crate::workflow::recorded::ask_of;
use crate::workflow::recorded::followed;
use crate::workflow::release::Candidate;
use crate::workflow::release::release;
use crate::workflow::released::Released;
use crate::workflow::rollout::pruned;

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
pub struct RollbackPlan {
    /// The release whose configuration it is.
    pub target: Release,
    /// The current release.
    pub head: Release,
    /// What it changes.
    pub comparison: Comparison,
    refilled: Option<Built>,
}

/// Where a rollback goes, and from where.
#[derive(Debug)]
pub struct RollbackTarget {
    target: Release,
    outcome: Outcome,
    head: Release,
}

impl RollbackTarget {
    /// Release `number`, or the newest earlier release with other manifests that was written out; where `proven`, that was seen to run.
    pub async fn find(history: &History<'_>, number: Option<u64>, proven: bool) -> Result<Self, Problem> {
        let Some(head) = history.head().await? else {
            return Err(history.reader().empty().into());
        };
        let (target, outcome) = target(history, &head, number, proven).await?;
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
    context: &Context<'_>,
    history: &History<'_>,
    RollbackTarget { target, outcome, head }: RollbackTarget,
    values: Values,
    filling: Filling<'_>,
    syntax: Syntax,
) -> Result<RollbackPlan, Problems> {
    if !outcome.is_good() {
        context.warn(doubtful(&target, &outcome));
    }
    let (refilled, comparison) = match values {
        Values::Recorded => {
            warn_of_rotated(context, &target, filling.vaults).await;
            (None, compare_releases(history, Some(&head), &target).await?)
        }
        Values::Current | Values::Pinned => {
            let (objects, blanks) = opened_again(history, &target).await?;
            let pinned = pinned(&target, filling.vaults);
            let vaults = if values == Values::Pinned { &pinned } else { filling.vaults };
            let mut built = build(context, objects, &blanks, Filling { vaults, ..filling }, syntax).await?;
            for warning in std::mem::take(&mut built.warnings) {
                context.warn(warning);
            }
            let comparison = compare_built(history, Some(&head), &built).await?;
            (Some(built), comparison)
        }
    };
    context.warn_of(frozen::of_changes(&comparison.changes))?;
    Ok(RollbackPlan { target, head, comparison, refilled })
}

/// What was planned changes of what is live in `target`, or against the current release where that is not known. Records nothing.
pub async fn preview(
    context: &Context<'_>,
    history: &History<'_>,
    plan: RollbackPlan,
    target: &dyn Target,
) -> Result<Comparison, Problems> {
    let RollbackPlan { target: release, head, comparison, refilled } = plan;
    if let Some(built) = &refilled {
        return compare_to_be(context, history, Some(&head), built, target).await;
    }
    let stored = history.manifests(&release).await?;
    let compared = compare_recorded(context, history, Some(&head), (&release, &stored), target).await?;
    Ok(compared.unwrap_or(comparison))
}

/// Records what was planned unless it is current, and puts it to its target.
pub async fn execute(
    context: &Context<'_>,
    access: &HistoryAccess<'_>,
    history: &History<'_>,
    plan: RollbackPlan,
    note: Option<&str>,
    emission: Emission<'_>,
) -> Result<Released, Problems> {
    let RollbackPlan { target, head, refilled, .. } = plan;
    let stored = match refilled {
        Some(_) => Vec::new(),
        None => history.manifests(&target).await?,
    };
    let action = Action::Rollback { of: target.summary.number };
    let mut draft = Draft { note: note.map(str::to_owned), ..Draft::again(&target, &stored, context.actor, action) };
    if let Some(built) = &refilled {
        let revision = context.revision.map(str::to_owned);
        draft = Draft { revision, blanks: built.blanks(), manifests: built.drafts(), ..draft };
    }
    let converted = match (emission.syntax, &refilled) {
        (Syntax::Json, None) => as_json(&stored)?,
        _ => Vec::new(),
    };
    let set = match &refilled {
        Some(built) => built.set(emission.syntax),
        None => recorded_set(&stored, &converted, emission.syntax),
    };
    let candidate = Candidate { draft: &draft, built: None, set: &set, target: emission.target, confirm: emission.confirm };
    let released = release(context, access, history, Some(head), candidate).await?;
    Ok(pruned(context, history, released, emission.target, Vec::new()).await)
}

pub(crate) fn as_json(stored: &[StoredManifest<'_>]) -> Result<Vec<Secret>, Problem> {
    let mut scratch = SecretBuffer::with_capacity(64 << 10);
    stored.iter().map(|stored| json_of_recorded(stored.content.expose(), &mut scratch)).collect()
}

async fn target(history: &History<'_>, head: &Release, number: Option<u64>, proven: bool) -> Result<(Release, Outcome), Problem> {
    if let Some(number) = number {
        let release = history.release(number).await?;
        let outcome = history.outcome(&release).await?;
        return Ok((release, outcome));
    }
    if proven {
        return earlier(history, head, Outcome::is_proven, "proven").await;
    }
    earlier(history, head, Outcome::is_good, "written").await
}

/// What speaks against going back to a release.
fn doubtful(target: &Release, outcome: &Outcome) -> Problem {
    let number = target.summary.number;
    let reason = match outcome {
        Outcome::Unknown => format!("the outcome of release {number} is unknown: it may not have been written"),
        Outcome::Known(event) if event.what == What::Failed => format!("release {number} failed"),
        Outcome::Known(event) => format!("release {number} was {}", event.what),
    };
    Problem::new(Fault::History, reason, "review its manifests with `cloze show` before you apply them")
}

/// Warns for each secret whose recorded version is no longer the one that its vault holds.
async fn warn_of_rotated(context: &Context<'_>, target: &Release, known: &BTreeMap<String, Arc<dyn Vault>>) {
    for (name, blanks) in followed(&target.body.blanks) {
        let Some(vault) = known.get(name) else { continue };
        let asks: Vec<SecretRef> = blanks.iter().map(|blank| ask_of(blank)).collect();
        for (blank, answer) in blanks.iter().zip(vault.fetch(&asks).await) {
            let ask = ask_of(blank);
            let reason = match answer {
                Ok(fetched) if fetched.version == blank.version => continue,
                Ok(fetched) => format!("{ask} is restored at version {}, and {vault} holds version {}", blank.version, fetched.version),
                Err(error) => format!("{ask} is restored at version {}, and {vault} no longer gives it: {}", blank.version, error.reason),
            };
            let next = "check that the restored value is still accepted, or use `--secrets current`";
            context.warn(Problem::new(Fault::Vault, reason, next));
        }
    }
}

/// The objects of a release with their blanks, to be filled again.
async fn opened_again(history: &History<'_>, target: &Release) -> Result<(Vec<Object<BlankText>>, Blanks), Problem> {
    let mut blanks = Blanks::default();
    let stored = history.manifests(target).await?;
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
    // Names are given again: what was made immutable under its old name is another object under its new one.
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
    let pins: BTreeMap<SecretRef, Pin> =
        followed(&target.body.blanks).into_values().flatten().map(|blank| (ask_of(blank), pin(&blank.version))).collect();
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
