//! Refusals, passing faults, patience, and values that are damaged on the way.

use cloze::service::ServiceFault;
use vault_mock::Fault;

use crate::gcp::bench::one_fault;
use crate::gcp::bench::says;
use crate::read::CANARY;

#[tokio::test]
async fn refusals_are_told_apart_and_not_repeated() {
    use ServiceFault::{Denied, Gone, NotFound, Unauthenticated, Unavailable};
    let token = "Google does not accept the token: Request had invalid authentication credentials. Expected OAuth 2 access token, login \
                 cookie or other valid authentication credential";
    one_fault().fails_after(Fault::status(401), Unauthenticated, token, 1).await;
    let version = "projects/123456789012/secrets/any/versions/1";
    let lacks = format!(
        "the identity lacks `secretmanager.versions.access` for `b`: Permission 'secretmanager.versions.access' denied for resource \
         '{version}' (or it may not exist)"
    );
    one_fault().fails_after(Fault::status(403), Denied, &lacks, 1).await;
    let disabled = "Secret Manager is not enabled in the project `demo-project`, or in the one that pays for the login: Secret Manager \
                    API has not been used in project 123456789012 before or it is disabled";
    one_fault().fails_after(says(403, "service-disabled"), Denied, disabled, 1).await;
    let billing = "the project `demo-project` has no billing account: This API method requires billing to be enabled. Please enable \
                   billing on project #123456789012";
    one_fault().fails_after(says(403, "billing-disabled"), Denied, billing, 1).await;
    let closed = "there is no project `demo-project`, or it is closed to this identity: Permission denied on resource project demo-project";
    one_fault().fails_after(says(403, "consumer-invalid"), Denied, closed, 1).await;
    let scope = "the token was not made for Secret Manager: Request had insufficient authentication scopes";
    one_fault().fails_after(says(403, "scope"), Denied, scope, 1).await;
    let perimeter = "a perimeter of VPC Service Controls keeps this machine out: Request is prohibited by organization's policy. \
                     vpcServiceControlsUniqueIdentifier: 1";
    one_fault().fails_after(says(403, "perimeter"), Denied, perimeter, 1).await;
    let missing = "the latest version of `b` is not there: Secret [projects/123456789012/secrets/any] not found or has no versions";
    one_fault().fails_after(Fault::status(404), NotFound, missing, 1).await;
    let off = format!("the latest version of `b` is disabled: Secret Version [{version}] is in DISABLED state");
    one_fault().fails_after(says(400, "disabled"), Gone, &off, 1).await;
    let off = format!("the latest version of `b` was destroyed: Secret Version [{version}] is in DESTROYED state");
    one_fault().fails_after(says(400, "destroyed"), Gone, &off, 1).await;
    let invalid = "Secret Manager refused the request with status 400: Request contains an invalid argument";
    one_fault().fails_after(Fault::status(400), Unavailable, invalid, 1).await;
    one_fault()
        .fails_after(Fault::worded(418, "\u{1b}[31mno\n"), Unavailable, "Secret Manager refused the request with status 418: [31mno", 1)
        .await;
    one_fault().fails_after(Fault::status(501), Unavailable, "Secret Manager failed with status 501: Unknown error", 1).await;
    // Bodies that are no errors of Google's are not shown.
    one_fault()
        .fails_after(
            Fault::Body { code: 403, text: CANARY.to_owned() },
            Denied,
            "the identity lacks `secretmanager.versions.access` for `b`",
            1,
        )
        .await;
}

#[tokio::test]
async fn passing_faults_are_tried_four_times_and_pass() {
    use ServiceFault::Unavailable;
    one_fault().fails_after(Fault::status(500), Unavailable, "Secret Manager failed with status 500: Internal error encountered", 4).await;
    one_fault()
        .fails_after(Fault::status(503), Unavailable, "Secret Manager failed with status 503: The service is currently unavailable", 4)
        .await;
    let broken = "the connection to the vault broke before the answer was complete";
    one_fault().fails_after(Fault::Reset, Unavailable, broken, 4).await;
    one_fault().fails_after(Fault::Truncated, Unavailable, broken, 4).await;
    for fault in [Fault::status(500), Fault::status(503), Fault::status(504), Fault::Reset, Fault::Truncated] {
        one_fault().recovers(3, fault).await;
    }
    one_fault().recovers(1, Fault::throttled(0)).await;
    one_fault().recovers(1, Fault::status(429)).await;
}

#[tokio::test]
async fn patience_ends_at_the_deadline() {
    let (outcome, count) = one_fault().under(None, Fault::status(429)).await;
    let error = outcome.unwrap_err();
    let reason =
        "Google is rate limiting requests: Quota exceeded for quota metric 'Access requests' and limit 'Access requests per minute'";
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::RateLimited, reason));
    assert!((2..=4).contains(&count), "{count}");
    one_fault().fails_after(Fault::Delay { ms: 60_000 }, ServiceFault::Unavailable, "the vault did not answer within 3 s", 1).await;
}

#[tokio::test]
async fn a_damaged_value_is_asked_for_once_more() {
    one_fault().recovers(1, Fault::WrongCrc).await;
    let reason = "the latest version of `b` was damaged on the way: it does not have the checksum that came with it";
    one_fault().fails_after(Fault::WrongCrc, ServiceFault::Unavailable, reason, 2).await;
}
