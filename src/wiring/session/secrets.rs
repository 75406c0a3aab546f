//! The secrets in vaults.

use std::slice;
use std::sync::Arc;

use futures::future::join_all;

use crate::blank::SecretRef;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::report::DoctorReport;
use crate::report::SecretChange;
use crate::report::SecretEntry;
use crate::report::VaultChangeReport;
use crate::report::VaultChangesReport;
use crate::report::VaultDiagnosis;
use crate::report::VaultListReport;
use crate::secret::Secret;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::vault::Adapter;
use crate::vault::local::LocalChange;
use crate::vault::local::LocalVault;
use crate::wiring::IfMissing;
use crate::wiring::Session;

impl Session<'_> {
    /// The steps to each vault, to each holder of a key, to the history and to the cluster, or to the vault of that name alone, as far as they go well.
    pub async fn doctor(&self, only: Option<&str>) -> Result<DoctorReport, Problems> {
        self.closing(async {
            let examined = self.examined(only).await?.into_iter();
            Ok(DoctorReport {
                project: self.settings.project.clone(),
                environment: self.settings.environment.clone(),
                vaults: join_all(examined.map(|(name, vault)| self.diagnosis(name, vault))).await,
                keys: if only.is_none() { self.diagnose_keys().await } else { Vec::new() },
                history: if only.is_none() { Some(self.diagnose_history().await) } else { None },
                #[cfg(feature = "cluster")]
                cluster: if only.is_none() { self.diagnose_cluster().await } else { None },
                #[cfg(not(feature = "cluster"))]
                cluster: None,
            })
        })
        .await
    }

    async fn diagnosis(&self, name: String, vault: Result<Arc<dyn Adapter>, Problems>) -> VaultDiagnosis {
        #[cfg(feature = "http")]
        let trust = self.settings.vault(&name).and_then(|settings| self.wiring().trust_step(settings));
        #[cfg(not(feature = "http"))]
        let trust = None::<Diagnostic>;
        // Nothing was sent to a server that is not trusted.
        if let Some(refused) = trust.as_ref().filter(|trust| trust.outcome.is_err()) {
            return VaultDiagnosis::new(name, String::new(), slice::from_ref(refused));
        }
        let (words, findings) = match vault {
            Ok(vault) => (vault.to_string(), vault.diagnose().await),
            Err(failed) => (String::new(), failed.into_list().into_iter().map(broken).collect()),
        };
        VaultDiagnosis::new(name, words, &trust.into_iter().chain(findings).collect::<Vec<_>>())
    }

    /// The secrets of a vault.
    pub async fn list_secrets(&self, vault: &str) -> Result<VaultListReport, Problems> {
        self.closing(async {
            let adapter = self.examined(Some(vault)).await?.pop().ok_or_else(lost)?.1?;
            Ok(VaultListReport {
                project: self.settings.project.clone(),
                environment: self.settings.environment.clone(),
                vault: vault.to_owned(),
                secrets: adapter.list().await?.iter().map(SecretEntry::from).collect(),
            })
        })
        .await
    }

    /// The value of a secret.
    pub async fn get_secret(&self, secret: &SecretRef) -> Result<Secret, Problems> {
        self.closing(async {
            let vaults = self.vaults(&self.wiring().wanted(Some(&secret.vault))?).await?;
            let answers = vaults.get(&secret.vault).ok_or_else(lost)?.fetch(slice::from_ref(secret)).await;
            Ok(answers.into_iter().next().ok_or_else(lost)??.value)
        })
        .await
    }

    /// Sets a secret of a local vault, or one field of it, to what `value` gives, which is asked for once the vault is open. Makes the
    /// environment's first keys where the run may.
    pub async fn set_secret(
        &self,
        vault: &str,
        name: &str,
        key: Option<&str>,
        value: impl FnOnce() -> Result<Secret, Problems>,
    ) -> Result<VaultChangeReport, Problems> {
        let opened = self.local_vault(vault, self.ports.missing_keys).await?;
        self.put(&opened, (vault, name, key), &value()?)
    }

    /// The same where `edit` is given what is there now.
    pub async fn edit_secret(
        &self,
        vault: &str,
        name: &str,
        key: Option<&str>,
        edit: impl FnOnce(Option<Secret>) -> Result<Secret, Problems>,
    ) -> Result<VaultChangeReport, Problems> {
        let opened = self.local_vault(vault, self.ports.missing_keys).await?;
        let value = edit(opened.current(name, key)?)?;
        self.put(&opened, (vault, name, key), &value)
    }

    fn put(
        &self,
        opened: &LocalVault,
        (vault, name, key): (&str, &str, Option<&str>),
        value: &Secret,
    ) -> Result<VaultChangeReport, Problems> {
        let (clock, entropy) = (self.ports.clock.as_ref(), self.ports.entropy.as_ref());
        let change = match key {
            Some(key) => opened.set_field(name, key, value, clock, entropy)?,
            None => opened.set(name, value, clock, entropy)?,
        };
        Ok(self.changed(vault, name, change))
    }

    /// Sets several secrets of a local vault at once: all of them or, after an error, none.
    pub async fn set_secrets(&self, vault: &str, secrets: &[(&str, &Secret)]) -> Result<VaultChangesReport, Problems> {
        let opened = self.local_vault(vault, self.ports.missing_keys).await?;
        let changes = opened.set_all(secrets, self.ports.clock.as_ref(), self.ports.entropy.as_ref())?;
        let entry = |((name, _), change): (&(&str, &Secret), LocalChange)| SecretChange {
            name: (*name).to_owned(),
            version: change.version(),
            written: change.is_written(),
        };
        Ok(VaultChangesReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            vault: vault.to_owned(),
            secrets: secrets.iter().zip(changes).map(entry).collect(),
        })
    }

    /// The current values of these secrets of a vault of any kind, or of all that it has; all problems at once.
    pub async fn current_secrets(&self, vault: &str, names: Option<&[String]>) -> Result<Vec<(String, Secret)>, Problems> {
        let names = if let Some(names) = names {
            names.to_vec()
        } else {
            let list = self.list_secrets(vault).await?.secrets;
            list.into_iter().filter(|secret| !secret.removed).map(|secret| secret.name).collect()
        };
        let ask = |name: &String| SecretRef { vault: vault.to_owned(), name: name.clone(), key: None, version: None };
        let asks: Vec<SecretRef> = names.iter().map(ask).collect();
        self.closing(async {
            let vaults = self.vaults(&self.wiring().wanted(Some(vault))?).await?;
            let answers = vaults.get(vault).ok_or_else(lost)?.fetch(&asks).await;
            let mut problems = Vec::new();
            let mut values = Vec::new();
            for (name, answer) in names.into_iter().zip(answers) {
                match answer {
                    Ok(found) => values.push((name, found.value)),
                    Err(error) => problems.push(Problem::from(error)),
                }
            }
            Problems::or(values, problems)
        })
        .await
    }

    /// Removes a secret of a local vault.
    pub async fn remove_secret(&self, vault: &str, name: &str) -> Result<VaultChangeReport, Problems> {
        let opened = self.local_vault(vault, IfMissing::Fail).await?;
        let change = opened.remove(name, self.ports.clock.as_ref(), self.ports.entropy.as_ref())?;
        Ok(self.changed(vault, name, change))
    }

    /// Opens a local vault, to keep secrets in it.
    pub async fn local_vault(&self, name: &str, missing: IfMissing) -> Result<LocalVault, Problems> {
        Ok(self.wiring().local_vault(name, &self.sealing_keys(missing).await?.keys)?)
    }

    /// What was done to a secret of a local vault, as a report.
    pub fn changed(&self, vault: &str, name: &str, change: LocalChange) -> VaultChangeReport {
        VaultChangeReport {
            project: self.settings.project.clone(),
            environment: self.settings.environment.clone(),
            vault: vault.to_owned(),
            name: name.to_owned(),
            version: change.version(),
            written: change.is_written(),
        }
    }
}

/// What is wrong with the setup of a vault or of a key, as its only step.
pub(super) fn broken(problem: Problem) -> Diagnostic {
    let reason = problem.to_string();
    Diagnostic { step: DiagnosticStep::Setup, outcome: Err(ServiceError { fault: ServiceFault::Unavailable, reason, next: problem.next }) }
}

fn lost() -> Problem {
    Problem::new(Fault::Internal, "the vault gave no answer", "report this as a bug of cloze")
}
