//! Probing: whether every blank could be filled, without a value where the vault has a way.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;

use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::clock::Clock;
use crate::place::Place;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::service::ServiceError;
use crate::stage::ask;
use crate::stage::ask::Answer;
use crate::stage::ask::Answers;
use crate::stage::ask::Term;
use crate::stage::ask::Use;
use crate::stage::ask::looks_of;
use crate::vault::SecretMetadata;
use crate::vault::Vault;

/// What the vaults know of the blanks.
#[derive(Debug, Default)]
pub struct Probe {
    /// What would be answered, vault by vault.
    pub found: Vec<Probed>,
    /// Why a blank could not be filled.
    pub problems: Vec<Problem>,
    /// What is worth a look.
    pub warnings: Vec<Problem>,
}

impl Probe {
    /// How many secrets are there, whatever the field, and of how many the value had to be read to know it.
    pub fn counts(&self) -> (usize, usize) {
        let secret = |probed: &'_ Probed| (probed.ask.vault.clone(), probed.ask.name.clone(), probed.ask.version.clone());
        let all: BTreeSet<_> = self.found.iter().map(secret).collect();
        let read: BTreeSet<_> = self.found.iter().filter(|probed| probed.found.read).map(secret).collect();
        (all.len(), read.len())
    }
}

/// A secret that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// What was asked.
    pub ask: SecretRef,
    /// What is known of it.
    pub found: SecretMetadata,
    /// Where the templates ask for it, in order.
    pub places: Vec<Place>,
}

#[async_trait]
impl Answer for SecretMetadata {
    async fn of(vault: &dyn Vault, asks: &[SecretRef]) -> Vec<Result<Self, ServiceError>> {
        vault.probe(asks).await
    }

    fn term(&self) -> Term {
        Term { current: self.current, not_before: self.not_before, expires: self.expires }
    }

    /// What a value is, is not known.
    fn refusals(&self, _ask: &SecretRef, _used: Use) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// Probes every blank, each ask once, all vaults at the same time. What is wrong with one is reported at each blank that asks for it, as a
/// fetch would tell it.
pub async fn probe(blanks: &Blanks, vaults: &BTreeMap<String, Arc<dyn Vault>>, clock: &dyn Clock) -> Probe {
    let now = clock.now();
    let (answers, problems): (Answers<SecretMetadata>, _) = ask::ask(blanks, |_| true, |_| true, vaults, now).await;
    let mut probe = Probe { problems, ..Probe::default() };
    for (ask, asked) in answers.into_list() {
        let Some(found) = asked.answer else { continue };
        let places: Vec<Place> = asked.blanks.iter().map(|id| blanks.get(*id).place.clone()).collect();
        for (reason, next) in looks_of(&ask, found.term(), now) {
            probe
                .warnings
                .extend(places.first().map(|place| Problem::new(Fault::Vault, format!("{ask} {reason}"), next).at(place.clone())));
        }
        probe.found.push(Probed { ask, found, places });
    }
    probe
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::probe;
    use crate::blank::Allow;
    use crate::blank::Blank;
    use crate::blank::Blanks;
    use crate::blank::SecretRef;
    use crate::blank::Source;
    use crate::clock::Timestamp;
    use crate::place::Place;
    use crate::secret::Secret;
    use crate::vault::Vault;
    use crate::vault::memory::MemoryVault;

    fn blanks(list: &[(&str, &str, Allow)]) -> Blanks {
        let mut blanks = Blanks::default();
        for (line, (vault, name, allow)) in (1..).zip(list) {
            let ask = SecretRef { vault: (*vault).to_owned(), name: (*name).to_owned(), key: None, version: None };
            blanks.add(Blank { place: Place::new("a.yaml", line, 1), source: Source::Vault { ask, allow: *allow } });
        }
        blanks
    }

    #[tokio::test]
    async fn each_ask_is_probed_once_and_has_one_problem_with_its_places() {
        let memory = Arc::new(MemoryVault::default());
        for name in ["good", "old", "young", "near"] {
            memory.set(name, Secret::copy_of(b"v"));
        }
        memory.limit("old", None, Some(Timestamp(1_000)));
        memory.limit("young", Some(Timestamp(3_000_000)), None);
        memory.limit("near", None, Some(Timestamp(1_000_100)));
        let vaults: BTreeMap<String, Arc<dyn Vault>> = [("m".to_owned(), memory as Arc<dyn Vault>)].into();
        let (strict, lenient) = (Allow::default(), Allow { expired: true, empty: false });
        let blanks = blanks(&[
            ("m", "good", strict),
            ("m", "good", strict),
            ("m", "old", strict),
            ("m", "old", lenient),
            ("m", "young", strict),
            ("m", "near", strict),
            ("m", "none", strict),
            ("m", "none", strict),
            ("m", "../x", strict),
            ("n", "x", strict),
        ]);
        let probe = probe(&blanks, &vaults, &Timestamp(1_000_000)).await;
        let reported =
            |list: &[crate::problem::Problem]| list.iter().map(|problem| format!("{problem}; {}", problem.next)).collect::<Vec<_>>();
        let mut problems = reported(&probe.problems);
        problems.sort();
        assert_eq!(
            problems,
            [
                "a.yaml:10:1: the environment has no vault `n`; write `m` if that is meant, or add the vault under `vaults:`",
                "a.yaml:3:1: m/old expired at 1970-01-01T00:16:40Z; renew it in the vault, or write `allow=\"expired\"` at the blank",
                "a.yaml:5:1: m/young is not valid before 1970-02-04T17:20:00Z; wait, pin the version before it, or change its start in the vault",
                "a.yaml:7:1: m/none of vault in memory: there is no secret `none`; mend the test's vault",
                "a.yaml:9:1: m/../x cannot be asked of vault in memory: `../x` contains `..`, or `.` as a segment; write the secret's name as the vault has it",
            ]
        );
        let missing = probe.problems.iter().find(|problem| problem.reason.starts_with("m/none")).unwrap();
        assert_eq!(missing.also, [Place::new("a.yaml", 8, 1)]);
        assert_eq!(reported(&probe.warnings), ["a.yaml:6:1: m/near expires at 1970-01-12T13:48:20Z; renew it in the vault"]);
        let found: Vec<(&str, usize)> = probe.found.iter().map(|probed| (probed.ask.name.as_str(), probed.places.len())).collect();
        assert_eq!(found, [("good", 2), ("old", 2), ("young", 1), ("near", 1)]);
    }
}
