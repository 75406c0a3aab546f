//! The walk of the doctor.

use cloze::service::DiagnosticStep;
use cloze::vault::Diagnose;
use cloze::vault::gcp::GcpVault;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::gcp::Gcp;
use vault_mock::gcp::Permission;

use crate::gcp::bench::made;
use crate::gcp::bench::seed;
use crate::gcp::bench::server;
use crate::gcp::bench::settings;
use crate::gcp::bench::user;
use crate::gcp::bench::vault;

#[tokio::test]
async fn the_walk_says_who_asks_and_ends_at_the_first_bad_step() {
    let server = server();
    let walk = async |vault: GcpVault| -> Vec<(DiagnosticStep, Result<String, String>)> {
        vault.diagnose().await.into_iter().map(|finding| (finding.step, finding.outcome.map_err(|error| error.reason))).collect()
    };
    let findings = walk(vault(&server)).await;
    let steps: Vec<DiagnosticStep> = findings.iter().map(|(step, _)| *step).collect();
    assert_eq!(
        steps,
        [
            DiagnosticStep::Resolution,
            DiagnosticStep::Connection,
            DiagnosticStep::Tls,
            DiagnosticStep::Identity,
            DiagnosticStep::Tenant,
            DiagnosticStep::Expiry,
            DiagnosticStep::Permission
        ]
    );
    let email = "reader@demo-project.iam.gserviceaccount.com";
    assert_eq!(findings[3].1, Ok(format!("the credentials given: a service account's key, {email}")));
    assert_eq!(findings[4].1, Ok("the project `demo-project`".to_owned()));
    assert!(findings[5].1.as_ref().unwrap().ends_with("0 minutes from now; others follow it"), "{findings:?}");
    assert_eq!(findings[6].1, Ok("may list the secrets of the project `demo-project`".to_owned()));
    let findings = walk(user(&server)).await;
    assert_eq!(findings[3].1, Ok("the credentials given: a user's login".to_owned()));
    server.script(Script::new("ListSecrets", 1, Fault::variant(403, "service-disabled")));
    assert!(walk(vault(&server)).await.last().unwrap().1.as_ref().unwrap_err().starts_with("Secret Manager is not enabled"));
    let narrow = Gcp::serve(seed().may(&[Permission::Access])).unwrap();
    let (step, outcome) = walk(vault(&narrow)).await.pop().unwrap();
    assert_eq!(
        (step, outcome),
        (DiagnosticStep::Permission, Ok("may not list secrets; `cloze check --online` shows whether it may read them".to_owned()))
    );
    let mut settings = settings(&server, &server.protocol().service_account(&server.url()));
    settings.project = "other-project".to_owned();
    let (step, outcome) = walk(made(settings)).await.pop().unwrap();
    assert!(step == DiagnosticStep::Permission && outcome.unwrap_err().starts_with("there is no project `other-project`, or it is closed"));
    server.protocol().revoke();
    let (step, outcome) = walk(user(&server)).await.pop().unwrap();
    assert_eq!((step, outcome), (DiagnosticStep::Identity, Err("the login at Google has expired or was revoked (status 400)".to_owned())));
}
