//! `cloze check`

use cloze::problem::Problems;
use cloze::stage::probe::Probe;
use cloze::workflow::lock;
use cloze::workflow::online;
use cloze::workflow::prepare::prepare;
use cloze::workflow::review::Review;
use cloze::workflow::review::review;
use serde_json::json;

use crate::args::Values;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::commands::render::waivers;
use crate::context::Run;

/// Reports every problem of the project; says how much was found good.
pub(crate) fn check(run: &Run, values: &Values) -> Result<(), Problems> {
    let desk = Desk::open(run, values)?;
    let review = review(&desk.workbench())?;
    tell(run, &desk, &review, None)
}

/// The same, and asks the vaults whether every secret is there.
pub(crate) fn check_online(run: &Run, values: &Values, locked: bool) -> Result<(), Problems> {
    let desk = Desk::open(run, values)?.unlock()?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let workbench = desk.workbench();
    let lock = if locked { Some(lock::load(&workbench)?) } else { None };
    let (review, probe) = run.wait(async {
        let prepared = prepare(&workbench)?;
        let vaults = wiring.named_vaults(&prepared.vaults(), &store).await?;
        closing(run, &vaults, online::check_online(&workbench, prepared, &vaults, lock.as_ref())).await
    })?;
    tell(run, &desk, &review, Some(&probe))
}

fn tell(run: &Run, desk: &Desk<'_>, review: &Review, probe: Option<&Probe>) -> Result<(), Problems> {
    let warnings = || review.warnings.iter().chain(probe.iter().flat_map(|probe| &probe.warnings));
    warnings().for_each(|warning| run.ui.warn(warning));
    if run.ui.is_json() {
        let mut report = json!({
            "environment": desk.settings.environment,
            "objects": review.objects.len(),
            "warnings": warnings().count(),
            "waivers": waivers(review),
        });
        if let Some(probe) = probe {
            let (secrets, read) = probe.counts();
            report["secrets"] = json!({ "found": secrets, "read": read });
        }
        return run.ui.json(&report);
    }
    for waiver in &review.waivers {
        run.ui.status(&format!("{}", crate::commands::render::Waived(waiver)));
    }
    run.ui.status(&format!(
        "{} of environment {}: no problem",
        crate::ui::count(review.objects.len(), "object"),
        desk.settings.environment
    ));
    Ok(())
}
