//! `cloze diff`

use std::process::ExitCode;

use cloze::problem::Problems;
use cloze::report::DiffReport;
use cloze::report::ObjectDiff;
use similar::TextDiff;

use crate::args::Diff;
use crate::commands::session;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;

/// Shows what a deploy would change against a release.
pub(crate) fn diff(run: &Run, Diff { templates, against, online, locked, exit_code }: &Diff) -> Result<ExitCode, Problems> {
    let session = session::of(run, templates, None)?;
    let report = run.wait(session.diff(*against, *online, *locked))?;
    print(run, &report)?;
    Ok(ExitCode::from(if *exit_code && !report.changes.is_empty() { exit::DIFFERENCES } else { exit::DONE }))
}

/// Prints what a release would change: a unified diff for people, a list for programs.
pub(crate) fn print(run: &Run, report: &DiffReport) -> Result<(), Problems> {
    report.waivers.iter().for_each(|waiver| run.ui.status(&waiver.to_string()));
    run.ui.report(report, in_words)
}

/// Changes as a unified diff; a line when nothing changes.
pub(crate) fn in_words(report: &DiffReport) -> String {
    if report.changes.is_empty() {
        return "no differences\n".to_owned();
    }
    let mut text = String::new();
    for ObjectDiff { object, before, after } in &report.changes {
        let name = object.identity().to_string();
        let name = clean(&name);
        let (old, new) = (if before.is_empty() { "nothing" } else { &*name }, if after.is_empty() { "nothing" } else { &name });
        text.push_str(&TextDiff::from_lines(before.as_str(), after).unified_diff().context_radius(3).header(old, new).to_string());
    }
    text
}
