//! What an environment asks of its vaults, and who uses it. Nothing here reads a value.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use crate::history::RecordedBlank;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::KeySettings;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::report::SecretsReport;
use crate::stage::describe::Descriptions;
use crate::stage::describe::describe;
use crate::stage::usage::Usage;
use crate::vault::Adapter;
use crate::wiring::IfMissing;
use crate::wiring::Session;
use crate::workflow::prepare::locate;
use crate::workflow::secrets::Unused;
use crate::workflow::secrets::rows;
use crate::workflow::secrets::unused;
use crate::workflow::secrets::used;

/// What to find out about secrets beside what templates and the newest release say.
#[derive(Debug, Clone, Copy, Default)]
pub struct SecretsRequest {
    /// Whether vaults are asked what they know of the secrets.
    pub online: bool,
    /// Whether they are asked for what nobody uses.
    pub unused: bool,
}

/// A release's number, and what it was filled with.
type Filled = (u64, Vec<RecordedBlank>);

impl Session<'_> {
    /// The secrets that templates ask for, who uses them, and what was asked for; and what went wrong at a vault. Without vaults, nothing is needed but the
    /// project; the deployed versions are known where the history opens. `others` are the project's other environments, which may share a vault.
    pub async fn secrets(
        &self,
        request: SecretsRequest,
        others: &[Session<'_>],
    ) -> Result<(SecretsReport, Result<(), Problems>), Problems> {
        self.closing(async {
            let mut prepared = self.prepare()?;
            let names = prepared.vaults();
            let usages = used(&mut prepared, &self.settings);
            drop(prepared);
            let (release, unknown, deployed) = match self.deployed(request).await {
                Ok(None) => (None, None, Vec::new()),
                Ok(Some((number, blanks))) => (Some(number), None, blanks),
                Err(failed) => (None, failed.list().first().map(ToString::to_string), Vec::new()),
            };
            let mut problems = Vec::new();
            let described = if request.online {
                let vaults = self.open_all(&names, &mut problems).await;
                let mut described = describe(&usages, &vaults).await;
                problems.append(&mut described.problems);
                described
            } else {
                Descriptions::default()
            };
            let unused = if request.unused { Some(self.unused(&usages, &deployed, others, &mut problems).await?) } else { None };
            let problems = if problems.is_empty() { problems } else { locate(&self.context(), problems.into()).into_list() };
            let report = SecretsReport {
                project: self.settings.project.clone(),
                environment: self.settings.environment.clone(),
                release,
                unknown,
                online: request.online,
                secrets: rows(&usages, &deployed, &described),
                unlisted: unused.as_ref().map(|unused| unused.unlisted.clone()).unwrap_or_default(),
                unused: unused.map(|unused| unused.secrets),
            };
            Ok((report, Problems::or((), problems)))
        })
        .await
    }

    /// The newest release; `None` where there is none. Nobody is asked for a passphrase unless vaults are asked.
    async fn deployed(&self, SecretsRequest { online, unused }: SecretsRequest) -> Result<Option<Filled>, Problems> {
        let has_passphrase = self.settings.keys.contains(&KeySettings::Passphrase);
        if has_passphrase && !online && !unused && self.ports.variables.secret(variable::PASSPHRASE).is_none() {
            return Err(Problem::new(Fault::Vault, "a passphrase opens the history, and it was not asked for", "add `--online`").into());
        }
        let access = self.access(self.keys(IfMissing::Fail).await?)?;
        let head = access.open(&self.context()).await?.head().await?;
        Ok(head.map(|head| (head.summary.number, head.body.blanks)))
    }

    /// The vaults of these names; what is wrong with one is a problem, and the others are there.
    pub(super) async fn open_all(&self, names: &BTreeSet<String>, problems: &mut Vec<Problem>) -> BTreeMap<String, Arc<dyn Adapter>> {
        let mut vaults = BTreeMap::new();
        for (name, vault) in self.examined_all(names).await {
            match vault {
                Ok(vault) => drop(vaults.insert(name, vault)),
                Err(failed) => problems.extend(failed.into_list()),
            }
        }
        vaults
    }

    /// Says that the secrets of another environment's newest release are not known.
    fn warn_of_unknown(&self, other: &Session<'_>, failed: &Problems) {
        let environment = &other.settings.environment;
        let why = failed.list().first().map(|problem| format!(": {}", problem.reason)).unwrap_or_default();
        let reason = format!("what the newest release of environment `{environment}` was filled with is not known{why}");
        let next = format!("before you remove a secret, run `cloze secrets -e {environment}` where its history opens");
        self.warn(Problem::new(Fault::History, reason, next));
    }

    /// What the environment's vaults hold that neither it nor another environment that may share them asks for.
    async fn unused(
        &self,
        usages: &[Usage],
        deployed: &[RecordedBlank],
        others: &[Session<'_>],
        problems: &mut Vec<Problem>,
    ) -> Result<Unused, Problems> {
        let mut asked: BTreeSet<(String, String)> = usages.iter().map(|usage| (usage.ask.vault.clone(), usage.ask.name.clone())).collect();
        asked.extend(deployed.iter().map(|blank| (blank.vault.clone(), blank.name.clone())));
        let names = self.wiring().wanted(None)?;
        let own: Vec<&VaultSettings> = self.settings.vaults.iter().filter(|vault| names.contains(vault.name())).collect();
        for other in others {
            let shared = |vault: &&VaultSettings| other.settings.vaults.iter().any(|one| vault.may_be(one));
            if !own.iter().any(shared) {
                continue;
            }
            let mut prepared = other.prepare()?;
            let mut theirs: BTreeSet<(String, String)> =
                used(&mut prepared, &other.settings).into_iter().map(|usage| (usage.ask.vault, usage.ask.name)).collect();
            drop(prepared);
            // Nobody is asked for the passphrase of an environment that the command line does not name.
            match other.deployed(SecretsRequest::default()).await {
                Ok(filled) => theirs.extend(filled.into_iter().flat_map(|(_, blanks)| blanks).map(|blank| (blank.vault, blank.name))),
                Err(failed) => self.warn_of_unknown(other, &failed),
            }
            for (vault, name) in theirs {
                let Some(theirs) = other.settings.vault(&vault) else { continue };
                let ours = own.iter().filter(|vault| vault.may_be(theirs));
                asked.extend(ours.map(|vault| (vault.name().to_owned(), name.clone())));
            }
        }
        let vaults = self.open_all(&names, problems).await;
        let mut unused = unused(&asked, &vaults).await;
        problems.append(&mut unused.problems);
        let is_listed =
            |vault: &&&VaultSettings| vaults.contains_key(vault.name()) && unused.unlisted.iter().all(|one| one.vault != vault.name());
        for vault in own.iter().filter(|vault| vault.is_unlimited()).filter(is_listed) {
            let reason = format!("vault `{}` has no `prefixes`, so what others keep in it counts as unused, too", vault.name());
            self.warn(Problem::new(Fault::Vault, reason, "add `prefixes:` to it, or ask the others first"));
        }
        for warning in std::mem::take(&mut unused.warnings) {
            self.warn(warning);
        }
        Ok(unused)
    }
}
