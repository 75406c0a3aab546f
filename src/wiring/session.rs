//! A project, opened for one command. Keys, history and vaults are opened when they are first needed.

mod alone;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(feature = "cluster")]
mod destroy;
mod inventory;
mod keys;
#[cfg(not(feature = "cluster"))]
mod no_cluster;
mod past;
mod plan;
mod prune;
mod release;
mod review;
mod secrets;
#[cfg(feature = "cluster")]
mod status;
mod store;

pub use inventory::SecretsRequest;
pub use prune::PruneRequest;
pub use release::DeployResult;
pub use release::RollbackRequest;

use std::cell::OnceCell;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::iter;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::timeout;

use crate::event::Event;
use crate::event::Observer;
use crate::event::WarningCount;
use crate::history::HistoryStore;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Flags;
use crate::project::KeySettings;
use crate::project::Lock;
use crate::project::PROJECT_FILE;
use crate::project::Project;
use crate::project::Root;
use crate::project::Settings;
use crate::render::ProcessEngine;
use crate::service::ServiceError;
use crate::stage::literal::literals;
use crate::vault::Adapter;
use crate::vault::Vault;
use crate::vault::announced::Announced;
use crate::wiring::IfMissing;
use crate::wiring::Ports;
use crate::wiring::Wiring;
use crate::wiring::environment_keys::Created;
use crate::wiring::environment_keys::EnvironmentKeys;
use crate::wiring::policy::impose;
use crate::wiring::vaults::Examined;
use crate::wiring::vaults::Opened;
use crate::wiring::vaults::name_rule;
use crate::workflow::access::HistoryAccess;
use crate::workflow::context::Context;
use crate::workflow::lock;
use crate::workflow::policy::judge;
use crate::workflow::prepare::Prepared;
use crate::workflow::prepare::prepare;

/// Vaults by name.
type Vaults = BTreeMap<String, Arc<dyn Vault>>;

/// A project with what applies to this run.
#[derive(Debug)]
pub struct Session<'p> {
    ports: Ports<'p>,
    base: PathBuf,
    root: Root,
    settings: Settings,
    engine: ProcessEngine,
    observer: WarningCount<'p>,
    strict: bool,
    told: BTreeSet<String>,
    /// Where the head of a history is remembered that no project on disk names.
    pin: Option<PathBuf>,
    store: OnceCell<Box<dyn HistoryStore>>,
    keys: tokio::sync::OnceCell<EnvironmentKeys>,
    opened: RefCell<Vec<Opened>>,
}

impl<'p> Session<'p> {
    /// The nearest directory from `start` upwards with a project file, by way of `start`; `start` itself where there is none.
    pub fn find(start: &Path) -> PathBuf {
        let real = start.canonicalize().unwrap_or_default();
        let Some(above) = real.ancestors().position(|folder| fs::symlink_metadata(folder.join(PROJECT_FILE)).is_ok()) else {
            return start.to_owned();
        };
        let way = if above > 0 && start == Path::new(".") { Path::new("") } else { start };
        iter::repeat_n("..", above).fold(way.to_owned(), |path, up| path.join(up))
    }

    /// The name of the project in `directory`, and its environments in the order of the project file.
    pub fn environments(directory: &Path) -> Result<(String, Vec<String>), Problems> {
        let project = Project::load(&Root::open(directory)?)?;
        let names = project.environments.iter().map(|environment| environment.name.value.clone()).collect();
        Ok((project.name.value, names))
    }

    /// Opens the project in `directory` for the environment and with the values that `flags` say.
    pub fn open(directory: &Path, flags: &Flags, ports: Ports<'p>) -> Result<Self, Problems> {
        let root = Root::open(directory)?;
        let mut settings = Settings::resolve(&Project::load(&root)?, flags, ports.variables)?;
        impose(&mut settings, directory, ports.variables)?;
        Ok(Self::with(directory, root, settings, ports))
    }

    fn with(directory: &Path, root: Root, settings: Settings, ports: Ports<'p>) -> Self {
        Self {
            base: directory.to_owned(),
            root,
            settings,
            engine: ProcessEngine::new(ports.renderer.to_owned(), vec!["render-worker".into()], Arc::clone(ports.entropy)),
            observer: WarningCount::new(ports.observer),
            ports,
            strict: false,
            told: BTreeSet::new(),
            pin: None,
            store: OnceCell::new(),
            keys: tokio::sync::OnceCell::new(),
            opened: RefCell::default(),
        }
    }

    /// The same where warnings of templates, values and secrets are failures.
    #[must_use]
    pub fn strict(self, strict: bool) -> Self {
        Self { strict, ..self }
    }

    /// The same where the keys of these values files that nothing reads were told before.
    #[must_use]
    pub fn after(self, told: &BTreeSet<String>) -> Self {
        Self { told: told.clone(), ..self }
    }

    /// What applies to this run.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn warn(&self, warning: Problem) {
        self.observer.observe(Event::Warned(warning));
    }

    fn context(&self) -> Context<'_> {
        Context {
            root: &self.root,
            settings: &self.settings,
            name_rule,
            engine: &self.engine,
            observer: &self.observer,
            clock: self.ports.clock.as_ref(),
            entropy: self.ports.entropy.as_ref(),
            actor: self.ports.actor,
            revision: self.ports.revision.as_deref(),
            told: &self.told,
            strict: self.strict,
        }
    }

    fn wiring(&self) -> Wiring<'_> {
        let Self { root, base, settings, ports, pin, .. } = self;
        Wiring { root, base, settings, ports, pin: pin.as_deref(), passphrase: None }
    }

    /// The store of the environment's history.
    fn store(&self) -> Result<&dyn HistoryStore, Problem> {
        if let Some(store) = self.store.get() {
            return Ok(store.as_ref());
        }
        let store = self.wiring().store()?;
        Ok(self.store.get_or_init(|| store).as_ref())
    }

    /// The environment's keys. Asks for a passphrase where one is among their recipients, and warns of key files that others may have.
    async fn keys(&self, missing: IfMissing) -> Result<&EnvironmentKeys, Problems> {
        let open = async || {
            let (wiring, store) = (self.wiring(), self.store()?);
            for warning in wiring.key_warnings() {
                self.warn(warning);
            }
            let has_passphrase = self.settings.keys.contains(&KeySettings::Passphrase);
            let is_new = has_passphrase && missing == IfMissing::Create && wiring.is_without_keys(store).await?;
            let prompted = self.prompted(is_new)?;
            let passphrase = prompted.as_ref().map(|prompted| &prompted.text);
            let opened = Wiring { passphrase, ..wiring }.keys(store, missing).await;
            drop(prompted);
            let opened = opened.inspect(|opened| opened.created.iter().for_each(|created| self.report_created(created)))?;
            // What opens by a public key, anybody could have put there.
            let is_recorded = opened.created.is_none() && !self.root.exists(&self.settings.keyring);
            if self.pin.is_some() || (is_recorded && !opened.opener.is_shared_secret()) {
                self.believe(&opened).await?;
            }
            Ok(opened)
        };
        self.keys.get_or_try_init(open).await
    }

    fn report_created(&self, created: &Created) {
        for path in &created.key_files {
            self.observer.observe(Event::KeyFileCreated { path: path.clone() });
        }
        let local = self.settings.vaults.iter().filter(|vault| vault.is_local()).map(|vault| vault.text("path").to_owned());
        let beside = local.chain([self.settings.lock.clone()]).collect();
        self.observer.observe(Event::KeyringCreated { path: created.keyring.clone(), beside });
    }

    fn access<'s>(&'s self, keys: &'s EnvironmentKeys) -> Result<HistoryAccess<'s>, Problem> {
        let checkpoint = self.wiring().checkpoint()?;
        Ok(HistoryAccess { store: self.store()?, keys: &keys.keys, keyring: keys.keyring.as_bytes(), checkpoint })
    }

    async fn keys_for(&self, names: &BTreeSet<String>) -> Option<Result<&EnvironmentKeys, Problems>> {
        if self.wiring().needs_keys(names) { Some(self.keys(IfMissing::Fail).await) } else { None }
    }

    /// The vaults of these names. A key is needed only where one of them is a file.
    async fn vaults(&self, names: &BTreeSet<String>) -> Result<Vaults, Problems> {
        let keys = self.keys_for(names).await;
        let adapters = self.wiring().vaults(names, keys.as_ref())?;
        let vaults = adapters.iter().map(|(name, adapter)| (name.clone(), self.heard(adapter))).collect();
        self.opened.borrow_mut().extend(adapters);
        Ok(vaults)
    }

    /// The vault, each of whose values is heard first where somebody listens.
    fn heard(&self, adapter: &Arc<dyn Adapter>) -> Arc<dyn Vault> {
        let vault = Arc::clone(adapter) as Arc<dyn Vault>;
        match &self.ports.listener {
            Some(listener) => Arc::new(Announced::new(vault, Arc::clone(listener))),
            None => vault,
        }
    }

    /// The vaults that can be examined, in the project's order, or the one of that name: each by its name, or what is wrong with how it is
    /// set up.
    async fn examined(&self, name: Option<&str>) -> Result<Vec<Examined>, Problems> {
        Ok(self.examined_all(&self.wiring().wanted(name)?).await)
    }

    /// The same of the vaults of these names.
    async fn examined_all(&self, wanted: &BTreeSet<String>) -> Vec<Examined> {
        let keys = self.keys_for(wanted).await;
        let vaults = self.wiring().examined(wanted, keys.as_ref());
        let good = vaults.iter().filter_map(|(name, vault)| Some((name.clone(), Arc::clone(vault.as_ref().ok()?))));
        self.opened.borrow_mut().extend(good);
        vaults
    }

    /// Runs `work`, then ends what the vaults keep open, whatever came of it. What fails at that is only warned about.
    async fn closing<T>(&self, work: impl Future<Output = Result<T, Problems>>) -> Result<T, Problems> {
        let result = work.await;
        let opened = self.opened.take();
        let close = async |(name, vault): &Opened| not_closed(name, timeout(PATIENCE, vault.close()).await.ok());
        for warning in join_all(opened.iter().map(close)).await.into_iter().flatten() {
            self.warn(warning);
        }
        result
    }

    /// The project's lock file, where `locked` asks for it.
    fn lock_file(&self, locked: bool) -> Result<Option<Lock>, Problems> {
        if locked { lock::load(&self.context()).map(Some) } else { Ok(None) }
    }

    /// The project's objects, rendered, checked, and held to the policy.
    fn judged(&self) -> Result<Prepared, Problems> {
        let mut prepared = self.prepare()?;
        judge(&self.context(), &mut prepared, &self.settings.policy)?;
        Ok(prepared)
    }

    /// The project's objects, rendered and checked.
    fn prepare(&self) -> Result<Prepared, Problems> {
        let prepared = prepare(&self.context())?;
        if let Some(listener) = &self.ports.listener {
            for value in literals(prepared.parsed.objects()) {
                listener.hear(&value);
            }
        }
        Ok(prepared)
    }
}

/// How long a vault may take to end what it keeps open.
const PATIENCE: Duration = Duration::from_millis(800);

/// What to say of the end of a vault's use; `None` is one that took too long.
fn not_closed(name: &str, end: Option<Result<(), ServiceError>>) -> Option<Problem> {
    let (reason, next) = match end {
        Some(Ok(())) => return None,
        Some(Err(error)) => (error.reason, error.next),
        None => ("it did not answer in time".to_owned(), "nothing needs to be done: its session expires by itself".to_owned()),
    };
    Some(Problem::new(Fault::Vault, format!("vault `{name}` was not closed: {reason}"), next))
}

#[cfg(test)]
mod tests {
    use super::PATIENCE;
    use super::not_closed;
    use crate::service::ServiceError;
    use crate::service::ServiceFault;

    #[test]
    fn a_close_that_fails_is_a_warning() {
        let said = |end| not_closed("shared", end).map(|problem| format!("{problem}; {}", problem.next));
        assert_eq!(said(Some(Ok(()))), None);
        let error = ServiceError { fault: ServiceFault::Unavailable, reason: "it is sealed".to_owned(), next: "unseal it".to_owned() };
        assert_eq!(said(Some(Err(error))).unwrap(), "vault `shared` was not closed: it is sealed; unseal it");
        assert_eq!(
            said(None).unwrap(),
            "vault `shared` was not closed: it did not answer in time; nothing needs to be done: its session expires by itself"
        );
    }

    #[test]
    fn a_deadline_and_the_close_after_it_end_within_a_second() {
        assert!(PATIENCE.as_millis() < 1_000);
    }
}
