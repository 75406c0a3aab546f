//! From the service's address to what the credential may do.

use crate::vault::Finding;
use crate::vault::Step;
use crate::vault::VaultFault;
use crate::vault::aws::found::try_list;
use crate::vault::aws::identity::caller;
use crate::vault::aws::identity::source;
use crate::vault::aws::keys::expiry;
use crate::vault::aws::link::Link;
use crate::vault::aws::link::Parts;
use crate::vault::http::reach;

/// The steps, up to the first that fails.
pub(super) async fn examine(link: &Link, parts: &Parts<'_>) -> Vec<Finding> {
    let mut findings = reach(&link.exchange).await;
    if findings.last().is_none_or(|finding| finding.outcome.is_err()) {
        return findings;
    }
    let until = link.exchange.until();
    let credentials = match link.keys.get(until).await {
        Ok(credentials) => credentials,
        Err(error) => {
            findings.push(Finding::bad(Step::Identity, error));
            return findings;
        }
    };
    let listing = try_list(link, until).await;
    let service = format!("{} in {}", link.service.words(), link.region);
    if let Err(Some(error)) = listing {
        if error.fault == VaultFault::Unauthenticated {
            findings.push(Finding::good(Step::Service, service));
            findings.push(Finding::bad(Step::Identity, error));
        } else {
            findings.push(Finding::bad(Step::Service, error));
        }
        return findings;
    }
    findings.push(Finding::good(Step::Service, service));
    let source = source(&credentials);
    let (identity, tenant) = match caller(link, parts, until).await {
        Ok(caller) => (format!("{}, by {source}", caller.arn), format!("account {}, region {}", caller.account, link.region)),
        // The service itself took the credential, so it is good, wherever STS is.
        Err(_) => (format!("by {source}; AWS STS could not be asked whose it is"), format!("region {}", link.region)),
    };
    findings.push(Finding::good(Step::Identity, identity));
    findings.push(Finding::good(Step::Tenant, tenant));
    let end = expiry(&credentials).map_or_else(|| "the credential has no end".to_owned(), |end| format!("until {end}"));
    findings.push(Finding::good(Step::Expiry, end));
    let listing = if listing.is_ok() { "it may list names" } else { "it may not list names, which only `cloze vault list` needs" };
    findings.push(Finding::good(Step::Permission, format!("{listing}; what it may read shows when it reads")));
    findings
}
