//! `cloze doctor`

use std::collections::BTreeMap;
use std::fmt::Write;
use std::process::ExitCode;
use std::sync::Arc;

use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::service::Diagnostic;
use cloze::service::ServiceError;
use cloze::service::ServiceFault;
use cloze::service::Step;
use cloze::vault::Vault;
use futures::future::join_all;
use serde_json::Value;
use serde_json::json;

use crate::args::Values;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;

/// A vault and what the walk to it found.
struct Walk {
    name: String,
    /// What the vault is; empty where it could not be set up.
    vault: String,
    findings: Vec<Diagnostic>,
}

/// Walks to each vault, or the one of that name, and tells each step.
pub(crate) fn doctor(run: &Run, only: Option<&str>) -> Result<ExitCode, Problems> {
    let desk = Desk::open(run, &Values::default())?.unlock()?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let walks = run.wait(async {
        let patients = wiring.examined(only, &store).await?;
        let good = |(name, vault): &(String, Result<Arc<dyn Vault>, Problems>)| Some((name.clone(), Arc::clone(vault.as_ref().ok()?)));
        let vaults: BTreeMap<String, Arc<dyn Vault>> = patients.iter().filter_map(good).collect();
        closing(run, &vaults, async { Ok(join_all(patients.into_iter().map(|(name, vault)| walk(name, vault))).await) }).await
    })?;
    let failed = walks.iter().filter(|walk| walk.failed()).count();
    if run.ui.is_json() {
        run.ui.json(&json!({ "vaults": walks.iter().map(in_json).collect::<Vec<Value>>() }))?;
    } else {
        run.ui.text(&in_words(&walks))?;
        let vaults = crate::ui::count(walks.len(), "vault");
        run.ui.status(&if failed == 0 { format!("{vaults}: no problem") } else { format!("{vaults}: {failed} failed") });
    }
    Ok(ExitCode::from(if failed == 0 { exit::DONE } else { exit::VAULT }))
}

async fn walk(name: String, vault: Result<Arc<dyn Vault>, Problems>) -> Walk {
    match vault {
        Ok(vault) => Walk { name, vault: vault.to_string(), findings: vault.examine().await },
        Err(failed) => Walk { name, vault: String::new(), findings: failed.into_list().into_iter().map(broken).collect() },
    }
}

/// What is wrong with how a vault is set up, as its only step.
fn broken(problem: Problem) -> Diagnostic {
    let reason = problem.to_string();
    Diagnostic { step: Step::Setup, outcome: Err(ServiceError { fault: ServiceFault::Unavailable, reason, next: problem.next }) }
}

impl Walk {
    fn failed(&self) -> bool {
        self.findings.iter().any(|finding| finding.outcome.is_err())
    }
}

fn in_words(walks: &[Walk]) -> String {
    let names = walks.iter().map(|walk| walk.name.len()).max().unwrap_or(0);
    let steps = walks.iter().flat_map(|walk| &walk.findings).map(|finding| finding.step.to_string().len()).max().unwrap_or(0);
    let mut text = String::new();
    for Walk { name, findings, .. } in walks {
        for Diagnostic { step, outcome } in findings {
            let head = format!("{name:<names$}  {:<steps$}  ", step.to_string());
            let head = clean(&head);
            let _ = match outcome {
                Ok(words) => writeln!(text, "{head}{}", clean(words)),
                Err(ServiceError { reason, next, .. }) => {
                    writeln!(text, "{head}failed: {}\n{:width$}{}", clean(reason), "", clean(next), width = head.len())
                }
            };
        }
    }
    text
}

fn in_json(walk: &Walk) -> Value {
    let finding = |Diagnostic { step, outcome }: &Diagnostic| match outcome {
        Ok(words) => json!({ "step": step.to_string(), "ok": true, "found": words }),
        Err(error) => json!({ "step": step.to_string(), "ok": false, "reason": error.reason, "next": error.next }),
    };
    let findings: Vec<Value> = walk.findings.iter().map(finding).collect();
    json!({ "name": walk.name, "vault": walk.vault, "ok": !walk.failed(), "findings": findings })
}
