//! Who opens an environment's keyring, and how that changes.

use std::fs;
use std::fs::File;
use std::slice;

use futures::future::join_all;

use crate::event::Event;
use crate::event::Observer;
use crate::file;
use crate::file::LockMode;
use crate::key::KeyWrap;
use crate::key::Keyring;
use crate::key::KeyringDifference;
use crate::key::KeyringError;
use crate::key::Recipient;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::KeySettings;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::report::KeyChangeReport;
use crate::report::KeyEntry;
use crate::report::KeyListReport;
use crate::report::KeyReport;
use crate::report::VaultDiagnosis;
use crate::seal::Keys;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::wiring::IfMissing;
use crate::wiring::PromptedPassphrase;
use crate::wiring::Session;
use crate::wiring::Wiring;
use crate::wiring::environment_keys::EnvironmentKeys;
use crate::wiring::keys::close;
use crate::wiring::session::secrets::broken;
use crate::workflow::access::HistoryAccess;

impl Session<'_> {
    /// Makes the environment's first keys, unless it has some, which are opened.
    pub async fn create_keys(&self) -> Result<KeyReport, Problems> {
        let keys = self.keys(IfMissing::Create).await?;
        let created = keys.created.as_ref();
        // The history may have the only one.
        let path = self.wiring().beneath(&self.settings.keyring)?;
        let restored = created.is_none()
            && file::create(&path, keys.keyring.as_bytes(), 0o644, self.ports.entropy.as_ref())
                .map_err(|error| file::unwritten(&path, &error))?;
        let key_files = created.iter().flat_map(|created| &created.key_files);
        Ok(KeyReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            keyring: self.settings.keyring.clone(),
            created: created.is_some(),
            restored,
            key_files: key_files.map(|path| path.to_string_lossy().into_owned()).collect(),
        })
    }

    /// The recipients that the project names and those that the keyring has. Needs no key, and asks no service.
    pub async fn list_keys(&self) -> Result<KeyListReport, Problems> {
        let passphrase = self.ports.variables.secret(variable::PASSPHRASE);
        let wiring = Wiring { passphrase, ..self.wiring() };
        let (_, comparison) = self.keyring(&wiring).await?;
        let expected =
            wiring.expected().into_iter().zip(&comparison.found).zip(&self.settings.keys).map(|((expected, found), settings)| KeyEntry {
                at_hand: wiring.recipient(settings).is_ok_and(|key| key.can_open()),
                in_keyring: found.is_some(),
                id: expected.id.or_else(|| found.as_ref().map(|found| found.id.clone())),
                kind: expected.kind,
                expected: true,
            });
        let extra = comparison.extra.iter().map(|Recipient { kind, id }| KeyEntry {
            kind: kind.clone(),
            id: Some(id.clone()),
            in_keyring: true,
            expected: false,
            at_hand: false,
        });
        Ok(KeyListReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            keyring: self.settings.keyring.clone(),
            keys: expected.chain(extra).collect(),
        })
    }

    /// Lets the recipients that the project names and the keyring lacks open it. One that has a slot has to be at hand.
    pub async fn add_keys(&self) -> Result<KeyChangeReport, Problems> {
        let _lock = self.lock_keyring()?;
        let (mut keyring, comparison) = self.keyring(&self.wiring()).await?;
        let found = self.settings.keys.iter().zip(&comparison.found);
        let missing: Vec<&KeySettings> = found.filter(|(_, found)| found.is_none()).map(|(settings, _)| settings).collect();
        let mut report = self.change_report();
        if missing.is_empty() {
            return Ok(report);
        }
        // Whoever has a new passphrase types it twice; another key opens the keyring.
        let prompted = self.prompted(missing.contains(&&KeySettings::Passphrase))?;
        let wiring = Wiring { passphrase: prompted.as_ref().map(|prompted| &prompted.text), ..self.wiring() };
        let (keys, _) = wiring.open(&keyring).await?;
        let key_files =
            wiring.make_key_files(missing.iter().filter_map(|settings| wiring.key_path(settings)).collect::<Result<_, _>>()?)?;
        for path in &key_files {
            self.observer.observe(Event::KeyFileCreated { path: path.clone() });
        }
        for settings in missing {
            let recipient = wiring.recipient(settings)?;
            let added = keyring.add(&keys, recipient.as_ref(), self.ports.entropy.as_ref()).await;
            close(&[recipient.as_ref()]).await;
            added.map_err(|error| wiring.not_opened(error))?;
            report.added.push(recipient.recipient().into());
        }
        report.key_files = key_files.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        self.replace_keyring(&keyring, &keys).await?;
        Ok(report)
    }

    /// Takes the slots away that the project names no recipient for.
    pub async fn remove_keys(&self) -> Result<KeyChangeReport, Problems> {
        let _lock = self.lock_keyring()?;
        let (mut keyring, comparison) = self.keyring(&self.wiring()).await?;
        let mut report = self.change_report();
        if comparison.extra.is_empty() {
            return Ok(report);
        }
        if !comparison.unclear.is_empty() {
            let reason = "the keyring has more key files than `keys:` names, and one of those is not at hand: which to remove is not known";
            let next = "run the command where all key files of `keys:` are, or name the file with CLOZE_KEY_FILE";
            return Err(Problem::new(Fault::Vault, reason, next).into());
        }
        let prompted = self.prompted(false)?;
        let wiring = Wiring { passphrase: prompted.as_ref().map(|prompted| &prompted.text), ..self.wiring() };
        let (keys, _) = wiring.open(&keyring).await?;
        for recipient in comparison.extra {
            keyring.remove(&keys, &recipient, self.ports.entropy.as_ref())?;
            report.removed.push(recipient.into());
        }
        self.replace_keyring(&keyring, &keys).await?;
        Ok(report)
    }

    /// Puts a new root key in the place of the present one, wrapped for all recipients, and a new naming key where `names` asks for it. What the
    /// earlier one sealed still opens.
    ///
    /// The project's keyring is replaced in one step, then the history gets a copy, then secrets of local vaults are sealed under the new root
    /// key; until then they open by the earlier one.
    pub async fn rotate_keys(&self, names: bool) -> Result<KeyChangeReport, Problems> {
        let lock = self.lock_keyring()?;
        let (mut keyring, comparison) = self.keyring(&self.wiring()).await?;
        let () = Problems::or((), self.wiring().differences(&comparison))?;
        let prompted = self.prompted(false)?;
        let wiring = Wiring { passphrase: prompted.as_ref().map(|prompted| &prompted.text), ..self.wiring() };
        let (keys, opener) = wiring.open(&keyring).await?;
        // A newer keyring than the project's shows here: the newest release does not open.
        self.history_access(&keyring.to_text(), &keys)?.open(&self.context()).await?.head().await?;
        let (recipients, missing) = wiring.recipients();
        let wraps: Vec<&dyn KeyWrap> = recipients.iter().map(AsRef::as_ref).collect();
        let rotated = keyring.rotate(&keys, &wraps, names, self.ports.entropy.as_ref()).await;
        let rotated = rotated.map_err(|error| Problems::or((), missing).err().unwrap_or_else(|| wiring.not_opened(error).into()))?;
        // Who could wrap and not unwrap would be locked out.
        keyring.open(&wraps.iter().copied().filter(|wrap| wrap.recipient() == opener).collect::<Vec<_>>()).await?;
        close(&wraps).await;
        drop(prompted);
        self.replace_keyring(&keyring, &rotated).await?;
        drop(lock);
        let mut report = KeyChangeReport { rotated: true, names_renewed: names, ..self.change_report() };
        let rotated = rotated.into();
        for settings in self.settings.vaults.iter().filter(|vault| vault.is_local() && self.root.exists(vault.text("path"))) {
            let vault = self.wiring().local_vault(settings.name(), &rotated)?;
            vault.reseal(self.ports.entropy.as_ref())?;
            report.vaults.push(settings.text("path").to_owned());
        }
        Ok(report)
    }

    /// The steps to each service that holds a key of the environment, and whether it opens the keyring.
    pub(super) async fn diagnose_keys(&self) -> Vec<VaultDiagnosis> {
        let keyring = self.keyring(&self.wiring()).await.ok().map(|(keyring, _)| keyring);
        let services = self.settings.keys.iter().filter_map(|settings| match settings {
            KeySettings::Service(service) => Some((settings, service)),
            _ => None,
        });
        join_all(services.map(|(settings, service)| self.key_diagnosis(settings, service, keyring.as_ref()))).await
    }

    async fn key_diagnosis(&self, settings: &KeySettings, service: &VaultSettings, keyring: Option<&Keyring>) -> VaultDiagnosis {
        #[cfg(feature = "http")]
        let trust = self.wiring().trust_step(service);
        #[cfg(not(feature = "http"))]
        let trust = None::<Diagnostic>;
        let name = service.name().to_owned();
        // Nothing was sent to a server that is not trusted.
        if let Some(refused) = trust.as_ref().filter(|trust| trust.outcome.is_err()) {
            return VaultDiagnosis::new(name, String::new(), slice::from_ref(refused));
        }
        let key = match self.wiring().recipient(settings) {
            Ok(key) => key,
            Err(problem) => return VaultDiagnosis::new(name, String::new(), &[broken(problem)]),
        };
        let mut findings: Vec<Diagnostic> = trust.into_iter().chain(key.diagnose().await).collect();
        if findings.last().is_none_or(|finding| finding.outcome.is_ok())
            && let Some(keyring) = keyring
        {
            findings.push(self.opens(key.as_ref(), keyring).await);
        }
        close(&[key.as_ref()]).await;
        VaultDiagnosis::new(name, key.to_string(), &findings)
    }

    /// Whether a key opens the keyring: what it may do shows when it does it.
    async fn opens(&self, key: &dyn KeyWrap, keyring: &Keyring) -> Diagnostic {
        let Err(error) = keyring.open(&[key]).await else {
            return Diagnostic::good(DiagnosticStep::Permission, format!("it opens `{}`", self.settings.keyring));
        };
        let next = match error {
            KeyringError::NoKey { .. } => format!("run `cloze key add -e {}` where the keyring opens", self.settings.environment),
            _ => error.next(),
        };
        Diagnostic::bad(DiagnosticStep::Permission, ServiceError { fault: ServiceFault::Denied, reason: error.to_string(), next })
    }

    /// The environment's keys, to seal under: where the project names other recipients than the keyring has, that is an error.
    pub(super) async fn sealing_keys(&self, missing: IfMissing) -> Result<&EnvironmentKeys, Problems> {
        let keys = self.keys(missing).await?;
        // What no project names, no project can change.
        if keys.created.is_none() && self.pin.is_none() {
            self.wiring().check_recipients(keys).await?;
        }
        Ok(keys)
    }

    /// The passphrase, where one is among the recipients: a new one, or the one that opens the keyring.
    pub(super) fn prompted(&self, is_new: bool) -> Result<Option<PromptedPassphrase>, Problems> {
        if !self.settings.keys.contains(&KeySettings::Passphrase) {
            return Ok(None);
        }
        self.ports.prompt.passphrase(is_new.then_some(self.settings.environment.as_str()))
    }

    /// The environment's keyring, and how the project differs from it.
    async fn keyring(&self, wiring: &Wiring<'_>) -> Result<(Keyring, KeyringDifference), Problems> {
        let text = wiring.keyring_text(self.store()?).await?.ok_or_else(|| wiring.no_keyring())?;
        let keyring = wiring.parsed(&text)?;
        let comparison = keyring.compare(&wiring.expected());
        Ok((keyring, comparison))
    }

    /// The right to change the keyring, which ends with the value or its process.
    fn lock_keyring(&self) -> Result<File, Problem> {
        let path = self.wiring().beneath(&self.settings.keyring)?;
        let folder = path.parent().unwrap_or(&path);
        let locked = fs::create_dir_all(folder).and_then(|()| file::lock(folder, LockMode::Exclusive));
        locked.map_err(|error| file::unwritten(folder, &error))
    }

    /// Replaces the project's keyring, and lets the history have a copy. A history that cannot be opened is an error before anything is written.
    async fn replace_keyring(&self, keyring: &Keyring, keys: &Keys) -> Result<(), Problem> {
        let (text, path) = (keyring.to_text(), self.wiring().beneath(&self.settings.keyring)?);
        let history = self.history_access(&text, keys)?.open(&self.context()).await?;
        let written = file::replace(&path, text.as_bytes(), 0o644, self.ports.entropy.as_ref());
        written.map_err(|error| file::unwritten(&path, &error))?;
        history.keep_keyring().await?;
        Ok(())
    }

    fn history_access<'s>(&'s self, keyring: &'s str, keys: &'s Keys) -> Result<HistoryAccess<'s>, Problem> {
        Ok(HistoryAccess { store: self.store()?, keys, keyring: keyring.as_bytes(), checkpoint: self.wiring().checkpoint()? })
    }

    fn change_report(&self) -> KeyChangeReport {
        KeyChangeReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            keyring: self.settings.keyring.clone(),
            ..KeyChangeReport::default()
        }
    }
}
