//! `cloze status`

use std::fmt::Write;
use std::time::Duration;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::FieldDrift;
use cloze::report::HealthWord;
use cloze::report::ObjectHealth;
use cloze::report::StatusReport;
use tokio::time::sleep;

use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Shows which release the cluster holds, how its objects are and what others changed; where `watch`, again whenever something is different.
pub(crate) fn status(run: &Run, watch: bool) -> Result<(), Problems> {
    let session = session::open(run)?;
    run.wait(async {
        let mut report = session.status().await?;
        show(run, &report)?;
        if !watch {
            return Ok(());
        }
        loop {
            sleep(PAUSE).await;
            let next = session.status().await?;
            if next != report {
                run.ui.again()?;
                show(run, &next)?;
            }
            report = next;
        }
    })
}

/// How long a watch waits before it looks again.
const PAUSE: Duration = Duration::from_secs(2);

fn show(run: &Run, report: &StatusReport) -> Result<(), Problems> {
    run.ui.report(report, in_words)?;
    let ready = report.objects.iter().filter(|object| object.health == HealthWord::Ready).count();
    run.ui.status(&format!("{ready} of {} ready, {}", count(report.objects.len(), "object"), count(report.others, "other object")));
    if report.drift.is_none() {
        run.ui.detail("what drifted from the release is not known without the environment's key");
    }
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
    text.push_str(&fields("no longer as the release says:", report.drift.as_deref().unwrap_or_default()));
    text.push_str(&fields("set by others:", &report.foreign));
    let unused = report.unused.iter().flat_map(|unused| &unused.removed);
    let lines: String = unused.map(|object| format!("  {}\n", clean(&object.to_string()))).collect();
    if !lines.is_empty() {
        text.push_str("used by nothing any more, so that a prune removes them:\n");
        text.push_str(&lines);
    }
    text
}

/// Fields under a heading, if there are any.
fn fields(heading: &str, fields: &[FieldDrift]) -> String {
    let line = |FieldDrift { object, field, manager }: &FieldDrift| {
        let words = match (field, manager) {
            (Some(field), Some(manager)) => format!("{field} by {manager}"),
            (Some(field), None) => format!("{field} was removed"),
            (None, _) => "is gone".to_owned(),
        };
        format!("  {}\n", clean(&format!("{object}  {words}")))
    };
    let lines: String = fields.iter().map(line).collect();
    if lines.is_empty() { lines } else { format!("{heading}\n{lines}") }
}
