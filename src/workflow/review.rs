//! Local rendering for review: no credential, no key, no network.

use crate::manifest::Identity;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::secret::SecretBuffer;
use crate::stage::mask::mask;
use crate::stage::order::change_all;
use crate::stage::order::file_names;
use crate::stage::taint::Waiver;
use crate::workflow::document::based;
use crate::workflow::document::written;
use crate::workflow::naming::named;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::Workbench;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;
use crate::workflow::prepare::prepare;

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
    let named = named(masked, workbench.settings, true).map_err(locate)?;
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

/// The bytes that the writer's buffer has from the start.
const SCRATCH: usize = 64 << 10;
