//! Local rendering for review: no credential, no key, no network.

use std::collections::HashSet;

use crate::manifest::Identity;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Names;
use crate::project::ObjectKind;
use crate::project::Settings;
use crate::reference::External;
use crate::reference::Referent;
use crate::secret::SecretBuffer;
use crate::stage::mask::mask;
use crate::stage::name;
use crate::stage::name::Naming;
use crate::stage::order::file_names;
use crate::stage::taint::Waiver;
use crate::story::build::based;
use crate::story::build::written;
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
    let mut prepared = prepare(workbench)?;
    let settings = workbench.settings;
    let (objects, blanks) = prepared.take();
    let locate = |failed| locate(workbench, failed);
    let (objects, unknown, waivers) = mask(objects, &blanks).map_err(locate)?.into_parts();
    let masked: HashSet<Identity> = unknown.into_iter().collect();
    let naming = Naming { keyed: None, default: names(settings), external: &externals(settings), masked: &masked };
    let named = name::name(objects, &naming).map_err(locate)?;
    let mut warnings = locate_all(workbench, named.warnings().to_vec());
    warnings.append(&mut prepared.warnings);
    let objects = named.into_objects();
    let file_names = file_names(objects.iter().map(|object| &object.identity));
    let mut scratch = SecretBuffer::with_capacity(SCRATCH);
    let objects = objects
        .into_iter()
        .zip(file_names)
        .map(|(object, file_name)| {
            let text = String::from_utf8_lossy(written(&object.root, &mut scratch).expose()).into_owned();
            ReviewedObject { identity: based(&object), file_name, text }
        })
        .collect();
    Ok(Review { objects, waivers, warnings })
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
