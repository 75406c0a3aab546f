//! `cloze doctor`

use std::fmt::Write;
use std::process::ExitCode;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::DoctorReport;
use cloze::report::VaultDiagnosis;

use crate::commands::session;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;

/// Tests the connection to each vault, to each holder of a key, to the history and to the cluster, or to the vault of that name.
pub(crate) fn doctor(run: &Run, only: Option<&str>) -> Result<ExitCode, Problems> {
    let report = run.wait(session::open(run)?.doctor(only))?;
    run.ui.report(&report, in_words)?;
    let failed = all(&report).filter(|vault| !vault.ok).count();
    let keys = if report.keys.is_empty() { String::new() } else { format!(", {}", count(report.keys.len(), "key")) };
    let beside = match (&report.history, &report.cluster) {
        (None, None) => "",
        (Some(_), None) => " and the history",
        (None, Some(_)) => " and the cluster",
        (Some(_), Some(_)) => ", the history and the cluster",
    };
    let vaults = format!("{}{keys}{beside}", count(report.vaults.len(), "vault"));
    run.ui.status(&if failed == 0 { format!("{vaults}: no problems") } else { format!("{vaults}: {failed} failed") });
    Ok(ExitCode::from(match failed {
        0 => exit::DONE,
        1 if report.history.as_ref().is_some_and(|history| !history.ok) => exit::HISTORY,
        1 if report.cluster.as_ref().is_some_and(|cluster| !cluster.ok) => exit::CHECK,
        _ => exit::VAULT,
    }))
}

/// Prints the least role that deploys the project.
pub(crate) fn role(run: &Run) -> Result<(), Problems> {
    let session = session::open(run)?;
    run.ui.text(&run.wait(async { session.role().await })?)
}

fn all(report: &DoctorReport) -> impl Iterator<Item = &VaultDiagnosis> {
    report.vaults.iter().chain(&report.keys).chain(&report.history).chain(&report.cluster)
}

fn in_words(report: &DoctorReport) -> String {
    let names = all(report).map(|vault| vault.name.len()).max().unwrap_or(0);
    let steps = all(report).flat_map(|vault| &vault.findings).map(|finding| finding.step.len()).max().unwrap_or(0);
    let mut text = String::new();
    for vault in all(report) {
        for finding in &vault.findings {
            let head = format!("{:<names$}  {:<steps$}  ", vault.name, finding.step);
            let head = clean(&head);
            let _ = match (&finding.found, &finding.reason, &finding.next) {
                (_, Some(reason), Some(next)) => {
                    writeln!(text, "{head}failed: {}\n{:width$}{}", clean(reason), "", clean(next), width = head.len())
                }
                (found, ..) => writeln!(text, "{head}{}", clean(found.as_deref().unwrap_or_default())),
            };
        }
    }
    text
}
