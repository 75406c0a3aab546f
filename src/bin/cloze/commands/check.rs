//! `cloze check`

use std::process::ExitCode;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::CheckAllReport;
use cloze::report::CheckReport;
use cloze::report::EnvironmentCheck;
use cloze::report::document;
use cloze::wiring::Session;

use crate::args::CheckArgs;
use crate::commands::session;
use crate::context::Run;
use crate::ui::Ui;

/// Reports every problem of the project, or how many objects have none; asks the vaults, too, with `--online`.
pub(crate) fn check(run: &Run, asked: &CheckArgs) -> Result<(), Problems> {
    let report = examine(run, &session::of(run, &asked.templates, None)?, asked)?;
    if run.ui.is_json() {
        return run.ui.json(&document(&report));
    }
    print(&run.ui, &report);
    Ok(())
}

/// The same for every environment, one after the other.
pub(crate) fn check_all(run: &Run, asked: &CheckArgs) -> Result<ExitCode, Problems> {
    let mut environments = Vec::new();
    let (project, code) = session::every(run, &asked.templates.values, |ui, environment, session| {
        let checked = session.and_then(|session| examine(run, &session.strict(asked.templates.strict), asked));
        let problems = checked.as_ref().err().map_or(0, |problems| problems.list().len());
        let (check, outcome) = match checked {
            Ok(report) => {
                print(ui, &report);
                (Some(report), Ok(()))
            }
            Err(failed) => (None, Err(failed)),
        };
        environments.push(EnvironmentCheck { environment, problems, check });
        outcome
    })?;
    if run.ui.is_json() {
        run.ui.json(&document(&CheckAllReport { project, environments }))?;
    }
    Ok(code)
}

fn examine(run: &Run, session: &Session<'_>, asked: &CheckArgs) -> Result<CheckReport, Problems> {
    if asked.online { run.wait(session.check_online(asked.locked)) } else { session.check() }
}

fn print(ui: &Ui, report: &CheckReport) {
    report.waivers.iter().for_each(|waiver| ui.status(&waiver.to_string()));
    let warnings = if report.warnings == 0 { String::new() } else { format!(", {}", count(report.warnings, "warning")) };
    ui.status(&format!("{}: {}, no problems{warnings}", report.environment, count(report.objects, "object")));
}
