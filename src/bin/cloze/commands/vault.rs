//! `cloze vault`

use std::io;
use std::io::IsTerminal;
use std::path::Path;

use cloze::blank::SecretRef;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::SecretChange;
use cloze::report::SecretEntry;
use cloze::report::VaultChangeReport;
use cloze::report::VaultListReport;
use cloze::report::document;
use cloze::secret::Secret;
use cloze::vault::local;
use cloze::wiring::Session;
use cloze::workflow::import;
use cloze::workflow::import::ImportNaming;

use crate::args::Masking;
use crate::args::ValueArgs;
use crate::args::VaultCommand;
use crate::commands::editor;
use crate::commands::prompt;
use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Writes, prints, lists or removes secrets.
pub(crate) fn vault(run: &Run, command: VaultCommand) -> Result<(), Problems> {
    match command {
        VaultCommand::Set { name, key, generate, allow_empty, which } => {
            let value = || match generate {
                Some(length) => Ok(local::generate(length, run.entropy.as_ref())),
                None => not_empty(
                    prompt::value(&name)?,
                    allow_empty,
                    "check the command before the pipe, or pass `--allow-empty` if it is meant",
                ),
            };
            let session = session::open(run)?;
            changed(run, &run.wait(session.set_secret(&which.vault, &name, key.as_deref(), value))?, "set")
        }
        VaultCommand::Edit { name, key, which } => {
            let edit = |current: Option<Secret>| {
                let current = current.unwrap_or_else(|| Secret::copy_of(b""));
                not_empty(editor::edit(run, &name, &current)?, current.is_empty(), "save a value, or use `cloze vault set --allow-empty`")
            };
            let session = session::open(run)?;
            changed(run, &run.wait(session.edit_secret(&which.vault, &name, key.as_deref(), edit))?, "set")
        }
        VaultCommand::Import { source, from, prefix, into, which } => {
            let naming = ImportNaming { prefix: &prefix, into: into.as_deref() };
            let format = from.map(Into::into);
            let secrets = if source == Path::new("-") {
                let reason = "stdin does not say what it is";
                let next = "pass `--from env`, `--from json` or `--from secret`";
                let format = format.ok_or_else(|| Problem::new(Fault::Usage, reason, next))?;
                import::from_text(&prompt::all_of_stdin(import::FILE_LIMIT)?, format, "stdin", naming)?
            } else {
                import::from_path(&source, format, naming)?
            };
            set_all(run, &session::open(run)?, &which.vault, &secrets)
        }
        VaultCommand::Copy { names, all, to, to_vault, which } => {
            let session = session::open(run)?;
            let flags = session::flags(&ValueArgs::default(), Some(to));
            let other = session::observed(run, &Session::find(&run.directory), flags, &run.ui, None)?;
            if other.settings().environment == session.settings().environment && to_vault == which.vault {
                let what = names.first().map_or_else(|| "a vault".to_owned(), |name| format!("`{name}`"));
                let reason = format!("{what} would be copied onto itself");
                return Err(Problem::new(Fault::Usage, reason, "name another environment with `--to`").into());
            }
            let secrets = run.wait(session.current_secrets(&which.vault, (!all).then_some(names.as_slice())))?;
            set_all(run, &other, &to_vault, &secrets)
        }
        VaultCommand::Get { name, key, version, which, reveal, masking } => {
            get(run, &SecretRef { vault: which.vault, name, key, version }, reveal, masking)
        }
        VaultCommand::List { which } => list(run, &which.vault),
        VaultCommand::Remove { name, which } => {
            let session = session::open(run)?;
            changed(run, &run.wait(session.remove_secret(&which.vault, &name))?, "removed")
        }
    }
}

/// The value, unless there is nothing in it and nobody means that: what comes before a pipe may have failed. The name is not repeated: who writes
/// `set NAME=VALUE` has put the value there.
fn not_empty(value: Secret, allowed: bool, next: &str) -> Result<Secret, Problems> {
    if value.expose().trim_ascii().is_empty() && !allowed {
        let reason = if value.is_empty() { "the value is empty" } else { "the value is nothing but white space" };
        return Err(Problem::new(Fault::Usage, reason, next).into());
    }
    Ok(value)
}

fn set_all(run: &Run, session: &Session<'_>, vault: &str, secrets: &[(String, Secret)]) -> Result<(), Problems> {
    let secrets: Vec<(&str, &Secret)> = secrets.iter().map(|(name, value)| (name.as_str(), value)).collect();
    let report = run.wait(session.set_secrets(vault, &secrets))?;
    if run.ui.is_json() {
        return run.ui.json(&document(&report));
    }
    for SecretChange { name, version, written } in &report.secrets {
        run.ui.status(&in_one_line(name, *version, *written, "set"));
    }
    Ok(())
}

fn get(run: &Run, secret: &SecretRef, reveal: bool, masking: Masking) -> Result<(), Problems> {
    if io::stdout().is_terminal() && !reveal {
        return Err(Problem::new(Fault::Usage, "secrets are not printed to a terminal", "pass `--reveal`, or pipe the value").into());
    }
    let session = session::with(run, &ValueArgs::default(), Some(masking))?;
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
    run.ui.status(&in_one_line(name, *version, *written, done));
    Ok(())
}

fn in_one_line(name: &str, version: u64, written: bool, done: &str) -> String {
    if written { format!("{done} {name}, version {version}") } else { format!("{name} is unchanged, version {version}") }
}
