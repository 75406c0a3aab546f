//! The call plan: what asking the vaults will cost, reported before the first call.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crate::blank::Blanks;
use crate::event::Event;
use crate::event::Observer;
use crate::stage::ask::asks;
use crate::vault::Vault;

/// How long a call is taken to last.
pub const USUAL_CALL: Duration = Duration::from_millis(100);

/// Tells of each vault what asking it for the blanks' secrets will cost.
pub(crate) fn announce(observer: &dyn Observer, blanks: &Blanks, vaults: &BTreeMap<String, Arc<dyn Vault>>) {
    for (name, asks) in asks(blanks) {
        let Some(vault) = vaults.get(&name) else { continue };
        let plan = vault.plan(&asks);
        observer.observe(Event::Planned {
            vault: name,
            secrets: plan.secrets,
            calls: plan.ahead + plan.calls,
            parallel: plan.parallel.min(plan.calls),
            time: plan.time(USUAL_CALL),
        });
    }
}
