//! `cloze history`

use std::fmt::Write;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::CopyReport;
use cloze::report::HistoryReport;
use cloze::report::ReleaseReport;
use cloze::report::VerifyReport;

use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Lists the releases, newest first, without any key; or verifies all of them, with it.
pub(crate) fn history(run: &Run, verify: bool, limit: usize) -> Result<(), Problems> {
    let session = session::past(run, None)?;
    if verify {
        return run.ui.report(&run.wait(session.verify())?, verified);
    }
    let (report, checked) = run.wait(session.history(limit))?;
    if report.releases.is_empty() && checked.is_ok() {
        run.ui.status(&format!("no releases in {}", report.history));
    }
    run.ui.report(&report, in_words)?;
    if let Some(id) = &report.store_id {
        run.ui.status(&format!("store id {id}"));
    }
    Ok(checked?)
}

/// Copies the history from one URL to another.
pub(crate) fn copy(run: &Run, from: &str, to: &str) -> Result<(), Problems> {
    run.ui.report(&run.wait(session::open(run)?.copy_history(from, to))?, |report| {
        let CopyReport { to, releases, written, there, .. } = report;
        let number = |number: u64, noun| count(usize::try_from(number).unwrap_or(usize::MAX), noun);
        let (releases, objects) = (number(*releases, "release"), number(*written, "object"));
        format!("{}\n", clean(&format!("{to} has {releases}: {objects} written, {there} were there already")))
    })
}

fn in_words(report: &HistoryReport) -> String {
    let mut text = String::new();
    if !report.releases.is_empty() {
        text = format!(
            "{:>8}  {:<20}  {:<14}  {:<15}  {:>9}  {:>7}  {:<12}  ACTOR\n",
            "RELEASE", "TIME", "ACTION", "OUTCOME", "MANIFESTS", "CHANGED", "REVISION"
        );
    }
    for ReleaseReport { release, time, actor, revision, note, action, outcome, manifests, changed } in &report.releases {
        let revision: String = revision.as_deref().unwrap_or("-").chars().take(12).collect();
        let note = note.as_ref().map(|note| format!("  {}", note.replace('\n', " "))).unwrap_or_default();
        let row =
            format!("{release:>8}  {time:<20}  {action:<14}  {outcome:<15}  {manifests:>9}  {changed:>7}  {revision:<12}  {actor}{note}");
        let _ = writeln!(text, "{}", clean(&row));
    }
    text
}

fn verified(report: &VerifyReport) -> String {
    let number = |number, noun| count(usize::try_from(number).unwrap_or(usize::MAX), noun);
    format!("verified {} and {} of the history\n", number(report.releases, "release"), number(report.objects, "object"))
}
