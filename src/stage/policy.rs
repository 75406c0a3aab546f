//! The project's policy: which objects do not keep to its rules. Needs no vault.

mod containers;
mod secrets;

use std::collections::HashMap;
use std::sync::Arc;

use crate::blank::BlankText;
use crate::blank::Blanks;
use crate::manifest::Identity;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::place::Place;
use crate::policy::Demand;
use crate::policy::Rule;
use crate::policy::Severity;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::stage::taint;
use crate::stage::taint::Waiver;

/// The annotation of an object that exempts it from rules: their names, separated by commas.
pub const EXEMPT: &str = "cloze.dev/exempt";

/// What came of a policy.
#[derive(Debug, Default)]
pub struct Judgement {
    /// Where a rule of severity `error` is not kept to.
    pub problems: Vec<Problem>,
    /// Where one of severity `warning` is not.
    pub warnings: Vec<Problem>,
    /// The objects that do not keep to a rule and are exempted from it.
    pub waivers: Vec<Waiver>,
}

/// Something in an object that a rule forbids.
#[derive(Debug)]
pub struct Violation {
    /// Where.
    pub place: Place,
    /// What is wrong, without the object and the rule's name.
    pub reason: String,
    /// What to do about it.
    pub next: String,
}

/// Holds every object to every rule.
pub fn judge(objects: &[Object<BlankText>], blanks: &Blanks, rules: &[Rule]) -> Judgement {
    let mut judgement = Judgement::default();
    for rule in rules {
        if rule.demand == Demand::NoReveal {
            judgement.reveals(objects, blanks, rule);
            continue;
        }
        for object in objects {
            let violations = match &rule.demand {
                Demand::NoLiteralInSecret => secrets::literals(object),
                Demand::RestrictSecrets { vaults, prefixes } => secrets::others(object, blanks, vaults, prefixes),
                Demand::DisallowLatestTag => containers::images(object),
                Demand::RequireRequestsLimits(amounts) => containers::amounts(object, amounts),
                Demand::NoReveal => Vec::new(),
            };
            for violation in violations {
                judgement.add(rule, object, violation);
            }
        }
    }
    judgement
}

impl Judgement {
    /// Notes what an object has that `rule` forbids.
    pub fn add(&mut self, rule: &Rule, object: &Object<BlankText>, violation: Violation) {
        let identity = &object.identity;
        if is_exempt(rule, object) {
            let place = object.place(object.root.mark);
            let (object, field) = (identity.clone(), String::new());
            self.waivers.push(Waiver { rule: taint::Rule::Policy, object, field, mask: rule.name.clone(), place });
            self.waivers.dedup();
            return;
        }
        let Violation { place, reason, next } = violation;
        let out = if rule.imposed {
            "or ask who keeps the policy to exempt the object".to_owned()
        } else {
            format!("or exempt the object with the annotation `{EXEMPT}: {}`", rule.name)
        };
        let problem = Problem::new(Fault::Check, format!("{identity}: {reason} (rule `{}`)", rule.name), format!("{next}, {out}"));
        let list = if rule.severity == Severity::Error { &mut self.problems } else { &mut self.warnings };
        list.push(Problem { rule: Some(Arc::new(rule.name.clone())), ..problem }.at(place));
    }

    fn reveals(&mut self, objects: &[Object<BlankText>], blanks: &Blanks, rule: &Rule) {
        let Ok(waivers) = taint::check(objects, blanks) else { return };
        let objects: HashMap<&Identity, &Object<BlankText>> = objects.iter().map(|object| (&object.identity, object)).collect();
        for waiver in waivers.into_iter().filter(|waiver| waiver.rule == taint::Rule::Taint) {
            let Some(object) = objects.get(&waiver.object) else { continue };
            let reason = format!("`{}` reveals {}", waiver.field, waiver.mask);
            let next = "put the value into a Secret and refer to it".to_owned();
            self.add(rule, object, Violation { place: waiver.place, reason, next });
        }
    }
}

/// Whether an object need not keep to a rule.
fn is_exempt(rule: &Rule, object: &Object<BlankText>) -> bool {
    let listed = rule.exempt.iter().any(|named| object.identity.is_called(named));
    listed || (!rule.imposed && exemptions(object).any(|name| name == rule.name))
}

/// The rules from which an object's annotation exempts it.
pub fn exemptions<B>(object: &Object<B>) -> impl Iterator<Item = &str> {
    let said = object.root.at(&["metadata", "annotations", EXEMPT]).and_then(Node::as_text).unwrap_or_default();
    said.split(',').map(str::trim).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests;
