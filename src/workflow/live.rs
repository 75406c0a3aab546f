//! What an apply would change of what is live, as a review shows it. What a release filled is known from its recipe, in live objects, too.

use std::collections::BTreeSet;
use std::collections::HashMap;
use std::convert::Infallible;

use crate::blank::Filter;
use crate::history::DraftManifest;
use crate::history::History;
use crate::history::HistoryError;
use crate::history::RecordedBlank;
use crate::history::Release;
use crate::history::StoredManifest;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::read;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::report::LiveReport;
use crate::report::ObjectReport;
use crate::report::RecordedBy;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::stage::diff::Change;
use crate::stage::diff::Reviewed;
use crate::stage::fill::Used;
use crate::stage::literal::keyed_mask;
use crate::stage::live::Hiding;
use crate::stage::live::LiveValue;
use crate::stage::live::ReleasedValue;
use crate::stage::live::review;
use crate::stage::taint::Waiver;
use crate::target::LiveObject;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::Syntax;
use crate::target::Target;
use crate::workflow::access::HistoryAccess;
use crate::workflow::applied;
use crate::workflow::assigned::may_be_secret;
use crate::workflow::build::Built;
use crate::workflow::build::Filling;
use crate::workflow::compare::compare_built;
use crate::workflow::compare::masked;
use crate::workflow::comparison::Comparison;
use crate::workflow::context::Context;
use crate::workflow::deploy::built;
use crate::workflow::document::key;
use crate::workflow::document::written;
use crate::workflow::earlier::recorded_set;
use crate::workflow::impact;
use crate::workflow::prepare::Prepared;
use crate::workflow::recipe::Recipe;
use crate::workflow::redaction::Redaction;

/// What a deploy of the project would change of what is live in `target`: against its last release where that is not known.
pub async fn compare_target(
    context: &Context<'_>,
    mut prepared: Prepared,
    access: &HistoryAccess<'_>,
    filling: Filling<'_>,
    target: &dyn Target,
) -> Result<Comparison, Problems> {
    let history = access.open(context).await?;
    let built = built(context, &mut prepared, filling, Syntax::Yaml).await?;
    let head = history.head().await?;
    compare_to_be(context, &history, head.as_ref(), &built, target).await
}

/// The same of what was filled already.
pub(crate) async fn compare_to_be(
    context: &Context<'_>,
    history: &History<'_>,
    head: Option<&Release>,
    built: &Built,
    target: &dyn Target,
) -> Result<Comparison, Problems> {
    let compared = compare_live(context, history, head, &Meant::of_built(built), target).await;
    match compared.map_err(|problems| Redaction::of(built.drafts()).problems(problems))? {
        Some(compared) => Ok(compared),
        None => compare_built(history, head, built).await,
    }
}

/// What an apply of a release's manifests changes of what is live in `target`; `None` where that is not known.
pub(crate) async fn compare_recorded(
    context: &Context<'_>,
    history: &History<'_>,
    head: Option<&Release>,
    (release, stored): (&Release, &[StoredManifest<'_>]),
    target: &dyn Target,
) -> Result<Option<Comparison>, Problems> {
    let compared = compare_live(context, history, head, &Meant::of_recorded(release, stored), target).await;
    compared.map_err(|problems| Redaction::of(stored.iter().map(DraftManifest::from)).problems(problems))
}

/// What an apply of `meant` changes of what is live in `target`; `None` where that is not known.
async fn compare_live(
    context: &Context<'_>,
    history: &History<'_>,
    head: Option<&Release>,
    meant: &Meant<'_>,
    target: &dyn Target,
) -> Result<Option<Comparison>, Problems> {
    let claim = applied::claim(history, head, head.map_or(1, |head| head.summary.number + 1)).await?;
    let Some(mut difference) = target.compare(&claim, &meant.set()).await? else { return Ok(None) };
    context.warn_of(std::mem::take(&mut difference.warnings))?;
    let releases = former(history, head, difference.release).await;
    let manifests: HashMap<&Identity, &DraftManifest<'_>> = meant.manifests.iter().map(|manifest| (manifest.identity, manifest)).collect();
    let pairs: Vec<(&LiveObject, &DraftManifest<'_>)> =
        difference.objects.iter().filter_map(|object| Some((object, *manifests.get(&object.identity)?))).collect();
    let wanted: BTreeSet<[&str; 4]> = pairs.iter().map(|(_, manifest)| key_of(manifest)).collect();
    let mut stored = Vec::new();
    for release in &releases {
        let differing = release.body.manifests.iter().filter(|manifest| wanted.contains(&key(manifest))).collect();
        stored.extend(history.some_manifests(differing).await?);
    }
    let former: Vec<DraftManifest<'_>> = stored.iter().map(DraftManifest::from).collect();
    let mut recorded: HashMap<[&str; 4], Vec<Trees>> = HashMap::new();
    for manifest in &former {
        recorded.entry(key_of(manifest)).or_default().push(Trees::of(manifest, history)?);
    }
    // What a release fills is a secret wherever somebody else wrote it down.
    let values = Redaction::of(meant.manifests.iter().chain(&former).cloned());
    let is_doubtful = |name: &str, text: &str| may_be_secret(name, text) || values.is_in(text);
    let mut changes = Vec::new();
    for (object, manifest) in pairs {
        let identity = based(manifest);
        let Some((before, after)) = &object.change else {
            changes.push(Change::Added(shown(manifest, history)?));
            continue;
        };
        let ours = Trees::of(manifest, history)?;
        let former = recorded.get(&key_of(manifest)).into_iter().flatten().map(Trees::known).collect();
        let live = LiveValue { ours: Some(ours.known()), former, before: Some(before), after: Some(after) };
        let mask = |field: &str, text: &str| keyed_mask(history.keys(), &identity, field, &value_of(&identity, text));
        let [before, after] = review(&live, Hiding { is_doubtful: &is_doubtful, mask: &mask }).map(|tree| text_of(tree.as_ref()));
        changes.push(Change::Changed { identity, before, after });
    }
    let blanks = releases.first().map(|release| release.body.blanks.as_slice()).unwrap_or_default();
    let there = releases.first().filter(|release| Some(release.summary.number) == difference.release);
    let recorded = there.map(|release| RecordedBy::from(&release.summary));
    let left = difference.left.iter().cloned().map(ObjectReport::from).collect();
    Ok(Some(Comparison {
        secrets: impact::dated(impact::secrets(blanks, &meant.blanks), meant.used),
        waivers: meant.waivers.clone(),
        live: Some(LiveReport { target: target.to_string(), release: difference.release, recorded, left }),
        ..Comparison::of(changes)
    }))
}

/// A release that is to come, filled again or as it was recorded.
struct Meant<'a> {
    manifests: Vec<DraftManifest<'a>>,
    blanks: Vec<RecordedBlank>,
    /// What vaults said of these, where they were asked.
    used: &'a [Used],
    waivers: Vec<Waiver>,
}

impl<'a> Meant<'a> {
    /// What was filled.
    fn of_built(built: &'a Built) -> Self {
        Self { manifests: built.drafts(), blanks: built.blanks(), used: &built.used, waivers: built.waivers.clone() }
    }

    /// The manifests of `release`.
    fn of_recorded(release: &Release, stored: &'a [StoredManifest<'a>]) -> Self {
        Self {
            manifests: stored.iter().map(DraftManifest::from).collect(),
            blanks: release.body.blanks.clone(),
            used: &[],
            waivers: Vec::new(),
        }
    }

    /// As a target takes them.
    fn set(&self) -> ManifestSet<'_> {
        let one = |one: &DraftManifest<'a>| Manifest::new(one.identity, one.base, one.content).of_template(one.file);
        ManifestSet { syntax: Syntax::Yaml, manifests: self.manifests.iter().map(one).collect() }
    }
}

/// Under the name that its template gives it.
fn based(manifest: &DraftManifest<'_>) -> Identity {
    Identity { name: manifest.base.to_owned(), ..manifest.identity.clone() }
}

fn shown(manifest: &DraftManifest<'_>, history: &History<'_>) -> Result<Reviewed, Problem> {
    masked(based(manifest), manifest.content, manifest.recipe.map(|recipe| Recipe::decode(recipe.bytes)).transpose()?, history.keys())
}

/// What `look` sees in the manifests of the release of that number; `None` where there is none.
pub async fn of_manifests<T>(history: &History<'_>, number: u64, look: impl FnOnce(&ManifestSet<'_>) -> T) -> Result<Option<T>, Problem> {
    let release = match history.release(number).await {
        Ok(release) => release,
        Err(HistoryError::Pruned { .. } | HistoryError::NoRelease { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let stored = history.manifests(&release).await?;
    Ok(Some(look(&recorded_set(&stored, &[], Syntax::Yaml))))
}

/// The releases whose values can be live: the one that the target holds, the one before it, which a deploy that was cut off replaced in part, and the newest.
async fn former(history: &History<'_>, head: Option<&Release>, there: Option<u64>) -> Vec<Release> {
    let newest = head.map(|head| head.summary.number);
    let mut found = Vec::new();
    for number in
        there.into_iter().chain(there.and_then(|number| number.checked_sub(1))).filter(|number| *number > 0 && Some(*number) != newest)
    {
        // What was pruned, or is of another history, says nothing.
        found.extend(history.release(number).await.ok());
    }
    let at = if there.is_some() && there != newest { found.len() } else { 0 };
    if let Some(head) = head {
        found.insert(at, head.clone());
    }
    found
}

/// A manifest and how a review shows it.
struct Trees {
    value: Node<Infallible>,
    shown: Node<Infallible>,
}

impl Trees {
    fn of(manifest: &DraftManifest<'_>, history: &History<'_>) -> Result<Self, Problem> {
        let tree = |text: Option<&str>| text.and_then(|text| read(text, Limits::default()).ok()?.pop());
        let (value, shown) = (tree(std::str::from_utf8(manifest.content).ok()), tree(Some(&shown(manifest, history)?.text)));
        let reason = || format!("the manifest of {} cannot be read", manifest.identity);
        let broken = || Problem::new(Fault::History, reason(), "run `cloze history --verify`");
        value.zip(shown).map(|(value, shown)| Self { value, shown }).ok_or_else(broken)
    }

    fn known(&self) -> ReleasedValue<'_> {
        ReleasedValue { value: &self.value, shown: Some(&self.shown) }
    }
}

impl Drop for Trees {
    fn drop(&mut self) {
        self.value.wipe();
    }
}

fn key_of<'a>(manifest: &DraftManifest<'a>) -> [&'a str; 4] {
    let Identity { api_version, kind, namespace, .. } = manifest.identity;
    [api_version, kind, namespace, manifest.base]
}

/// The value that a text is in a field of an object: Secrets have base64.
fn value_of(identity: &Identity, text: &str) -> Secret {
    let text = Secret::copy_of(text.as_bytes());
    if identity.kind == "Secret" { Filter::B64decode.apply(&text).unwrap_or(text) } else { text }
}

fn text_of(tree: Option<&Node<Infallible>>) -> String {
    let mut scratch = SecretBuffer::with_capacity(4 << 10);
    tree.map(|tree| String::from_utf8_lossy(written(tree, &mut scratch).expose()).into_owned()).unwrap_or_default()
}
