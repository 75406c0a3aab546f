//! Names by what applies to a run, for those who have no key too.

use std::collections::HashSet;
use std::convert::Infallible;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::manifest::Object;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::ExternalEntry;
use crate::project::ReferenceEntry;
use crate::project::Settings;
use crate::reference::External;
use crate::reference::Taught;
use crate::stage::check;
use crate::stage::literal::LiteralMask;
use crate::stage::literal::MASK;
use crate::stage::mask::Masked;
use crate::stage::mask::mask_all;
use crate::stage::name;
use crate::stage::name::Named;
use crate::stage::name::Naming;

/// The objects under the names that a review can know, once the content that it can know is checked, with `literal` in place of literal values of
/// Secrets. What a reference names must be among
/// them only if they are `complete`.
pub(crate) fn named(masked: Masked, literal: LiteralMask<'_>, settings: &Settings, complete: bool) -> Result<Named<Infallible>, Problems> {
    let mut problems: Vec<Problem> = masked.known().flat_map(|object| check::content(std::slice::from_ref(object))).collect();
    let (objects, masked) = masked.into_objects(literal);
    let naming = Naming {
        keyed: None,
        default: settings.names,
        external: &externals(settings),
        masked: &masked,
        taught: &taught(settings),
        complete,
    };
    match name::name(objects, &naming) {
        Ok(named) => Problems::or(named, problems),
        Err(failed) => {
            problems.extend(failed.into_list());
            Err(problems.into())
        }
    }
}

/// What else is wrong with objects of which `known` is reported already: the blanks that would be public, names, references, sizes. They are not
/// `complete` where other objects could not be read.
pub(crate) fn faults(
    objects: Vec<Object<BlankText>>,
    blanks: &Blanks,
    settings: &Settings,
    known: &[Problem],
    complete: bool,
) -> Vec<Problem> {
    match mask_all(objects, blanks) {
        Ok((masked, mut problems)) => {
            if let Err(failed) = named(masked, &|_, _, _| MASK.to_owned(), settings, complete) {
                let places: HashSet<_> = known.iter().chain(&problems).map(|problem| problem.place.clone()).collect();
                problems.extend(failed.into_list().into_iter().filter(|problem| !places.contains(&problem.place)));
            }
            problems
        }
        Err(failed) => failed.into_list(),
    }
}

/// What exists without standing in the release.
pub(crate) fn externals(settings: &Settings) -> Vec<External> {
    let external = |external: &ExternalEntry| External {
        referent: external.kind.value,
        namespace: Some(external.namespace.as_ref().map_or_else(|| settings.namespace.clone(), |said| said.value.clone())),
        name: external.name.value.clone(),
        keys: external.keys.as_ref().map(|keys| keys.iter().map(|key| key.value.clone()).collect()),
    };
    settings.external.iter().map(external).collect()
}

/// Fields that name ConfigMaps and Secrets, as the project teaches them.
pub(crate) fn taught(settings: &Settings) -> Vec<Taught<'_>> {
    fn taught(ReferenceEntry { group, kind, path, refers_to }: &ReferenceEntry) -> Taught<'_> {
        Taught { group, kind, path, referent: *refers_to }
    }
    settings.references.iter().map(taught).collect()
}
