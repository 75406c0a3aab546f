//! What a project changes against another revision of itself: no key, no vault, no network.

use crate::manifest::Identity;
use crate::place::Place;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::stage::diff::Reviewed;
use crate::stage::diff::diff;
use crate::stage::literal::LiteralMask;
use crate::stage::literal::NumberedLiterals;
use crate::workflow::comparison::Comparison;
use crate::workflow::context::Context;
use crate::workflow::impact;
use crate::workflow::prepare::prepare;
use crate::workflow::review::ReviewedObject;
use crate::workflow::review::review_judged;
use crate::workflow::review::review_prepared;

/// What the project of `context` changes against that of `base`, which is called `name`.
///
/// # Errors
/// The problems of `base`, said to be its own, then those of the project.
pub fn compare_revisions(context: &Context<'_>, base: &Context<'_>, name: &str) -> Result<Comparison, Problems> {
    let literals = NumberedLiterals::default();
    let mask: LiteralMask<'_> = &|identity, key, value| literals.mask(identity, key, value);
    let before =
        prepare(base).and_then(|prepared| review_prepared(base, prepared, mask)).map_err(|failed| of_revision(failed, name).into_list());
    let after = review_judged(context, &context.settings.policy, mask);
    let (before, after) = match (before, after) {
        (Ok(before), Ok(after)) => (before, after),
        (Ok(_), Err(failed)) => return Err(failed),
        (Err(failed), after) => {
            let also = after.err().map(Problems::into_list).unwrap_or_default();
            return Err(failed.into_iter().chain(also).collect::<Vec<_>>().into());
        }
    };
    context.warn_of(after.warnings)?;
    let secrets = impact::asked(&before.secrets, &after.secrets);
    let (before, shown) = (shown(before.objects), shown(after.objects));
    let changes = diff(before, shown.clone());
    Ok(Comparison { base: Some(name.to_owned()), secrets, waivers: after.waivers, ..Comparison::of_masked(changes, &shown) })
}

fn shown(review: Vec<ReviewedObject>) -> Vec<Reviewed> {
    review
        .into_iter()
        .map(|ReviewedObject { identity, base, text }| Reviewed { identity: Identity { name: base, ..identity }, text })
        .collect()
}

/// The problems of another revision than the one at hand, which is called `name`.
pub fn of_revision(problems: Problems, name: &str) -> Problems {
    problems.into_list().into_iter().map(|problem| within(problem, name)).collect::<Vec<_>>().into()
}

fn within(problem: Problem, name: &str) -> Problem {
    let there = |place: Place| Place { file: format!("{name}/{}", place.file).into(), ..place };
    match problem.place {
        Some(place) => Problem { place: Some(there(place)), also: problem.also.into_iter().map(there).collect(), ..problem },
        None => Problem { reason: format!("in {name}: {}", problem.reason), ..problem },
    }
}
