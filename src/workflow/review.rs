//! Local rendering for review: no credential, no key, no network.

use crate::blank::SecretRef;
use crate::manifest::Identity;
use crate::policy::Rule;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::secret::SecretBuffer;
use crate::stage::ask::asks;
use crate::stage::literal::LiteralMask;
use crate::stage::literal::MASK;
use crate::stage::mask::mask;
use crate::stage::order::change_all;
use crate::stage::taint::Waiver;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::Syntax;
use crate::workflow::context::Context;
use crate::workflow::document::based;
use crate::workflow::document::order_keys;
use crate::workflow::document::written;
use crate::workflow::naming::named;
use crate::workflow::policy::judge;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;
use crate::workflow::prepare::prepare;

/// A release as a review sees it.
#[derive(Debug)]
pub struct Review {
    /// The objects, in apply order.
    pub objects: Vec<ReviewedObject>,
    /// What they ask of vaults.
    pub secrets: Vec<SecretRef>,
    /// The rules that templates waive.
    pub waivers: Vec<Waiver>,
    /// What is worth a look.
    pub warnings: Vec<Problem>,
}

/// An object as a review sees it.
#[derive(Debug)]
pub struct ReviewedObject {
    /// What Kubernetes will know it by; a digest that needs a key is masked in its name.
    pub identity: Identity,
    /// Its name without the content's suffix.
    pub base: String,
    /// Its manifest, with masks in the place of values.
    pub text: String,
}

impl Review {
    /// The manifests as a target takes them.
    pub fn set(&self) -> ManifestSet<'_> {
        let manifests = self.objects.iter().map(|object| Manifest::new(&object.identity, &object.base, object.text.as_bytes()));
        ManifestSet { syntax: Syntax::Yaml, manifests: manifests.collect() }
    }
}

/// Renders the project with masked values.
pub fn review(context: &Context<'_>) -> Result<Review, Problems> {
    review_prepared(context, prepare(context)?, &|_, _, _| MASK.to_owned())
}

/// The same, held to the project's policy.
pub fn check(context: &Context<'_>) -> Result<Review, Problems> {
    review_judged(context, &context.settings.policy, &|_, _, _| MASK.to_owned())
}

/// The same, held to `rules`, with `literal` in place of the literal values of Secrets. What is wrong with either is reported at once.
pub(crate) fn review_judged(context: &Context<'_>, rules: &[Rule], literal: LiteralMask<'_>) -> Result<Review, Problems> {
    let mut prepared = prepare(context)?;
    let judged = judge(context, &mut prepared, rules);
    match (judged, review_prepared(context, prepared, literal)) {
        (Ok(()), reviewed) => reviewed,
        (Err(failed), Ok(_)) => Err(failed),
        (Err(failed), Err(more)) => Err(failed.into_list().into_iter().chain(more.into_list()).collect::<Vec<_>>().into()),
    }
}

/// The same of what was prepared already, with `literal` in place of the literal values of Secrets.
pub(crate) fn review_prepared(context: &Context<'_>, mut prepared: Prepared, literal: LiteralMask<'_>) -> Result<Review, Problems> {
    let (objects, blanks) = prepared.take();
    let secrets = asks(&blanks).into_values().flatten().collect();
    let locate = |failed| locate(context, failed);
    let masked = mask(objects, &blanks).map_err(locate)?;
    let mut waivers = std::mem::take(&mut prepared.waivers);
    waivers.extend_from_slice(masked.waivers());
    let named = named(masked, literal, context.settings, true).map_err(locate)?;
    let warnings = named.warnings().to_vec();
    let objects = named.into_objects();
    let objects = change_all(
        objects,
        || SecretBuffer::with_capacity(SCRATCH),
        |scratch, mut object| {
            order_keys(&mut object);
            let text = String::from_utf8_lossy(written(&object.root, scratch).expose()).into_owned();
            ReviewedObject { base: based(&object).name, identity: object.identity, text }
        },
    );
    // Only now: tracing a warning reads the project again, and the trees are gone.
    let mut warnings = locate_all(context, warnings);
    warnings.append(&mut prepared.warnings);
    context.refuse(&warnings)?;
    Ok(Review { objects, secrets, waivers, warnings })
}

/// The bytes that the writer's buffer has from the start.
const SCRATCH: usize = 64 << 10;
