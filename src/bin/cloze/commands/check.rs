//! `cloze check`

use cloze::problem::Problems;
use cloze::story::review::review;
use serde_json::json;

use crate::args::Values;
use crate::commands::desk::Desk;
use crate::commands::render::waivers;
use crate::run::Run;

/// Reports every problem of the project; says how much was found good.
pub(crate) fn check(run: &Run, values: &Values) -> Result<(), Problems> {
    let desk = Desk::open(run, values)?;
    let review = review(&desk.workbench())?;
    for warning in &review.warnings {
        run.ui.warn(warning);
    }
    if run.ui.is_json() {
        return run.ui.json(&json!({
            "environment": desk.settings.environment,
            "objects": review.objects.len(),
            "warnings": review.warnings.len(),
            "waivers": waivers(&review),
        }));
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
