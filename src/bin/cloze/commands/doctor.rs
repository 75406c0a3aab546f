//! `cloze doctor`

use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::DoctorReport;
use cloze::report::VaultDiagnosis;
use cloze::service::Diagnostic;
use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::service::Step;
use cloze::vault::Adapter;
use cloze::wiring::OpenVaults;
use cloze::wiring::Wiring;
use futures::future::join_all;

use crate::args::Values;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;
use crate::ui::count;

/// Tests the connection to each vault, or to the one of that name.
pub(crate) fn doctor(run: &Run, only: Option<&str>) -> Result<ExitCode, Problems> {
    let desk = Desk::open(run, &Values::default())?.unlock()?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let vaults = run.wait(async {
        let examined = wiring.examined(only, &store).await?;
        let good = |(name, vault): &(String, Result<Arc<dyn Adapter>, Problems>)| Some((name.clone(), Arc::clone(vault.as_ref().ok()?)));
        let open: OpenVaults = examined.iter().filter_map(good).collect();
        closing(run, &open, async { Ok(join_all(examined.into_iter().map(|(name, vault)| diagnosis(&wiring, name, vault))).await) }).await
    })?;
    let report = DoctorReport { project: desk.settings.project.clone(), environment: desk.settings.environment.clone(), vaults };
    run.ui.report(&report, in_words)?;
    let failed = report.vaults.iter().filter(|vault| !vault.ok).count();
    let vaults = count(report.vaults.len(), "vault");
    run.ui.status(&if failed == 0 { format!("{vaults}: no problems") } else { format!("{vaults}: {failed} failed") });
    Ok(ExitCode::from(if failed == 0 { exit::DONE } else { exit::VAULT }))
}

async fn diagnosis(wiring: &Wiring<'_>, name: String, vault: Result<Arc<dyn Adapter>, Problems>) -> VaultDiagnosis {
    #[cfg(feature = "http")]
    let trust = wiring.trust_step(&name);
    #[cfg(not(feature = "http"))]
    let (trust, _) = (None::<Diagnostic>, wiring);
    // Nothing was sent to a server that is not trusted.
    if let Some(refused) = trust.as_ref().filter(|trust| trust.outcome.is_err()) {
        return VaultDiagnosis::new(name, String::new(), std::slice::from_ref(refused));
    }
    let (words, findings) = match vault {
        Ok(vault) => (vault.to_string(), vault.diagnose().await),
        Err(failed) => (String::new(), failed.into_list().into_iter().map(broken).collect()),
    };
    VaultDiagnosis::new(name, words, &trust.into_iter().chain(findings).collect::<Vec<_>>())
}

/// What is wrong with the setup of a vault, as its only step.
fn broken(problem: Problem) -> Diagnostic {
    let reason = problem.to_string();
    Diagnostic { step: Step::Setup, outcome: Err(ServiceError { fault: ServiceFault::Unavailable, reason, next: problem.next }) }
}

fn in_words(report: &DoctorReport) -> String {
    let names = report.vaults.iter().map(|vault| vault.name.len()).max().unwrap_or(0);
    let steps = report.vaults.iter().flat_map(|vault| &vault.findings).map(|finding| finding.step.len()).max().unwrap_or(0);
    let mut text = String::new();
    for vault in &report.vaults {
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
