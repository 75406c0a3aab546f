//! What vaults know of secrets without their values.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;

use crate::blank::SecretRef;
use crate::place::Place;
use crate::problem::Problem;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::stage::ask::Failures;
use crate::stage::usage::Usage;
use crate::vault::Adapter;
use crate::vault::SecretMetadata;

/// What was found out.
#[derive(Debug, Default)]
pub struct Descriptions {
    /// What is known of each version that is asked for, and of each current one; no field is named.
    found: BTreeMap<SecretRef, Result<SecretMetadata, ServiceError>>,
    /// What went wrong. That a vault says nothing without a value is not wrong.
    pub problems: Vec<Problem>,
}

impl Descriptions {
    /// What is known of what an ask is answered with; `None` where nobody asked.
    pub fn of(&self, ask: &SecretRef) -> Option<&Result<SecretMetadata, ServiceError>> {
        self.found.get(&whole(ask))
    }

    /// The version that is current, whichever is asked for.
    pub fn current(&self, ask: &SecretRef) -> Option<&str> {
        let found = self.found.get(&SecretRef { version: None, ..whole(ask) })?.as_ref().ok()?;
        Some(found.version.as_str()).filter(|version| !version.is_empty())
    }
}

/// Asks the vaults for what is used, all of them at the same time and each version once. What is asked of another vault has an error, and no problem.
pub async fn describe(usages: &[Usage], vaults: &BTreeMap<String, Arc<dyn Adapter>>) -> Descriptions {
    let of_vault = async |(name, vault): (&String, &Arc<dyn Adapter>)| {
        let used: Vec<&Usage> = usages.iter().filter(|usage| usage.ask.vault == *name).collect();
        let asked = used.iter().flat_map(|usage| [whole(&usage.ask), SecretRef { version: None, ..whole(&usage.ask) }]);
        let asked: Vec<SecretRef> = asked.collect::<BTreeSet<_>>().into_iter().collect();
        let answers = vault.describe(&asked).await;
        let mut failures = Failures::default();
        for (ask, error) in asked.iter().zip(&answers).filter_map(|(ask, answer)| Some((ask, answer.as_ref().err()?))) {
            let places: Vec<Place> =
                used.iter().filter(|usage| whole(&usage.ask) == *ask).flat_map(|usage| usage.places.iter().cloned()).collect();
            if error.fault != ServiceFault::Unsupported && !places.is_empty() {
                failures.add(error.clone(), ask, places);
            }
        }
        let problems = failures.into_problems(vault);
        (asked.into_iter().zip(answers).collect::<Vec<_>>(), problems)
    };
    let mut descriptions = Descriptions::default();
    for usage in usages.iter().filter(|usage| !vaults.contains_key(&usage.ask.vault)) {
        let error = ServiceError::new(ServiceFault::Unavailable, "the vault could not be set up", "see the vault's own problem");
        descriptions.found.insert(whole(&usage.ask), Err(error));
    }
    for (found, problems) in join_all(vaults.iter().map(of_vault)).await {
        descriptions.found.extend(found);
        descriptions.problems.extend(problems);
    }
    descriptions
}

fn whole(ask: &SecretRef) -> SecretRef {
    SecretRef { key: None, ..ask.clone() }
}
