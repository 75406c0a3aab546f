//! The steps to the store of the history.

use crate::history::HistoryStore;
use crate::history::Reader;
use crate::problem::Problem;
use crate::project::HistoryUrl;
use crate::report::VaultDiagnosis;
use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::wiring::Session;
use crate::wiring::session::secrets::broken;
use crate::workflow::access::owner;

impl Session<'_> {
    /// The steps to the history, as far as they go well. Needs no key. Leaves nothing but, where it may not be removed, the object by which the
    /// store shows that it creates nothing twice.
    pub(super) async fn diagnose_history(&self) -> VaultDiagnosis {
        let name = "history".to_owned();
        let store = match self.store() {
            Ok(store) => store,
            Err(problem) => return VaultDiagnosis::new(name, String::new(), &[broken(problem)]),
        };
        let mut findings = Vec::new();
        if let Err(failed) = self.walk(store, &mut findings).await {
            findings.push(failed);
        }
        VaultDiagnosis::new(name, store.to_string(), &findings)
    }

    async fn walk(&self, store: &dyn HistoryStore, findings: &mut Vec<Diagnostic>) -> Result<(), Diagnostic> {
        let reader = Reader::new(store, owner(&self.settings));
        let newest = reader.newest().await.map_err(|error| failed(DiagnosticStep::Connection, error))?;
        let releases = if newest == 0 { "no releases yet".to_owned() } else { format!("release {newest} is the newest") };
        findings.push(Diagnostic::good(DiagnosticStep::Connection, format!("{store}: {releases}")));
        reader.check_owner().await.map_err(|error| failed(DiagnosticStep::Service, error))?;
        let id = reader.store_id().await.map_err(|error| failed(DiagnosticStep::Service, error))?;
        let whose = id.as_ref().map_or_else(|| "nobody's yet".to_owned(), |id| format!("that of {}, store id {id}", reader.owner()));
        findings.push(Diagnostic::good(DiagnosticStep::Service, whose));
        // What is not there yet is not made for this.
        if id.is_none() && matches!(self.settings.history.url, HistoryUrl::Directory(_)) {
            findings.push(Diagnostic::good(DiagnosticStep::Permission, "not tried: the first deploy makes the directory"));
            return Ok(());
        }
        let removes = reader.try_out(self.ports.entropy.as_ref()).await.map_err(|error| failed(DiagnosticStep::Permission, error))?;
        let rights = if removes {
            "it may list, get, create and remove; what exists is not created again"
        } else {
            "it may list, get and create, not remove, which only `prune` needs; what exists is not created again"
        };
        findings.push(Diagnostic::good(DiagnosticStep::Permission, rights));
        if let HistoryUrl::Cluster(url) = &self.settings.history.url {
            let first = reader.first().await.map_err(|error| failed(DiagnosticStep::Backup, error))?;
            let releases = (newest + 1).saturating_sub(first.min(newest + 1));
            let words =
                format!("with the cluster its {releases} releases would be lost: `cloze history copy {url} URL` keeps them elsewhere");
            findings.push(Diagnostic::good(DiagnosticStep::Backup, words));
        }
        Ok(())
    }
}

fn failed(step: DiagnosticStep, error: impl Into<Problem>) -> Diagnostic {
    let problem = error.into();
    let reason = problem.to_string();
    Diagnostic::bad(step, ServiceError { fault: ServiceFault::Unavailable, reason, next: problem.next })
}
