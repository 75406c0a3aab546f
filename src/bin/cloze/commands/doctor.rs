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

/// Tests the connection to each vault, to each holder of a key and to the history, or to the vault of that name.
pub(crate) fn doctor(run: &Run, only: Option<&str>) -> Result<ExitCode, Problems> {
    let report = run.wait(session::open(run)?.doctor(only))?;
    run.ui.report(&report, in_words)?;
    let failed = all(&report).filter(|vault| !vault.ok).count();
    let keys = if report.keys.is_empty() { String::new() } else { format!(", {}", count(report.keys.len(), "key")) };
    let history = if report.history.is_some() { " and the history" } else { "" };
    let vaults = format!("{}{keys}{history}", count(report.vaults.len(), "vault"));
    run.ui.status(&if failed == 0 { format!("{vaults}: no problems") } else { format!("{vaults}: {failed} failed") });
    Ok(ExitCode::from(match failed {
        0 => exit::DONE,
        1 if report.history.as_ref().is_some_and(|history| !history.ok) => exit::HISTORY,
        _ => exit::VAULT,
    }))
}

fn all(report: &DoctorReport) -> impl Iterator<Item = &VaultDiagnosis> {
    report.vaults.iter().chain(&report.keys).chain(&report.history)
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
