//! The rules that apply to an environment.

use crate::policy::Rule;
use crate::project::document::Environment;
use crate::project::document::Project;
use crate::project::origin::Choice;
use crate::project::origin::Origin;
use crate::project::resolver::Resolver;

/// The project's rules and those of the environment, which take the place of those of the same name.
pub(in crate::project) fn policy(resolver: &mut Resolver<'_>, project: &Project, environment: &Environment) -> Vec<Rule> {
    let shared = |rule: &&Rule| environment.policy.iter().all(|own| own.name != rule.name);
    let rules: Vec<Rule> = project.policy.iter().filter(shared).chain(&environment.policy).cloned().collect();
    for rule in &rules {
        let said = |rules: &[Rule]| {
            let said = rules.iter().find(|said| said.name == rule.name)?;
            Some((said.severity, Origin::File(said.place.clone())))
        };
        let choice = Choice::of([said(&environment.policy), said(&project.policy)]);
        resolver.note(format!("policy.{}", rule.name), &choice, |severity| severity.word().to_owned());
    }
    rules
}
