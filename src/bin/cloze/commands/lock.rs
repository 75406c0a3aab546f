//! `cloze lock`

use std::fmt::Write;
use std::process::ExitCode;

use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Lock;
use cloze::project::LockChange;
use cloze::project::LockFile;
use cloze::project::Spanned;
use cloze::workflow::lock;
use cloze::workflow::prepare::prepare;
use serde_json::Value;
use serde_json::json;

use crate::args::Values;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;

/// Resolves the version of every secret and writes the lock file, or with `check` only says what that would change.
pub(crate) fn lock(run: &Run, values: &Values, check: bool) -> Result<ExitCode, Problems> {
    let desk = Desk::open(run, values)?.unlock()?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let settings = &desk.settings;
    let path = wiring.beneath(&settings.lock)?;
    let before = Lock::find(desk.root(), &settings.lock, &settings.environment)?;
    let after = run.wait(async {
        let workbench = desk.workbench();
        let prepared = prepare(&workbench)?;
        let vaults = wiring.named_vaults(&prepared.vaults(), &store).await?;
        closing(run, &vaults, lock::resolve(&workbench, prepared.parsed.blanks(), &vaults)).await
    })?;
    let nothing = Lock::new(Spanned::none(settings.environment.clone()));
    let changes = if let LockFile::Whole(before) = &before { before } else { &nothing }.changes(&after);
    let stale = !matches!(before, LockFile::Whole(_)) || !changes.is_empty();
    if let LockFile::Broken(problems) = &before
        && let Some(first) = problems.list().first()
    {
        let next = if check { "run `cloze lock`, which writes it anew" } else { "look at what becomes of it: it is written anew" };
        run.ui.warn(&Problem {
            reason: format!("{}, so the lock file is not heeded", first.reason),
            next: next.to_owned(),
            ..first.clone()
        });
    }
    if stale && !check {
        lock::write(&desk.workbench(), &path, &after)?;
    }
    if run.ui.is_json() {
        let list: Vec<Value> = changes.iter().map(in_json).collect();
        run.ui.json(&json!({ "lock": settings.lock, "secrets": after.secrets.len(), "changes": list, "written": stale && !check }))?;
    } else {
        run.ui.text(&in_words(&changes))?;
        run.ui.status(&said(&settings.lock, &after, &before, stale, check));
    }
    Ok(ExitCode::from(if stale && check { exit::DIFFERENCES } else { exit::DONE }))
}

fn said(path: &str, after: &Lock, before: &LockFile, stale: bool, check: bool) -> String {
    let secrets = crate::ui::count(after.secrets.len(), "secret");
    match (stale, check) {
        (false, _) => format!("{path} is up to date: {secrets}"),
        (true, false) => format!("wrote {path}: {secrets}"),
        (true, true) => match before {
            LockFile::Absent => format!("{path} is not there: `cloze lock` writes it"),
            LockFile::Broken(_) => format!("{path} is unreadable: `cloze lock` writes it anew"),
            LockFile::Whole(_) => format!("{path} is stale: `cloze lock` brings it up to date"),
        },
    }
}

fn in_words(changes: &[LockChange]) -> String {
    let mut text = String::new();
    for LockChange { secret, before, after } in changes {
        let (before, after) = (before.as_deref().unwrap_or("new"), after.as_deref().unwrap_or("gone"));
        let _ = writeln!(text, "{}", clean(&format!("{secret} {before} → {after}")));
    }
    text
}

fn in_json(change: &LockChange) -> Value {
    let LockChange { secret, before, after } = change;
    json!({ "vault": secret.vault, "name": secret.name, "asked": secret.asked, "before": before, "after": after })
}
