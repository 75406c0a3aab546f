//! `cloze plan`

use std::process::ExitCode;

use cloze::problem::Problems;
use cloze::project::quote;
use cloze::report::PlanReport;
use cloze::wiring::RolloutRequest;

use crate::args::Plan;
use crate::commands::diff;
use crate::commands::session;
use crate::context::Run;
use crate::exit;
use crate::review::Detail;

/// Writes what a deploy would release to a file, and shows what that changes.
pub(crate) fn plan(run: &Run, asked: &Plan) -> Result<ExitCode, Problems> {
    let Plan { templates, output, locked, note, exit_code, masking } = asked;
    let session = session::of(run, templates, Some(*masking))?;
    let report = run.wait(async {
        let cluster = session.cluster(RolloutRequest { proves: true, ..RolloutRequest::default() })?;
        Box::pin(session.plan(*locked, note.as_deref(), output, cluster.as_deref())).await
    })?;
    if run.ui.is_json() {
        run.ui.report(&report, |_| String::new())?;
    } else {
        diff::print(run, &report.changes, Detail::Usual)?;
    }
    run.ui.status(&written(&report));
    Ok(ExitCode::from(if *exit_code && !report.changes.changes.is_empty() { exit::DIFFERENCES } else { exit::DONE }))
}

fn written(PlanReport { file, release, follows, .. }: &PlanReport) -> String {
    let file = quote(file);
    match follows {
        Some(follows) if follows == release => format!("wrote the plan {file}: release {release} stays as it is"),
        Some(follows) => format!("wrote the plan {file}: release {release}, as long as release {follows} is the newest"),
        None => format!("wrote the plan {file}: release {release}, as long as there is no other release"),
    }
}
