//! `cloze key`

use cloze::problem::Problems;
use cloze::project::VaultSettings;
use cloze::project::VaultTarget;
use cloze::wiring::Created;
use cloze::wiring::IfMissing;
use serde_json::json;

use crate::args::Key;
use crate::args::Values;
use crate::commands::desk::Desk;
use crate::context::Run;

/// Makes the keys of an environment.
pub(crate) fn key(run: &Run, command: &Key) -> Result<(), Problems> {
    match command {
        Key::Init => init(run),
    }
}

fn init(run: &Run) -> Result<(), Problems> {
    let desk = Desk::open(run, &Values::default())?;
    let store = desk.wiring().store()?;
    let desk = desk.unlock_for(IfMissing::Create, &store)?;
    let opened = run.wait(async { desk.keys(&store, IfMissing::Create).await })?;
    let settings = &desk.settings;
    match &opened.created {
        Some(created) => tell(run, &desk, created),
        None => run.ui.status(&format!("environment `{}` has keys already, and they open `{}`", settings.environment, settings.keyring)),
    }
    if run.ui.is_json() {
        let files = opened.created.iter().flat_map(|created| &created.key_files).map(|path| path.to_string_lossy()).collect::<Vec<_>>();
        return run.ui.json(&json!({
            "environment": settings.environment,
            "keyring": settings.keyring,
            "created": opened.created.is_some(),
            "keyFiles": files,
        }));
    }
    Ok(())
}

/// Says which keys were made, what to commit and what never to.
pub(crate) fn tell(run: &Run, desk: &Desk<'_>, created: &Created) {
    for path in &created.key_files {
        run.ui.status(&format!("created the key file {}: keep a copy in a safe place, and never commit it", path.display()));
    }
    let settings = &desk.settings;
    let mut beside: Vec<&str> = settings.vaults.iter().filter_map(local_path).collect();
    beside.push(&settings.lock);
    run.ui.status(&format!("created the keyring {}: commit it, and {} when they exist", created.keyring.display(), beside.join(" and ")));
}

fn local_path(vault: &VaultSettings) -> Option<&str> {
    match &vault.target {
        VaultTarget::Local { path } => Some(path),
        _ => None,
    }
}
