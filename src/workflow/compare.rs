//! What a release changes against another, as a review shows it.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::convert::Infallible;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::blank::mask;
use crate::digest::Digest;
use crate::history::History;
use crate::history::RecordedBlank;
use crate::history::RecordedManifest;
use crate::history::Release;
use crate::history::StoredManifest;
use crate::manifest::Identity;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::manifest::read;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Settings;
use crate::seal::Keys;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::stage::ask::asks;
use crate::stage::diff::Reviewed;
use crate::stage::diff::diff;
use crate::stage::literal::keyed_mask;
use crate::stage::name::Naming;
use crate::stage::name::PLACEHOLDER;
use crate::stage::name::name;
use crate::stage::site::Masks;
use crate::stage::site::blank_sites;
use crate::stage::site::mask_recorded;
use crate::stage::site::preview;
use crate::stage::taint;
use crate::target::Syntax;
use crate::workflow::access::HistoryAccess;
use crate::workflow::build::Built;
use crate::workflow::build::Filling;
use crate::workflow::comparison::Comparison;
use crate::workflow::context::Context;
use crate::workflow::deploy::built;
use crate::workflow::document::based;
use crate::workflow::document::key;
use crate::workflow::document::order_keys;
use crate::workflow::document::written;
use crate::workflow::frozen;
use crate::workflow::impact;
use crate::workflow::naming::externals;
use crate::workflow::naming::taught;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;
use crate::workflow::recipe::Recipe;
use crate::workflow::recorded::ask_of;

/// A recorded release as a review shows it, in apply order. Opens its packs; no value is in what comes out.
pub async fn reviewed(history: &History<'_>, release: &Release) -> Result<Vec<Reviewed>, Problem> {
    reviewed_of(history, release.body.manifests.iter().collect()).await
}

async fn reviewed_of(history: &History<'_>, manifests: Vec<&RecordedManifest>) -> Result<Vec<Reviewed>, Problem> {
    let manifests = history.some_manifests(manifests).await?;
    manifests.iter().map(|stored| shown(stored, history.keys())).collect()
}

pub(crate) fn shown(stored: &StoredManifest<'_>, keys: &Keys) -> Result<Reviewed, Problem> {
    let identity = Identity { name: stored.manifest.base.clone(), ..stored.manifest.identity.clone() };
    let recipe = match &stored.recipe {
        Some(recipe) => Some(Recipe::decode(recipe.expose())?),
        None => None,
    };
    masked(identity, stored.content.expose(), recipe, keys)
}

/// A manifest as a review shows it: of a Secret no value, whether a blank or a literal put it there.
pub(crate) fn masked(identity: Identity, content: &[u8], recipe: Option<Recipe>, keys: &Keys) -> Result<Reviewed, Problem> {
    let is_secret = identity.kind == "Secret" && identity.api_version == "v1";
    let (text, sites) = match recipe {
        Some(recipe) => (recipe.review, recipe.sites),
        None if is_secret => (String::new(), Vec::new()),
        None => (String::from_utf8_lossy(content).into_owned(), Vec::new()),
    };
    if !is_secret {
        return Ok(Reviewed { identity, text });
    }
    let readable = if text.is_empty() { std::str::from_utf8(content).ok() } else { Some(text.as_str()) };
    let root = readable.and_then(|text| read(text, Limits::default()).ok()?.pop());
    let mut root = root.ok_or_else(|| {
        Problem::new(Fault::History, format!("the manifest of {identity} cannot be read"), "run `cloze history --verify`")
    })?;
    mask_recorded(&mut root, &sites, &|key, value| keyed_mask(keys, &identity, key, value));
    let mut out = SecretBuffer::with_capacity(content.len());
    let text = String::from_utf8_lossy(written(&root, &mut out).expose()).into_owned();
    Ok(Reviewed { identity, text })
}

/// What `built` changes against a release; everything is new where there is none.
pub async fn compare_built(history: &History<'_>, before: Option<&Release>, built: &Built) -> Result<Comparison, Problems> {
    let stored = match before {
        Some(release) => history.manifests(release).await?,
        None => Vec::new(),
    };
    let contents: HashMap<&Identity, &StoredManifest<'_>> = stored.iter().map(|stored| (&stored.manifest.identity, stored)).collect();
    let shown_before = stored.iter().map(|stored| shown(stored, history.keys())).collect::<Result<Vec<_>, _>>()?;
    let after: Result<Vec<Reviewed>, Problem> = built
        .manifests
        .iter()
        .map(|manifest| {
            // Equal bytes are equal, whichever versions of secrets they came from.
            if let Some(stored) = contents.get(&manifest.identity)
                && manifest.bytes.expose() == stored.content.expose()
            {
                return shown(stored, history.keys());
            }
            let identity = Identity { name: manifest.base.clone(), ..manifest.identity.clone() };
            let recipe = manifest.recipe.as_ref().map(|recipe| Recipe::decode(&recipe.bytes)).transpose()?;
            masked(identity, manifest.bytes.expose(), recipe, history.keys())
        })
        .collect();
    let changes = diff(shown_before, after?);
    Ok(Comparison {
        secrets: impact::dated(impact::secrets(blanks_of(before), &built.blanks()), &built.used),
        waivers: built.waivers.clone(),
        ..Comparison::of(changes).against(before)
    })
}

/// What release `after` changes against release `before`; everything is new where there is none.
pub async fn compare_releases(history: &History<'_>, before: Option<&Release>, after: &Release) -> Result<Comparison, Problem> {
    let same = same(before, after);
    let stored = history.some_manifests(differing(&after.body.manifests, &same)).await?;
    compared(history, before, after, &same, stored).await
}

/// The same where the manifests of `after` are `stored` elsewhere, and not in the history.
pub(crate) async fn compare_stored(
    history: &History<'_>,
    before: Option<&Release>,
    after: &Release,
    stored: Vec<StoredManifest<'_>>,
) -> Result<Comparison, Problem> {
    let same = same(before, after);
    let stored = stored.into_iter().filter(|stored| !same.contains(&key(stored.manifest))).collect();
    compared(history, before, after, &same, stored).await
}

/// What both have, byte for byte: it is known as unchanged without being opened.
fn same<'r>(before: Option<&'r Release>, after: &'r Release) -> HashSet<[&'r str; 4]> {
    let known: HashMap<[&str; 4], &RecordedManifest> = manifests_of(before).iter().map(|manifest| (key(manifest), manifest)).collect();
    let is_same = |manifest: &&RecordedManifest| known.get(&key(manifest)).is_some_and(|other| is_equal(manifest, other));
    after.body.manifests.iter().filter(is_same).map(key).collect()
}

async fn compared(
    history: &History<'_>,
    before: Option<&Release>,
    after: &Release,
    same: &HashSet<[&str; 4]>,
    stored: Vec<StoredManifest<'_>>,
) -> Result<Comparison, Problem> {
    let reviewed = stored.iter().map(|stored| shown(stored, history.keys())).collect::<Result<_, _>>()?;
    let changes = diff(reviewed_of(history, differing(manifests_of(before), same)).await?, reviewed);
    Ok(Comparison {
        release: Some(after.summary.number),
        secrets: impact::secrets(blanks_of(before), &after.body.blanks),
        ..Comparison::of(changes).against(before)
    })
}

fn differing<'r>(manifests: &'r [RecordedManifest], same: &HashSet<[&str; 4]>) -> Vec<&'r RecordedManifest> {
    manifests.iter().filter(|manifest| !same.contains(&key(manifest))).collect()
}

fn manifests_of(release: Option<&Release>) -> &[RecordedManifest] {
    release.map(|release| release.body.manifests.as_slice()).unwrap_or_default()
}

fn blanks_of(release: Option<&Release>) -> &[RecordedBlank] {
    release.map(|release| release.body.blanks.as_slice()).unwrap_or_default()
}

/// Whether two manifests have the same bytes and came to be alike.
fn is_equal(one: &RecordedManifest, other: &RecordedManifest) -> bool {
    let stored = |manifest: &RecordedManifest| (manifest.content.digest, manifest.recipe.map(|recipe| recipe.digest));
    stored(one) == stored(other)
}

/// With what a project is compared.
#[derive(Debug, Clone, Copy)]
pub enum Against<'a> {
    /// With the values that the vaults hold now.
    Values(Filling<'a>),
    /// Without asking any vault: what was recorded of a secret stands for what it is now.
    Record,
}

/// What a deploy of the project would change against a release, the current one unless a number is given.
pub async fn compare_project(
    context: &Context<'_>,
    mut prepared: Prepared,
    access: &HistoryAccess<'_>,
    against: Against<'_>,
    number: Option<u64>,
) -> Result<Comparison, Problems> {
    let history = access.open(context).await?;
    let before = match number {
        Some(number) => Some(history.release(number).await?),
        None => history.head().await?,
    };
    let before = before.as_ref();
    let compared = match against {
        Against::Values(filling) => {
            let built = built(context, &mut prepared, filling, Syntax::Yaml).await?;
            compare_built(&history, before, &built).await?
        }
        Against::Record => {
            let recorded: BTreeMap<SecretRef, &RecordedBlank> = blanks_of(before).iter().map(|blank| (pinned(blank), blank)).collect();
            let told = |ask: &SecretRef| match recorded.get(ask) {
                Some(blank) => mask::filled(ask, &blank.version, &blank.fingerprint.to_string()),
                None => format!("{ask}, not asked"),
            };
            let (objects, blanks) = prepared.take();
            let secrets = impact::secrets(blanks_of(before), &expected(&blanks, &recorded));
            let mut waivers = taint::check(&objects, &blanks)?;
            waivers.append(&mut prepared.waivers);
            let (after, warnings) =
                previews(context.settings, objects, &blanks, &told, history.keys()).map_err(|failed| locate(context, failed))?;
            context.warn_of(prepared.warnings.into_iter().chain(locate_all(context, warnings)).collect())?;
            let shown_before = match before {
                Some(release) => without_digests(reviewed(&history, release).await?, release),
                None => Vec::new(),
            };
            let changes = diff(shown_before, after.clone());
            Comparison { secrets, waivers, ..Comparison::of_masked(changes, &after).against(before) }
        }
    };
    context.warn_of(frozen::of_changes(&compared.changes))?;
    Ok(compared)
}

/// What a release would record of its secrets if each still had the value that was recorded; the fingerprint of what is asked for the first time is
/// all zeros.
fn expected(blanks: &Blanks, recorded: &BTreeMap<SecretRef, &RecordedBlank>) -> Vec<RecordedBlank> {
    let one = |ask: &SecretRef| match recorded.get(ask) {
        Some(&blank) => blank.clone(),
        None => RecordedBlank {
            vault: ask.vault.clone(),
            name: ask.name.clone(),
            key: ask.key.clone(),
            version: ask.version.clone().unwrap_or_default(),
            pinned: ask.version.is_some(),
            fingerprint: Digest([0; 32]),
            places: Vec::new(),
        },
    };
    asks(blanks).values().flatten().map(one).collect()
}

/// The objects as a review shows them when no vault is asked.
fn previews(
    settings: &Settings,
    objects: Vec<Object<BlankText>>,
    blanks: &Blanks,
    told: &dyn Fn(&SecretRef) -> String,
    keys: &Keys,
) -> Result<(Vec<Reviewed>, Vec<Problem>), Problems> {
    let unknown: HashSet<Identity> =
        objects.iter().filter(|object| !blank_sites(object).is_empty()).map(|object| object.identity.clone()).collect();
    let shown = |object: Object<BlankText>| {
        let based = based(&object);
        let literal = |key: &str, value: &Secret| keyed_mask(keys, &based, key, value);
        preview(object, Masks { blank: &|id| blanks.mask_with(id, told), literal: &literal })
    };
    let shown = objects.into_iter().map(shown).collect();
    let naming = Naming {
        keyed: None,
        default: settings.names,
        external: &externals(settings),
        masked: &unknown,
        taught: &taught(settings),
        complete: true,
    };
    let mut scratch = SecretBuffer::with_capacity(64 << 10);
    let review = |mut object: Object<Infallible>| {
        order_keys(&mut object);
        let text = String::from_utf8_lossy(written(&object.root, &mut scratch).expose()).into_owned();
        Reviewed { identity: based(&object), text }
    };
    let named = name(shown, &naming)?;
    let warnings = named.warnings().to_vec();
    Ok((named.into_objects().into_iter().map(review).collect(), warnings))
}

/// The reviews of a release with the names of Secrets as a review without keys has them.
fn without_digests(objects: Vec<Reviewed>, release: &Release) -> Vec<Reviewed> {
    let is_keyed = |manifest: &&RecordedManifest| {
        manifest.identity.name != manifest.base && (manifest.identity.kind == "Secret" || manifest.recipe.is_some())
    };
    let names: HashMap<&str, String> = release
        .body
        .manifests
        .iter()
        .filter(is_keyed)
        .map(|manifest| (manifest.identity.name.as_str(), format!("{}-{PLACEHOLDER}", manifest.base)))
        .collect();
    if names.is_empty() {
        return objects;
    }
    let mut scratch = SecretBuffer::with_capacity(64 << 10);
    let mut one = |object: Reviewed| {
        let Some(mut root) = read(&object.text, Limits::default()).ok().and_then(|mut documents| documents.pop()) else { return object };
        if !rename(&mut root, &names) {
            return object;
        }
        Reviewed { text: String::from_utf8_lossy(written(&root, &mut scratch).expose()).into_owned(), ..object }
    };
    objects.into_iter().map(&mut one).collect()
}

/// Gives each text that is one of `names` the other name; whether there was any.
fn rename(node: &mut Node<Infallible>, names: &HashMap<&str, String>) -> bool {
    match &mut node.value {
        Value::Text(text) => match names.get(text.as_str()) {
            Some(name) => {
                *text = name.into();
                true
            }
            None => false,
        },
        Value::List(items) => items.iter_mut().fold(false, |found, item| rename(item, names) | found),
        Value::Map(entries) => entries.iter_mut().fold(false, |found, entry| rename(&mut entry.node, names) | found),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Leaf(_) => false,
    }
}

/// What a template asked for, with the version where it named one.
pub(crate) fn pinned(blank: &RecordedBlank) -> SecretRef {
    SecretRef { version: blank.pinned.then(|| blank.version.clone()), ..ask_of(blank) }
}
