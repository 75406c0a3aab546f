//! From the service's address to what the credential may do.

use crate::service::Diagnostic;
use crate::service::DiagnosticStep;
use crate::service::ServiceFault;
use crate::service::http::connectivity;
use crate::vault::aws::found::try_list;
use crate::vault::aws::identity::caller;
use crate::vault::aws::link::Link;
use crate::vault::aws::link::Parts;
use crate::vault::aws::settings::Settings;

/// The steps, up to the first that fails.
pub(super) async fn examine(link: &Link, settings: &Settings, parts: &Parts<'_>) -> Vec<Diagnostic> {
    let mut findings = connectivity(&link.client).await;
    if findings.last().is_none_or(|finding| finding.outcome.is_err()) {
        return findings;
    }
    let until = link.client.until();
    let signer = match link.login.signer(None, until).await {
        Ok(signer) => signer,
        Err(error) => {
            findings.push(Diagnostic::bad(DiagnosticStep::Identity, error));
            return findings;
        }
    };
    let listing = try_list(link, until).await;
    let service = format!("{} in {}", link.service.words(), link.region);
    if let Err(Some(error)) = listing {
        if error.fault == ServiceFault::Unauthenticated {
            findings.push(Diagnostic::good(DiagnosticStep::Service, service));
            findings.push(Diagnostic::bad(DiagnosticStep::Identity, error));
        } else {
            findings.push(Diagnostic::bad(DiagnosticStep::Service, error));
        }
        return findings;
    }
    findings.push(Diagnostic::good(DiagnosticStep::Service, service));
    let source = signer.credential.source;
    let (identity, tenant) = match caller(link, &signer, settings, parts, until).await {
        Ok(caller) => (format!("{}, by {source}", caller.arn), format!("account {}, region {}", caller.account, link.region)),
        // The service itself took the credential, so it is good, wherever STS is.
        Err(_) => (format!("by {source}; AWS STS could not be asked whose it is"), format!("region {}", link.region)),
    };
    findings.push(Diagnostic::good(DiagnosticStep::Identity, identity));
    findings.push(Diagnostic::good(DiagnosticStep::Tenant, tenant));
    let end = signer.credential.expires.map_or_else(|| "the credential has no end".to_owned(), |end| format!("until {end}"));
    findings.push(Diagnostic::good(DiagnosticStep::Expiry, end));
    let listing = if listing.is_ok() { "it may list names" } else { "it may not list names, which only `cloze vault list` needs" };
    findings.push(Diagnostic::good(DiagnosticStep::Permission, format!("{listing}; what it may read shows when it reads")));
    findings
}
