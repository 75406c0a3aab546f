//! `cloze check`

use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::CheckReport;
use cloze::report::ProbedSecrets;
use cloze::report::WaiverReport;
use cloze::report::document;
use cloze::stage::probe::Probe;
use cloze::workflow::lock;
use cloze::workflow::online;
use cloze::workflow::prepare::prepare;
use cloze::workflow::review::Review;
use cloze::workflow::review::review;

use crate::args::Templates;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::ui::count;

/// Reports every problem of the project, or how many objects have none.
pub(crate) fn check(run: &Run, templates: &Templates) -> Result<(), Problems> {
    let desk = Desk::open(run, &templates.values)?.strict(templates.strict);
    let review = review(&desk.workbench())?;
    report(run, &desk, &review, None)
}

/// The same, and asks the vaults whether every secret is there.
pub(crate) fn check_online(run: &Run, templates: &Templates, locked: bool) -> Result<(), Problems> {
    let desk = Desk::open(run, &templates.values)?.strict(templates.strict).unlock()?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let workbench = desk.workbench();
    let lock = if locked { Some(lock::load(&workbench)?) } else { None };
    let (review, probe) = run.wait(async {
        let prepared = prepare(&workbench)?;
        let vaults = wiring.named_vaults(&prepared.vaults(), &store).await?;
        closing(run, &vaults, online::check_online(&workbench, prepared, &vaults, lock.as_ref())).await
    })?;
    report(run, &desk, &review, Some(&probe))
}

fn report(run: &Run, desk: &Desk<'_>, review: &Review, probe: Option<&Probe>) -> Result<(), Problems> {
    let warnings: Vec<&Problem> = review.warnings.iter().chain(probe.iter().flat_map(|probe| &probe.warnings)).collect();
    for warning in &warnings {
        run.ui.warn(warning);
    }
    let report = CheckReport {
        project: desk.settings.project.clone(),
        environment: desk.settings.environment.clone(),
        objects: review.objects.len(),
        warnings: warnings.len(),
        waivers: review.waivers.iter().map(WaiverReport::from).collect(),
        secrets: probe.map(Probe::counts).map(|(found, read)| ProbedSecrets { found, read }),
    };
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
