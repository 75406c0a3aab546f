//! `cloze lock`

use std::fmt::Write;
use std::process::ExitCode;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::LockReport;
use cloze::report::LockState;
use cloze::report::VersionChange;

use crate::args::ValueArgs;
use crate::commands::session;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;

/// Resolves the version of every secret and writes the lock file; with `check` it only reports what would change.
pub(crate) fn lock(run: &Run, values: &ValueArgs, check: bool) -> Result<ExitCode, Problems> {
    let session = session::with(run, values, None)?;
    let report = run.wait(session.lock(check))?;
    run.ui.report(&report, changes)?;
    run.ui.status(&state(&report));
    let is_done = matches!(report.state, LockState::UpToDate | LockState::Written);
    Ok(ExitCode::from(if is_done { exit::DONE } else { exit::DIFFERENCES }))
}

fn state(report: &LockReport) -> String {
    let (path, secrets) = (&report.lock, count(report.secrets, "secret"));
    match report.state {
        LockState::UpToDate => format!("{path} is up to date: {secrets}"),
        LockState::Written => format!("wrote {path}: {secrets}"),
        LockState::Missing => format!("{path} does not exist: run `cloze lock`"),
        LockState::Invalid => format!("{path} is not a lock file: run `cloze lock` to rewrite it"),
        LockState::OutOfDate => format!("{path} is out of date: run `cloze lock`"),
    }
}

fn changes(report: &LockReport) -> String {
    let mut text = String::new();
    for VersionChange { vault, name, asked, before, after } in &report.changes {
        let asked = asked.as_ref().map(|asked| format!("@{asked}")).unwrap_or_default();
        let (before, after) = (before.as_deref().unwrap_or("new"), after.as_deref().unwrap_or("removed"));
        let _ = writeln!(text, "{}", clean(&format!("{vault}/{name}{asked} {before} → {after}")));
    }
    text
}
