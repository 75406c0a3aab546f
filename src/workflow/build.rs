//! From objects with blanks to the manifests of a release: fill, encode, name, write.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::collections::HashSet;
use std::sync::Arc;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::clock::Clock;
use crate::digest::Digest;
use crate::event::Event;
use crate::event::Observer;
use crate::manifest::Identity;
use crate::manifest::Object;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Lock;
use crate::project::Settings;
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
use crate::vault::Vault;
use crate::workflow::calls::announce;
use crate::workflow::document::based;
use crate::workflow::document::written;
use crate::workflow::lock::Held;
use crate::workflow::naming::externals;
use crate::workflow::recipe::Recipe;

/// What filling needs.
#[derive(Debug, Clone, Copy)]
pub struct Filling<'a> {
    /// The vaults by name.
    pub vaults: &'a BTreeMap<String, Arc<dyn Vault>>,
    /// The environment's keys.
    pub keys: &'a Keys,
    /// For expiries.
    pub clock: &'a dyn Clock,
    /// The versions that are asked for, where they are locked.
    pub lock: Option<&'a Lock>,
    /// Who is told what asking the vaults costs.
    pub observer: &'a dyn Observer,
}

/// The manifests of a release that is not recorded yet.
#[derive(Debug)]
pub struct Built {
    /// The manifests, in apply order.
    pub manifests: Vec<BuiltManifest>,
    /// The secrets that went in.
    pub used: Vec<Used>,
    /// What is worth a look.
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
    /// How it was filled, where it was: the bytes of a [`Recipe`].
    pub recipe: Option<Box<[u8]>>,
}

/// Fills and names the objects, and writes their manifests.
pub async fn build(objects: Vec<Object<BlankText>>, blanks: &Blanks, settings: &Settings, filling: Filling<'_>) -> Result<Built, Problems> {
    let mut sites: HashMap<Identity, Vec<BlankSite>> =
        objects.iter().filter_map(|object| Some((based(object), blank_sites(object))).filter(|(_, sites)| !sites.is_empty())).collect();
    let keys = filling.keys;
    let held = Held::of(filling.lock, blanks, filling.vaults)?;
    for warning in held.warnings {
        filling.observer.observe(Event::Warned(warning));
    }
    announce(filling.observer, blanks, &held.vaults);
    let filled = fill(objects, blanks, &held.vaults, filling.clock, &|parts| keys.fingerprint(parts)).await;
    filling.observer.observe(Event::Answered);
    let (objects, used, _, mut warnings) = encode(filled?)?.into_parts();
    let problems = check::content(&objects);
    let naming =
        Naming { keyed: Some(keys), default: settings.names, external: &externals(settings), masked: &HashSet::new(), complete: true };
    let named = match name(objects, &naming) {
        Ok(named) => Problems::or(named, problems)?,
        Err(failed) => return Err(failed.into_list().into_iter().chain(problems).collect::<Vec<_>>().into()),
    };
    warnings.extend_from_slice(named.warnings());
    let told: BTreeMap<&SecretRef, String> =
        used.iter().map(|used| (&used.ask, tell(&used.ask, &used.version, &used.fingerprint))).collect();
    let tell_of = |ask: &SecretRef| told.get(ask).cloned().unwrap_or_else(|| ask.to_string());
    let mut scratch = SecretBuffer::with_capacity(SCRATCH);
    let manifests = change_all(named.into_objects(), |object| {
        let based = based(&object);
        let bytes = written(&object.root, &mut scratch);
        let recipe = sites.remove(&based).map(|found| {
            let literal = |key: &str, value: &Secret| keyed_mask(keys, &based, key, value);
            let shown = mask_filled(&object, &found, Masks { blank: &|id| blanks.mask_with(id, &tell_of), literal: &literal });
            let text = written(&shown, &mut scratch);
            Recipe::new(String::from_utf8_lossy(text.expose()).into_owned(), &found, blanks).encode()
        });
        // A copy of its own: the identity's memory lies among that of the tree.
        BuiltManifest { base: based.name, identity: object.identity.clone(), file: Arc::clone(&object.file), bytes, recipe }
    });
    Ok(Built { manifests, used, warnings })
}

/// What a review says of a secret that went in: source, version, fingerprint.
pub(crate) fn tell(ask: &SecretRef, version: &str, fingerprint: &Digest) -> String {
    let version = if ask.version.is_some() || version.is_empty() { String::new() } else { format!("@{version}") };
    let fingerprint = fingerprint.to_string();
    format!("{ask}{version} {}", &fingerprint[..FINGERPRINT])
}

/// Characters of a fingerprint that a review shows.
const FINGERPRINT: usize = 12;

/// The bytes that the writer's buffer has from the start; larger documents make it grow.
const SCRATCH: usize = 64 << 10;
