//! What was prepared, held to the rules of `policy:`, before any vault or key is asked.

use std::collections::BTreeSet;
use std::collections::HashSet;

use serde_json::json;

use crate::blank::BlankText;
use crate::manifest::Object;
use crate::policy::Condition;
use crate::policy::Demand;
use crate::policy::Rule;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::quote;
use crate::render::EvaluationRequest;
use crate::render::EvaluationSubject;
use crate::render::Finding;
use crate::stage::policy;
use crate::stage::policy::Judgement;
use crate::stage::policy::Violation;
use crate::stage::policy::shown;
use crate::workflow::context::Context;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;
use crate::workflow::prepare::trace;
use crate::workflow::source::budget;

/// Holds every object to `rules`. What is only worth a look, and which objects are exempted, joins what `prepared` has of these.
///
/// # Errors
/// Every object that does not keep to a rule of severity `error`, each at its place, and every expression that has no answer.
pub fn judge(context: &Context<'_>, prepared: &mut Prepared, rules: &[Rule]) -> Result<(), Problems> {
    let mut judgement = policy::judge(prepared.parsed.objects(), prepared.parsed.blanks(), rules);
    evaluate(context, prepared, rules, &mut judgement);
    let Judgement { mut problems, mut warnings, mut waivers } = judgement;
    // A rule that a project and another revision of it have in common finds the same twice.
    for found in [&mut problems, &mut warnings] {
        let mut known = HashSet::new();
        found.retain(|problem| known.insert((problem.place.clone(), problem.reason.clone())));
    }
    prepared.warnings.extend(locate_all(context, warnings));
    trace(context, waivers.iter_mut().map(|waiver| &mut waiver.place).collect());
    prepared.waivers.append(&mut waivers);
    Problems::or((), problems).map_err(|failed| locate(context, failed))
}

/// Evaluates the expressions of `rules`, in a process that has no secret.
fn evaluate(context: &Context<'_>, prepared: &Prepared, rules: &[Rule], judgement: &mut Judgement) {
    let condition = |rule: &Rule| match &rule.demand {
        Demand::Condition(condition) => Some(condition.clone()),
        _ => None,
    };
    let asked: Vec<(&Rule, Condition)> = rules.iter().filter_map(|rule| Some((rule, condition(rule)?))).collect();
    if asked.is_empty() {
        return;
    }
    let (mut objects, mut subjects) = (Vec::new(), Vec::new());
    for object in prepared.parsed.objects() {
        let is_meant = |(_, (_, condition)): &(usize, &(&Rule, Condition))| condition.is_about(&object.identity.kind);
        let expressions: Vec<usize> = asked.iter().enumerate().filter(is_meant).map(|(number, _)| number).collect();
        if !expressions.is_empty() {
            subjects.push(EvaluationSubject { json: shown(object, prepared.parsed.blanks()), expressions });
            objects.push(object);
        }
    }
    let variables = json!({ "project": context.settings.project, "environment": context.settings.environment });
    let request = EvaluationRequest {
        expressions: asked.iter().map(|(_, condition)| condition.expression.clone()).collect(),
        variables: variables.as_object().cloned().unwrap_or_default(),
        subjects,
        budget: budget(context),
    };
    match context.engine.evaluate(&request) {
        Ok(findings) => note(findings, &asked, &objects, judgement),
        Err(problem) => judgement.problems.push(problem),
    }
}

fn note(findings: Vec<Finding>, asked: &[(&Rule, Condition)], objects: &[&Object<BlankText>], judgement: &mut Judgement) {
    let mut told = BTreeSet::new();
    for Finding { expression, subject, flaw } in findings {
        let Some((rule, condition)) = asked.get(expression) else { continue };
        let object = subject.and_then(|subject| objects.get(subject)).filter(|_| flaw.as_ref().is_none_or(|flaw| !flaw.always));
        match (object, flaw) {
            (Some(object), flaw) => {
                let (reason, next) = match flaw {
                    Some(flaw) => (format!("the expression {}", flaw.reason), flaw.next),
                    None => (condition.words(), "change the object".to_owned()),
                };
                judgement.add(rule, object, Violation { place: object.place(object.root.mark), reason, next });
            }
            // The same for every object.
            (None, Some(flaw)) if told.insert(expression) => {
                let problem =
                    Problem::new(Fault::Project, format!("the expression of the rule {} {}", quote(&rule.name), flaw.reason), flaw.next);
                judgement.problems.push(problem.at(rule.place.clone()));
            }
            (None, _) => {}
        }
    }
}
