//! `cloze lock`

use std::fmt::Write;
use std::process::ExitCode;

use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Lock;
use cloze::project::LockChange;
use cloze::project::LockFile;
use cloze::project::Spanned;
use cloze::report::LockReport;
use cloze::report::VersionChange;
use cloze::workflow::lock;
use cloze::workflow::prepare::prepare;

use crate::args::Values;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;
use crate::ui::count;

/// Resolves the version of every secret and writes the lock file; with `check` it only reports what would change.
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
        let next = if check { "run `cloze lock` to rewrite it" } else { "review the rewritten file" };
        run.ui.warn(&Problem { reason: format!("{}, so the lock file is ignored", first.reason), next: next.to_owned(), ..first.clone() });
    }
    if stale && !check {
        lock::write(&desk.workbench(), &path, &after)?;
    }
    let report = LockReport {
        project: settings.project.clone(),
        environment: settings.environment.clone(),
        lock: settings.lock.clone(),
        secrets: after.secrets.len(),
        changes: changes.iter().map(VersionChange::from).collect(),
        written: stale && !check,
    };
    run.ui.report(&report, |_| in_words(&changes))?;
    run.ui.status(&said(&settings.lock, &after, &before, stale, check));
    Ok(ExitCode::from(if stale && check { exit::DIFFERENCES } else { exit::DONE }))
}

fn said(path: &str, after: &Lock, before: &LockFile, stale: bool, check: bool) -> String {
    let secrets = count(after.secrets.len(), "secret");
    match (stale, check) {
        (false, _) => format!("{path} is up to date: {secrets}"),
        (true, false) => format!("wrote {path}: {secrets}"),
        (true, true) => match before {
            LockFile::Absent => format!("{path} does not exist: run `cloze lock`"),
            LockFile::Broken(_) => format!("{path} is not a lock file: run `cloze lock` to rewrite it"),
            LockFile::Whole(_) => format!("{path} is out of date: run `cloze lock`"),
        },
    }
}

fn in_words(changes: &[LockChange]) -> String {
    let mut text = String::new();
    for LockChange { secret, before, after } in changes {
        let (before, after) = (before.as_deref().unwrap_or("new"), after.as_deref().unwrap_or("removed"));
        let _ = writeln!(text, "{}", clean(&format!("{secret} {before} → {after}")));
    }
    text
}
