//! Locking: every blank's version is resolved and written down, and a later run is held to it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::blank::Blanks;
use crate::blank::SecretRef;
use crate::blank::Source;
use crate::event::Event;
use crate::file;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Lock;
use crate::project::LockedSecret;
use crate::project::Spanned;
use crate::stage::ask::asks;
use crate::stage::probe::Probed;
use crate::stage::probe::probe;
use crate::vault::Vault;
use crate::vault::pinned::Pin;
use crate::vault::pinned::Pinned;
use crate::workflow::calls::announce;
use crate::workflow::context::Context;
use crate::workflow::prepare::locate;
use crate::workflow::prepare::locate_all;

/// The vaults as a run may ask them.
#[derive(Debug)]
pub(crate) struct LockedVaults {
    /// The vaults by name; where there is a lock, each gives what is locked.
    pub(crate) vaults: BTreeMap<String, Arc<dyn Vault>>,
    /// The entries that no blank asks for.
    pub(crate) warnings: Vec<Problem>,
}

impl LockedVaults {
    /// The vaults, held to a lock where there is one. A blank without an entry is a problem.
    pub(crate) fn of(lock: Option<&Lock>, blanks: &Blanks, vaults: &BTreeMap<String, Arc<dyn Vault>>) -> Result<Self, Problems> {
        let Some(lock) = lock else { return Ok(Self { vaults: vaults.clone(), warnings: Vec::new() }) };
        let mut problems = Vec::new();
        for (_, blank) in blanks.iter() {
            if let Source::Vault { ask, .. } = &blank.source
                && !lock.secrets.contains_key(&secret_of(ask))
            {
                let reason = format!("the lock file of environment `{}` has no version of {}", lock.environment.value, secret_of(ask));
                problems.push(Problem::new(Fault::Check, reason, "run `cloze lock`").at(blank.place.clone()));
            }
        }
        let mut pins = BTreeMap::new();
        let mut used = BTreeSet::new();
        for ask in asks(blanks).into_values().flatten() {
            let secret = secret_of(&ask);
            if let Some(version) = lock.secrets.get(&secret) {
                pins.insert(ask, pin(version));
                used.insert(secret);
            }
        }
        let stale = |secret: &LockedSecret, version: &Spanned<String>| {
            let problem = Problem::new(Fault::Check, format!("no template uses {secret}"), "run `cloze lock` to remove it");
            version.at(problem)
        };
        let unused = lock.secrets.iter().filter(|(secret, _)| !used.contains(*secret));
        let warnings = unused.map(|(secret, version)| stale(secret, version)).collect();
        let pins = Arc::new(pins);
        let hold = |vault: &Arc<dyn Vault>| -> Arc<dyn Vault> { Arc::new(Pinned::new(Arc::clone(vault), Arc::clone(&pins))) };
        Problems::or(Self { vaults: vaults.iter().map(|(name, vault)| (name.clone(), hold(vault))).collect(), warnings }, problems)
    }
}

/// The lock of an environment whose run cannot do without.
pub fn load(context: &Context<'_>) -> Result<Lock, Problems> {
    let settings = context.settings;
    Lock::find(context.root, &settings.lock, &settings.environment)?.whole()?.ok_or_else(|| {
        Problem::new(
            Fault::Project,
            format!("environment `{}` has no lock file at `{}`", settings.environment, settings.lock),
            "run `cloze lock`, and keep the file in version control",
        )
        .into()
    })
}

/// Resolves the version of every blank's secret.
pub async fn resolve(context: &Context<'_>, blanks: &Blanks, vaults: &BTreeMap<String, Arc<dyn Vault>>) -> Result<Lock, Problems> {
    announce(context.observer, blanks, vaults);
    let mut probe = probe(blanks, vaults, context.clock).await;
    context.observe(Event::Answered);
    let mut problems = std::mem::take(&mut probe.problems);
    let mut lock = Lock::new(Spanned::none(context.settings.environment.clone()));
    for probed in &probe.found {
        enter(&mut lock, probed, &mut problems);
    }
    let lock = Problems::or(lock, problems).map_err(|failed| locate(context, failed))?;
    let (secrets, read) = probe.counts();
    context.observe(Event::Probed { secrets, read });
    for warning in locate_all(context, probe.warnings) {
        context.warn(warning);
    }
    Ok(lock)
}

/// Writes a lock file, whole or not at all.
pub fn write(context: &Context<'_>, path: &Path, lock: &Lock) -> Result<(), Problem> {
    file::replace(path, lock.to_text().as_bytes(), 0o644, context.entropy).map_err(|error| file::unwritten(path, &error))
}

fn enter(lock: &mut Lock, probed: &Probed, problems: &mut Vec<Problem>) {
    let Probed { ask, found, places } = probed;
    let secret = secret_of(ask);
    let mut refuse = |reason: String, next: &str| {
        let problem = Problem::new(Fault::Vault, reason, next);
        problems.extend(places.iter().map(|place| problem.clone().at(place.clone())));
    };
    if found.version.is_empty() {
        refuse(
            format!("{ask} cannot be locked: its vault has no versions"),
            "keep it in a vault that has versions, or deploy without `--locked`",
        );
        return;
    }
    match lock.secrets.get(&secret) {
        Some(other) if other.value != found.version => {
            refuse(
                format!("{secret} changed during the run: version {} came before version {}", other.value, found.version),
                "run `cloze lock` again",
            );
        }
        _ => {
            lock.secrets.insert(secret, Spanned::none(found.version.clone()));
        }
    }
}

fn pin(version: &Spanned<String>) -> Pin {
    Pin {
        version: version.value.clone(),
        source: version.place.as_ref().map_or_else(|| "the lock file".to_owned(), ToString::to_string),
        otherwise: "run `cloze lock` for the versions that are there",
    }
}

fn secret_of(ask: &SecretRef) -> LockedSecret {
    LockedSecret { vault: ask.vault.clone(), name: ask.name.clone(), asked: ask.version.clone() }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use super::LockedVaults;
    use super::enter;
    use crate::blank::Allow;
    use crate::blank::Blank;
    use crate::blank::Blanks;
    use crate::blank::SecretRef;
    use crate::blank::Source;
    use crate::place::Place;
    use crate::problem::Problem;
    use crate::project::Lock;
    use crate::project::Spanned;
    use crate::secret::Secret;
    use crate::stage::probe::Probed;
    use crate::vault::SecretMetadata;
    use crate::vault::Vault;
    use crate::vault::memory::MemoryVault;

    fn ask(name: &str, key: Option<&str>) -> SecretRef {
        SecretRef { vault: "v".to_owned(), name: name.to_owned(), key: key.map(str::to_owned), version: None }
    }

    fn probed(name: &str, key: Option<&str>, version: &str) -> Probed {
        let found =
            SecretMetadata { version: version.to_owned(), current: None, not_before: None, expires: None, created: None, read: false };
        Probed { ask: ask(name, key), found, places: vec![Place::new("a.yaml", 1, 2), Place::new("b.yaml", 3, 4)] }
    }

    fn reported(problems: &[Problem]) -> Vec<String> {
        problems.iter().map(|problem| format!("{problem}; {}", problem.next)).collect()
    }

    #[test]
    fn what_has_no_version_or_changes_meanwhile_cannot_be_locked() {
        let mut lock = Lock::new(Spanned::none("dev".to_owned()));
        let mut problems = Vec::new();
        for probed in [probed("a", Some("x"), "1"), probed("a", Some("y"), "1"), probed("b", None, "")] {
            enter(&mut lock, &probed, &mut problems);
        }
        assert_eq!(lock.secrets.len(), 1);
        let next = "keep it in a vault that has versions, or deploy without `--locked`";
        assert_eq!(
            reported(&problems),
            [
                format!("a.yaml:1:2: v/b cannot be locked: its vault has no versions; {next}"),
                format!("b.yaml:3:4: v/b cannot be locked: its vault has no versions; {next}"),
            ]
        );
        problems.clear();
        enter(&mut lock, &probed("a", Some("z"), "2"), &mut problems);
        assert_eq!(
            reported(&problems)[0],
            "a.yaml:1:2: v/a changed during the run: version 1 came before version 2; run `cloze lock` again"
        );
    }

    #[tokio::test]
    async fn a_run_is_held_to_its_lock() {
        let memory = Arc::new(MemoryVault::default());
        memory.set("a", Secret::copy_of(b"one"));
        memory.set("a", Secret::copy_of(b"two"));
        let vaults: BTreeMap<String, Arc<dyn Vault>> = [("v".to_owned(), memory as Arc<dyn Vault>)].into();
        let mut blanks = Blanks::default();
        let source = Source::Vault { ask: ask("a", None), allow: Allow::default() };
        blanks.add(Blank { place: Place::new("a.yaml", 5, 6), source });
        let mut lock = Lock::new(Spanned::none("dev".to_owned()));
        assert_eq!(
            reported(LockedVaults::of(Some(&lock), &blanks, &vaults).unwrap_err().list()),
            ["a.yaml:5:6: the lock file of environment `dev` has no version of v/a; run `cloze lock`"]
        );
        lock.secrets.insert(super::secret_of(&ask("a", None)), Spanned::none("1".to_owned()));
        lock.secrets.insert(super::secret_of(&ask("b", None)), Spanned::new("1".to_owned(), Place::new("locks/dev.lock", 6, 5)));
        let held = LockedVaults::of(Some(&lock), &blanks, &vaults).unwrap();
        assert_eq!(reported(&held.warnings), ["locks/dev.lock:6:5: no template uses v/b; run `cloze lock` to remove it"]);
        let fetched = held.vaults["v"].fetch(&[ask("a", None)]).await.remove(0).unwrap();
        assert_eq!(fetched.value.expose(), b"one");
        let free = LockedVaults::of(None, &blanks, &vaults).unwrap();
        assert_eq!(free.vaults["v"].fetch(&[ask("a", None)]).await.remove(0).unwrap().value.expose(), b"two");
    }
}
