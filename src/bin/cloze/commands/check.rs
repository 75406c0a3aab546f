//! `cloze check`

use cloze::problem::Problems;
use cloze::report::CheckReport;
use cloze::report::document;

use crate::args::Templates;
use crate::commands::session;
use crate::context::Run;
use crate::ui::count;

/// Reports every problem of the project, or how many objects have none; asks the vaults, too, where `online`.
pub(crate) fn check(run: &Run, templates: &Templates, online: bool, locked: bool) -> Result<(), Problems> {
    let session = session::of(run, templates, None)?;
    let report = if online { run.wait(session.check_online(locked))? } else { session.check()? };
    if run.ui.is_json() {
        return run.ui.json(&document(&report));
    }
    report.waivers.iter().for_each(|waiver| run.ui.status(&waiver.to_string()));
    run.ui.status(&in_words(&report));
    Ok(())
}

fn in_words(report: &CheckReport) -> String {
    let warnings = if report.warnings == 0 { String::new() } else { format!(", {}", count(report.warnings, "warning")) };
    format!("{}: {}, no problems{warnings}", report.environment, count(report.objects, "object"))
}
