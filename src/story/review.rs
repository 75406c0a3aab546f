//! Local rendering for review: no credential, no key, no network.

use std::collections::HashSet;
use std::convert::Infallible;

use crate::blank::Blanks;
use crate::blank::Cloze;
use crate::manifest::Identity;
use crate::manifest::Object;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Names;
use crate::project::ObjectKind;
use crate::project::Settings;
use crate::reference::External;
use crate::reference::Referent;
use crate::secret::SecretBuffer;
use crate::stage::check;
use crate::stage::mask::Masked;
use crate::stage::mask::mask;
use crate::stage::mask::sketch;
use crate::stage::name;
use crate::stage::name::Named;
use crate::stage::name::Naming;
use crate::stage::order::change_all;
use crate::stage::order::file_names;
use crate::stage::taint::Waiver;
use crate::story::build::based;
use crate::story::build::written;
use crate::story::prepare::Prepared;
use crate::story::prepare::Workbench;
use crate::story::prepare::locate;
use crate::story::prepare::locate_all;
use crate::story::prepare::prepare;

/// A release as a review sees it.
#[derive(Debug)]
pub struct Review {
    /// The objects, in apply order.
    pub objects: Vec<ReviewedObject>,
    /// The rules that templates waive.
    pub waivers: Vec<Waiver>,
    /// What is worth a look.
    pub warnings: Vec<Problem>,
}

/// An object as a review sees it.
#[derive(Debug)]
pub struct ReviewedObject {
    /// What it is, under the name that its template gives it.
    pub identity: Identity,
    /// The name of its file in a directory.
    pub file_name: String,
    /// Its manifest, with masks in the place of values.
    pub text: String,
}

/// Renders the project with masked values.
pub fn review(workbench: &Workbench<'_>) -> Result<Review, Problems> {
    review_prepared(workbench, prepare(workbench)?)
}

/// The same, of what was prepared already.
pub(crate) fn review_prepared(workbench: &Workbench<'_>, mut prepared: Prepared) -> Result<Review, Problems> {
    let (objects, blanks) = prepared.take();
    let locate = |failed| locate(workbench, failed);
    let masked = mask(objects, &blanks).map_err(locate)?;
    let waivers = masked.waivers().to_vec();
    let named = named(masked, workbench.settings).map_err(locate)?;
    let warnings = named.warnings().to_vec();
    let objects = named.into_objects();
    let file_names = file_names(objects.iter().map(|object| &object.identity));
    let mut scratch = SecretBuffer::with_capacity(SCRATCH);
    let texts = change_all(objects, |object| {
        let text = String::from_utf8_lossy(written(&object.root, &mut scratch).expose()).into_owned();
        (based(&object), text)
    });
    let objects =
        texts.into_iter().zip(file_names).map(|((identity, text), file_name)| ReviewedObject { identity, file_name, text }).collect();
    // Only now: tracing a warning reads the project again, and the trees are gone.
    let mut warnings = locate_all(workbench, warnings);
    warnings.append(&mut prepared.warnings);
    Ok(Review { objects, waivers, warnings })
}

/// What else is wrong with objects of which `told` is known: the blanks that would be public, names, references, sizes.
pub(crate) fn faults(objects: Vec<Object<Cloze>>, blanks: &Blanks, settings: &Settings, told: &[Problem]) -> Vec<Problem> {
    match sketch(objects, blanks) {
        Ok((masked, mut problems)) => {
            if let Err(failed) = named(masked, settings) {
                let places: HashSet<_> = told.iter().chain(&problems).map(|problem| problem.place.clone()).collect();
                problems.extend(failed.into_list().into_iter().filter(|problem| !places.contains(&problem.place)));
            }
            problems
        }
        Err(failed) => failed.into_list(),
    }
}

/// The objects under the names that a review can know, once the content that it can know is checked.
fn named(masked: Masked, settings: &Settings) -> Result<Named<Infallible>, Problems> {
    let (objects, unknown, _) = masked.into_parts();
    let known = objects.iter().filter(|object| !unknown.contains(&object.identity));
    let mut problems: Vec<Problem> = known.flat_map(|object| check::content(std::slice::from_ref(object))).collect();
    let masked: HashSet<Identity> = unknown.into_iter().collect();
    let naming = Naming { keyed: None, default: names(settings), external: &externals(settings), masked: &masked };
    match name::name(objects, &naming) {
        Ok(named) => Problems::or(named, problems),
        Err(failed) => {
            problems.extend(failed.into_list());
            Err(problems.into())
        }
    }
}

/// How objects are named that do not say it themselves.
pub(crate) fn names(settings: &Settings) -> name::Names {
    match settings.names {
        Names::Versioned => name::Names::Versioned,
        Names::Stable => name::Names::Stable,
    }
}

/// What exists without standing in the release.
pub(crate) fn externals(settings: &Settings) -> Vec<External> {
    let external = |external: &crate::project::External| External {
        referent: match external.kind.value {
            ObjectKind::ConfigMap => Referent::ConfigMap,
            ObjectKind::Secret => Referent::Secret,
        },
        namespace: Some(external.namespace.as_ref().map_or_else(|| settings.namespace.clone(), |said| said.value.clone())),
        name: external.name.value.clone(),
        keys: external.keys.as_ref().map(|keys| keys.iter().map(|key| key.value.clone()).collect()),
    };
    settings.external.iter().map(external).collect()
}

/// The bytes that the writer's buffer has from the start.
const SCRATCH: usize = 64 << 10;
