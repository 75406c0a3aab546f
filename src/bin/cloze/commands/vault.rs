//! `cloze vault`

use std::io;
use std::io::IsTerminal;

use cloze::blank::SecretRef;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::SecretEntry;
use cloze::report::VaultChangeReport;
use cloze::report::VaultListReport;
use cloze::report::document;

use crate::args::Masking;
use crate::args::Values;
use crate::args::Vault;
use crate::commands::prompt;
use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Writes, prints, lists or removes secrets.
pub(crate) fn vault(run: &Run, command: Vault) -> Result<(), Problems> {
    match command {
        Vault::Set { name, which } => {
            let session = session::open(run)?;
            changed(run, &run.wait(session.set_secret(&which.vault, &name, || prompt::value(&name)))?, "set")
        }
        Vault::Get { name, key, version, which, reveal, masking } => {
            get(run, &SecretRef { vault: which.vault, name, key, version }, reveal, masking)
        }
        Vault::List { which } => list(run, &which.vault),
        Vault::Remove { name, which } => {
            let session = session::open(run)?;
            changed(run, &run.wait(session.remove_secret(&which.vault, &name))?, "removed")
        }
    }
}

fn get(run: &Run, secret: &SecretRef, reveal: bool, masking: Masking) -> Result<(), Problems> {
    if io::stdout().is_terminal() && !reveal {
        return Err(Problem::new(Fault::Usage, "secrets are not printed to a terminal", "pass `--reveal`, or pipe the value").into());
    }
    let session = session::with(run, &Values::default(), Some(masking))?;
    run.ui.bytes(run.wait(session.get_secret(secret))?.expose())
}

fn list(run: &Run, vault: &str) -> Result<(), Problems> {
    let report = run.wait(session::open(run)?.list_secrets(vault))?;
    if report.secrets.is_empty() {
        run.ui.status(&format!("no secrets in vault `{vault}`"));
    }
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

fn changed(run: &Run, report: &VaultChangeReport, done: &str) -> Result<(), Problems> {
    if run.ui.is_json() {
        return run.ui.json(&document(report));
    }
    let VaultChangeReport { name, version, written, .. } = report;
    run.ui.status(&if *written { format!("{done} {name}, version {version}") } else { format!("{name} is unchanged, version {version}") });
    Ok(())
}
