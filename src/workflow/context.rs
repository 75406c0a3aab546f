//! What every workflow works with.

use std::collections::BTreeSet;

use crate::clock::Clock;
use crate::clock::Entropy;
use crate::event::Event;
use crate::event::Observer;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Root;
use crate::project::Settings;
use crate::project::VaultSettings;
use crate::render::Engine;
use crate::service::ServiceError;
use crate::vault::NameRule;

/// A project, what applies to this run, and the ports to the outside.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project's root.
    pub root: &'a Root,
    /// What applies to this run.
    pub settings: &'a Settings,
    /// Which names the secrets of a vault can have; `None` for a kind that this build leaves out.
    pub name_rule: fn(&VaultSettings) -> Result<Option<NameRule>, ServiceError>,
    /// The template engine.
    pub engine: &'a dyn Engine,
    /// Takes what happens.
    pub observer: &'a dyn Observer,
    /// For expiries and the times in records.
    pub clock: &'a dyn Clock,
    /// For names that nobody else has, and salts.
    pub entropy: &'a dyn Entropy,
    /// Who acts.
    pub actor: &'a str,
    /// The revision of the source, if it has one.
    pub revision: Option<&'a str>,
    /// The values files whose keys that nothing reads were told in this run already.
    pub told: &'a BTreeSet<String>,
    /// Whether warnings of templates, values and secrets are failures.
    pub strict: bool,
}

impl Context<'_> {
    /// Reports an event.
    pub(crate) fn observe(&self, event: Event) {
        self.observer.observe(event);
    }

    /// Reports what to look at, though it stops nothing.
    pub(crate) fn warn(&self, warning: Problem) {
        self.observe(Event::Warned(warning));
    }

    /// Reports warnings, unless the run is strict and there are any.
    pub(crate) fn warn_of(&self, warnings: Vec<Problem>) -> Result<(), Problems> {
        self.refuse(&warnings)?;
        for warning in warnings {
            self.warn(warning);
        }
        Ok(())
    }

    /// Refuses warnings where the run is strict: each is a failed check then.
    pub(crate) fn refuse(&self, warnings: &[Problem]) -> Result<(), Problems> {
        let refused = warnings.iter().filter(|_| self.strict);
        Problems::or((), refused.map(|warning| Problem { fault: Fault::Check, ..warning.clone() }).collect())
    }
}
