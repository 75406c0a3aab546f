//! From objects with blanks to the manifests of a release: fill, encode, name, write.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::blank::mask;
use crate::event::Event;
use crate::history::DraftManifest;
use crate::history::DraftRecipe;
use crate::history::RecordedBlank;
use crate::manifest::Identity;
use crate::manifest::Object;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Lock;
use crate::seal::Keys;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::stage::check;
use crate::stage::encode::encode;
use crate::stage::fill::Used;
use crate::stage::fill::fill;
use crate::stage::literal::keyed_mask;
use crate::stage::name::Naming;
use crate::stage::name::name;
use crate::stage::order::change_all;
use crate::stage::site::BlankSite;
use crate::stage::site::Masks;
use crate::stage::site::blank_sites;
use crate::stage::site::mask_filled;
use crate::stage::taint::Waiver;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::Syntax;
use crate::vault::Vault;
use crate::workflow::calls::announce;
use crate::workflow::context::Context;
use crate::workflow::document::based;
use crate::workflow::document::written;
use crate::workflow::document::written_json;
use crate::workflow::lock::LockedVaults;
use crate::workflow::naming::externals;
use crate::workflow::naming::taught;
use crate::workflow::recipe::Recipe;

/// What blanks are filled from.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The vaults by name.
    pub vaults: &'a BTreeMap<String, Arc<dyn Vault>>,
    /// The environment's keys.
    pub keys: &'a Keys,
    /// The versions that are asked for, where they are locked.
    pub lock: Option<&'a Lock>,
}

/// The manifests of a release that is not recorded yet.
#[derive(Debug)]
pub struct Built {
    /// The manifests, in apply order.
    pub manifests: Vec<BuiltManifest>,
    /// The secrets that went in.
    pub used: Vec<Used>,
    /// The rules that templates waive.
    pub waivers: Vec<Waiver>,
    /// What to look at; places are in what templates rendered to.
    pub warnings: Vec<Problem>,
}

/// A manifest of a release that is not recorded yet.
#[derive(Debug)]
pub struct BuiltManifest {
    /// What Kubernetes will know it by.
    pub identity: Identity,
    /// Its name without the content's suffix.
    pub base: String,
    /// The template that it comes from.
    pub file: Arc<str>,
    /// Its bytes.
    pub bytes: Secret,
    /// The same object as JSON, where the target gets that.
    pub json: Option<Secret>,
    /// How it was filled, where it was.
    pub recipe: Option<BuiltRecipe>,
}

/// The bytes of a [`Recipe`].
#[derive(Debug)]
pub struct BuiltRecipe {
    /// The bytes.
    pub bytes: Box<[u8]>,
    /// Whether it says nothing of the manifest but what reviews show.
    pub is_shown: bool,
}

impl Built {
    /// The manifests as the history takes them.
    pub(crate) fn drafts(&self) -> Vec<DraftManifest<'_>> {
        self.manifests.iter().map(BuiltManifest::draft).collect()
    }

    /// The manifests as a target takes them.
    pub(crate) fn set(&self, syntax: Syntax) -> ManifestSet<'_> {
        ManifestSet { syntax, manifests: self.manifests.iter().map(BuiltManifest::output).collect() }
    }

    /// The secrets that went in as the history takes them.
    pub(crate) fn blanks(&self) -> Vec<RecordedBlank> {
        self.used.iter().map(recorded).collect()
    }
}

impl BuiltManifest {
    fn draft(&self) -> DraftManifest<'_> {
        let Self { identity, base, file, bytes, recipe, .. } = self;
        DraftManifest { identity, base, file, content: bytes.expose(), recipe: recipe.as_ref().map(BuiltRecipe::draft) }
    }

    fn output(&self) -> Manifest<'_> {
        Manifest::new(&self.identity, &self.base, self.json.as_ref().unwrap_or(&self.bytes).expose()).of_template(&self.file)
    }
}

impl BuiltRecipe {
    fn draft(&self) -> DraftRecipe<'_> {
        DraftRecipe { bytes: &self.bytes, is_shown: self.is_shown }
    }
}

fn recorded(used: &Used) -> RecordedBlank {
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

/// Fills and names the objects, and writes their manifests; as `syntax` too where that is JSON.
pub async fn build(
    context: &Context<'_>,
    objects: Vec<Object<BlankText>>,
    blanks: &Blanks,
    filling: Filling<'_>,
    syntax: Syntax,
) -> Result<Built, Problems> {
    let sites: HashMap<Identity, Vec<BlankSite>> =
        objects.iter().filter_map(|object| Some((based(object), blank_sites(object))).filter(|(_, sites)| !sites.is_empty())).collect();
    let keys = filling.keys;
    let locked = LockedVaults::of(filling.lock, blanks, filling.vaults)?;
    announce(context.observer, blanks, &locked.vaults);
    let filled = fill(objects, blanks, &locked.vaults, context.clock, &|parts| keys.fingerprint(parts)).await;
    context.observe(Event::Answered);
    let (objects, used, waivers, mut warnings) = encode(filled?)?.into_parts();
    let problems = check::content(&objects);
    warnings.extend(locked.warnings);
    warnings.extend(check::doubts(&objects));
    let settings = context.settings;
    let naming = Naming {
        keyed: Some(keys),
        default: settings.names,
        external: &externals(settings),
        masked: &HashSet::new(),
        taught: &taught(settings),
        complete: true,
    };
    let named = match name(objects, &naming) {
        Ok(named) => Problems::or(named, problems)?,
        Err(failed) => return Err(failed.into_list().into_iter().chain(problems).collect::<Vec<_>>().into()),
    };
    warnings.extend_from_slice(named.warnings());
    let shown: BTreeMap<&SecretRef, String> =
        used.iter().map(|used| (&used.ask, mask::filled(&used.ask, &used.version, &used.fingerprint.to_string()))).collect();
    let show = |ask: &SecretRef| shown.get(ask).cloned().unwrap_or_else(|| ask.to_string());
    let manifests = change_all(
        named.into_objects(),
        || SecretBuffer::with_capacity(SCRATCH),
        |scratch, object| {
            let based = based(&object);
            let bytes = written(&object.root, scratch);
            let json = (syntax == Syntax::Json).then(|| written_json(&object.root, scratch));
            let recipe = sites.get(&based).map(|found| {
                // A part that is hidden beside a blank is in the recipe as it is.
                let parts_are_hidden = Cell::new(false);
                let literal = |key: &str, value: &Secret| {
                    parts_are_hidden.set(parts_are_hidden.get() || found.iter().any(|site| site.is_of_key(key)));
                    keyed_mask(keys, &based, key, value)
                };
                let shown = mask_filled(&object, found, Masks { blank: &|id| blanks.mask_with(id, &show), literal: &literal });
                let text = written(&shown, scratch);
                let recipe = Recipe::new(String::from_utf8_lossy(text.expose()).into_owned(), found, blanks);
                BuiltRecipe { is_shown: !parts_are_hidden.get() && !recipe.blanks.hold_texts(), bytes: recipe.encode() }
            });
            // A copy of its own: the identity's memory lies among that of the tree.
            BuiltManifest { base: based.name, identity: object.identity.clone(), file: Arc::clone(&object.file), bytes, json, recipe }
        },
    );
    Ok(Built { manifests, used, waivers, warnings })
}

/// The bytes that the writer's buffer has from the start; larger documents make it grow.
const SCRATCH: usize = 64 << 10;
