//! `cloze history`

use std::fmt::Write;

use cloze::history::Reader;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::HistoryReport;
use cloze::report::ReleaseReport;
use cloze::report::VerifyReport;
use cloze::wiring::IfMissing;
use cloze::workflow::access::check_remembered;
use cloze::workflow::access::owner;

use crate::args::Values;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::ui::clean;
use crate::ui::count;

/// Lists the releases, newest first, without any key; or verifies all of them, with it.
pub(crate) fn history(run: &Run, verify: bool, limit: usize) -> Result<(), Problems> {
    let desk = Desk::open(run, &Values::default())?;
    if verify { prove(run, &desk.unlock()?) } else { list(run, &desk, limit) }
}

fn list(run: &Run, desk: &Desk<'_>, limit: usize) -> Result<(), Problems> {
    let store = desk.wiring().store()?;
    let reader = Reader::new(&store, owner(&desk.settings));
    let checkpoint = desk.wiring().checkpoint()?;
    // What was cut or replayed is listed all the same: who has to find out what happened needs to see what is there.
    let (releases, checked): (Vec<ReleaseReport>, Result<(), Problem>) = run.wait(async {
        reader.check_owner().await?;
        let checked = check_remembered(&checkpoint, &reader).await;
        let newest = reader.newest().await?;
        let rows = reader.overview(newest, limit as u64).await.into_iter();
        let releases = rows.map(|row| row.map(|(summary, outcome)| ReleaseReport::new(&summary, &outcome))).collect::<Result<_, _>>()?;
        Ok((releases, checked))
    })?;
    if releases.is_empty() && checked.is_ok() {
        run.ui.status(&format!("no releases in {store}"));
    }
    let (project, environment) = (desk.settings.project.clone(), desk.settings.environment.clone());
    run.ui.report(&HistoryReport { project, environment, releases }, in_words)?;
    Ok(checked?)
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

fn prove(run: &Run, desk: &Desk<'_>) -> Result<(), Problems> {
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let verified = run.wait(async {
        let opened = desk.keys(&store, IfMissing::Fail).await?;
        let past = desk.past(&store, &opened)?;
        let history = past.open(&desk.workbench()).await?;
        Ok(history.verify().await?)
    })?;
    let problem = |path: &str, reason: &str| {
        Problem::new(Fault::History, format!("`{path}`: {reason}"), "restore the object from a backup of the history")
    };
    Problems::or((), verified.defects.iter().map(|defect| problem(&defect.path, &defect.reason)).collect())?;
    let report = VerifyReport {
        project: desk.settings.project.clone(),
        environment: desk.settings.environment.clone(),
        releases: verified.releases,
        objects: verified.objects,
    };
    run.ui.report(&report, |report| {
        let number = |number, noun| count(usize::try_from(number).unwrap_or(usize::MAX), noun);
        format!("verified {} and {} of the history\n", number(report.releases, "release"), number(report.objects, "object"))
    })
}
