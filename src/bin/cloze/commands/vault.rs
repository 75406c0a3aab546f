//! `cloze vault`

use std::io;
use std::io::IsTerminal;
use std::sync::Arc;

use cloze::blank::SecretRef;
use cloze::clock::Machine;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::SecretEntry;
use cloze::report::VaultChangeReport;
use cloze::report::VaultListReport;
use cloze::report::document;
use cloze::vault::Adapter;
use cloze::vault::local::Change;
use cloze::wiring::EnvironmentKeys;
use cloze::wiring::IfMissing;
use cloze::wiring::OpenVaults;

use crate::args;
use crate::args::Masking;
use crate::args::Values;
use crate::args::Vault;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::commands::key;
use crate::commands::mask::Masker;
use crate::commands::passphrase;
use crate::context::Run;
use crate::ui::clean;

/// Writes, prints, lists or removes secrets.
pub(crate) fn vault(run: &Run, command: Vault) -> Result<(), Problems> {
    let desk = Desk::open(run, &Values::default())?;
    match command {
        Vault::Set { name, which } => {
            let store = desk.wiring().store()?;
            set(run, &desk.unlock_for(run.without_keys(), &store)?, &name, &which)
        }
        Vault::Get { name, key, version, which, reveal, masking } => {
            get(run, &desk.unlock()?, &SecretRef { vault: which.vault, name, key, version }, reveal, masking)
        }
        Vault::List { which } => list(run, &desk.unlock()?, &which),
        Vault::Remove { name, which } => remove(run, &desk.unlock()?, &name, &which),
    }
}

fn set(run: &Run, desk: &Desk<'_>, name: &str, which: &args::Which) -> Result<(), Problems> {
    let wiring = desk.wiring();
    let opened = keys(run, desk, run.without_keys())?;
    let vault = wiring.local_vault(&which.vault, &opened.keys)?;
    if let Some(created) = &opened.created {
        key::tell(run, desk, created);
    }
    let value = passphrase::value(name)?;
    let change = vault.set(name, &value, &Machine, run.entropy.as_ref())?;
    changed(run, desk, which, name, change, "set")
}

fn get(run: &Run, desk: &Desk<'_>, ask: &SecretRef, reveal: bool, masking: Masking) -> Result<(), Problems> {
    if io::stdout().is_terminal() && !reveal {
        return Err(Problem::new(Fault::Usage, "secrets are not printed to a terminal", "pass `--reveal`, or pipe the value").into());
    }
    let masker = Masker::of(run, masking)?;
    let mut answers = with_vault(run, desk, &ask.vault, masker.as_ref(), async |vault, _| vault.fetch(std::slice::from_ref(ask)).await)?;
    match answers.pop() {
        Some(Ok(fetched)) => run.ui.bytes(fetched.value.expose()),
        Some(Err(error)) => Err(error.into()),
        None => Err(Problem::new(Fault::Internal, "the vault gave no answer", "report this as a bug of cloze").into()),
    }
}

fn list(run: &Run, desk: &Desk<'_>, which: &args::Which) -> Result<(), Problems> {
    let list = with_vault(run, desk, &which.vault, None, async |_, adapter| adapter.list().await)??;
    if list.is_empty() {
        run.ui.status(&format!("no secrets in vault `{}`", which.vault));
    }
    let report = VaultListReport {
        project: desk.settings.project.clone(),
        environment: desk.settings.environment.clone(),
        vault: which.vault.clone(),
        secrets: list.iter().map(SecretEntry::from).collect(),
    };
    run.ui.report(&report, in_words)
}

fn in_words(report: &VaultListReport) -> String {
    let width = report.secrets.iter().map(|secret| clean(&secret.name).chars().count()).max().unwrap_or(0);
    let row = |SecretEntry { name, version, created, removed }: &SecretEntry| {
        let version = version.as_ref().map(|version| format!("version {version}")).unwrap_or_default();
        let removed = if *removed { "removed" } else { "" };
        let row = format!("{:<width$}  {version:<12}  {}  {removed}", clean(name), created.as_deref().unwrap_or_default());
        clean(row.trim_end()).into_owned() + "\n"
    };
    report.secrets.iter().map(row).collect()
}

fn remove(run: &Run, desk: &Desk<'_>, name: &str, which: &args::Which) -> Result<(), Problems> {
    let opened = keys(run, desk, IfMissing::Fail)?;
    let vault = desk.wiring().local_vault(&which.vault, &opened.keys)?;
    let change = vault.remove(name, &Machine, run.entropy.as_ref())?;
    changed(run, desk, which, name, change, "removed")
}

/// Does something with the vault of that name; a key is needed only where it is a file.
fn with_vault<T>(
    run: &Run,
    desk: &Desk<'_>,
    name: &str,
    masker: Option<&Arc<Masker>>,
    deed: impl AsyncFnOnce(&dyn cloze::vault::Vault, &dyn Adapter) -> T,
) -> Result<T, Problems> {
    let wiring = desk.wiring();
    let store = wiring.store()?;
    run.wait(async {
        let examined = wiring.examined(Some(name), &store).await?;
        let vaults: OpenVaults = examined.into_iter().map(|(name, vault)| Ok((name, vault?))).collect::<Result<_, Problems>>()?;
        let vaults = Masker::over(masker, vaults);
        closing(run, &vaults, async {
            match (vaults.get(name), vaults.adapters().get(name)) {
                (Some(vault), Some(adapter)) => Ok(deed(vault.as_ref(), adapter.as_ref()).await),
                _ => Err(Problem::new(Fault::Internal, "the vault was lost", "report this as a bug of cloze").into()),
            }
        })
        .await
    })
}

fn keys(run: &Run, desk: &Desk<'_>, missing: IfMissing) -> Result<EnvironmentKeys, Problems> {
    let store = desk.wiring().store()?;
    run.wait(async { desk.keys(&store, missing).await })
}

fn changed(run: &Run, desk: &Desk<'_>, which: &args::Which, name: &str, change: Change, done: &str) -> Result<(), Problems> {
    let (version, written) = match change {
        Change::Written(version) => (version, true),
        Change::Unchanged(version) => (version, false),
    };
    let report = VaultChangeReport {
        project: desk.settings.project.clone(),
        environment: desk.settings.environment.clone(),
        vault: which.vault.clone(),
        name: name.to_owned(),
        version,
        written,
    };
    if run.ui.is_json() {
        return run.ui.json(&document(&report));
    }
    run.ui.status(&if written { format!("{done} {name}, version {version}") } else { format!("{name} is unchanged, version {version}") });
    Ok(())
}
