//! `cloze status`

use std::fmt::Write;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::HealthWord;
use cloze::report::ObjectHealth;
use cloze::report::StatusReport;

use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Shows which release the cluster holds, and how its objects are.
pub(crate) fn status(run: &Run) -> Result<(), Problems> {
    let report = run.wait(session::open(run)?.status())?;
    run.ui.report(&report, in_words)?;
    let ready = report.objects.iter().filter(|object| object.health == HealthWord::Ready).count();
    run.ui.status(&format!("{ready} of {} ready, {}", count(report.objects.len(), "object"), count(report.others, "other object")));
    Ok(())
}

fn in_words(report: &StatusReport) -> String {
    let held = match report.release {
        Some(release) => format!("release {release} is in the cluster {}", report.cluster),
        None => format!("nothing is in the cluster {} yet", report.cluster),
    };
    let newer = match &report.recorded {
        Some(newest) if Some(newest.release) != report.release => {
            format!("; the newest one recorded is {} ({})", newest.release, newest.outcome)
        }
        _ => String::new(),
    };
    let mut text = format!("{}\n", clean(&format!("{held}{newer}")));
    let width = report.objects.iter().map(|one| one.object.to_string().len()).max().unwrap_or(0);
    for ObjectHealth { object, health, reason } in &report.objects {
        let health = match health {
            HealthWord::Ready => "ready",
            HealthWord::Progressing => "progressing",
            HealthWord::Stuck => "stuck",
            HealthWord::Failed => "failed",
        };
        let row = format!("{health:<11}  {:<width$}  {}", object.to_string(), reason.as_deref().unwrap_or_default());
        let _ = writeln!(text, "{}", clean(row.trim_end()));
    }
    text
}
