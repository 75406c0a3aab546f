//! What a project changes against another revision of itself: no key, no vault, no network.

use crate::blank::BlankText;
use crate::manifest::Identity;
use crate::manifest::Object;
use crate::place::Place;
use crate::policy::Rule;
use crate::policy::Source;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::report::WaiverReport;
use crate::stage::diff::Reviewed;
use crate::stage::diff::diff;
use crate::stage::literal::LiteralMask;
use crate::stage::literal::NumberedLiterals;
use crate::stage::policy::exemptions;
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
    let mut rules = context.settings.policy.clone();
    let before = prepare(base).map_err(|failed| of_revision(failed, name).into_list()).and_then(|prepared| {
        rules.extend(imposed(&base.settings.policy, prepared.parsed.objects(), name));
        review_prepared(base, prepared, mask).map_err(|failed| of_revision(failed, name).into_list())
    });
    let after = review_judged(context, &rules, mask);
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
    let rules = changed(&base.settings.policy, &context.settings.policy, name);
    Ok(Comparison { base: Some(name.to_owned()), secrets, waivers: after.waivers, rules, ..Comparison::of_masked(changes, &shown) })
}

/// The rules of the other revision, as no change of the project can loosen them: what is exempt from them was exempt there.
fn imposed(rules: &[Rule], objects: &[Object<BlankText>], name: &str) -> Vec<Rule> {
    let own = rules.iter().filter(|rule| rule.source == Source::Project);
    let impose = |rule: &Rule| {
        let exempted = objects.iter().filter(|object| exemptions(object).any(|exempted| exempted == rule.name));
        let named = exempted.map(|object| format!("{}/{}", object.identity.kind, object.identity.name));
        let exempt = rule.exempt.iter().cloned().chain(named).collect();
        Rule { source: Source::Base, place: there(&rule.place, name), exempt, ..rule.clone() }
    };
    own.map(impose).collect()
}

/// The rules that are gone or otherwise after a change.
fn changed(before: &[Rule], after: &[Rule], name: &str) -> Vec<WaiverReport> {
    let own = before.iter().filter(|rule| rule.source == Source::Project);
    let report = |rule: &Rule| match after.iter().find(|after| after.source == Source::Project && after.name == rule.name) {
        None => Some(WaiverReport::of_rule("removed", &rule.name, &there(&rule.place, name))),
        Some(after) if !after.is_same(rule) => Some(WaiverReport::of_rule("changed", &rule.name, &after.place)),
        Some(_) => None,
    };
    own.filter_map(report).collect()
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
    match problem.place {
        Some(place) => {
            let also = problem.also.into_iter().map(|place| there(&place, name)).collect();
            Problem { place: Some(there(&place, name)), also, ..problem }
        }
        None => Problem { reason: format!("in {name}: {}", problem.reason), ..problem },
    }
}

/// A place of another revision, which is called `name`.
fn there(place: &Place, name: &str) -> Place {
    Place { file: format!("{name}/{}", place.file).into(), ..place.clone() }
}
