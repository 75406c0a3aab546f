//! The walk of the doctor.

use cloze::service::DiagnosticStep;
use cloze::vault::Diagnose;
use cloze::vault::aws::AwsVault;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;

use crate::aws::bench::SECRETS;
use crate::aws::bench::seed;
use crate::aws::bench::vault;
use crate::aws::bench::with_key;

#[tokio::test]
async fn a_doctor_walks_to_the_permission() {
    let narrow = Key::new("AKIANARROW", "narrow").without("secretsmanager:ListSecrets", None);
    let plain = Key::new("AKIADEMO", "demo-secret-key");
    let server = Aws::serve(seed().key(plain.clone()).key(narrow.clone())).unwrap();
    let walk = async |vault: &AwsVault| -> Vec<(DiagnosticStep, Result<String, String>)> {
        vault.diagnose().await.into_iter().map(|finding| (finding.step, finding.outcome.map_err(|error| error.reason))).skip(3).collect()
    };
    let good = |step, words: &str| (step, Ok(words.to_owned()));
    let service = good(DiagnosticStep::Service, "AWS Secrets Manager in eu-central-1");
    let expected = |id: &str, may: &str| {
        vec![
            service.clone(),
            good(DiagnosticStep::Identity, &format!("arn:aws:iam::123456789012:user/{id}, by the environment")),
            good(DiagnosticStep::Tenant, "account 123456789012, region eu-central-1"),
            good(DiagnosticStep::Expiry, "the credential has no end"),
            good(DiagnosticStep::Permission, &format!("{may}; what it may read shows when it reads")),
        ]
    };
    assert_eq!(walk(&vault(&server, SECRETS)).await, expected("akiademo", "it may list names"));
    let may_not = "it may not list names, which only `cloze vault list` needs";
    assert_eq!(walk(&with_key(&server, SECRETS, &narrow)).await, expected("akianarrow", may_not));
    let refused = "AWS does not accept the credential (UnrecognizedClientException)".to_owned();
    let stranger = walk(&with_key(&server, SECRETS, &Key::new("AKIAX", "x"))).await;
    assert_eq!(stranger, [service.clone(), (DiagnosticStep::Identity, Err(refused))]);
    server.script(Script::always("GetCallerIdentity", Fault::status(403)));
    let walked = walk(&vault(&server, SECRETS)).await;
    assert_eq!(walked[1], good(DiagnosticStep::Identity, "by the environment; AWS STS could not be asked whose it is"));
    assert_eq!(walked[2], good(DiagnosticStep::Tenant, "region eu-central-1"));
    server.script(Script::always("List", Fault::status(404)));
    let walked = walk(&vault(&server, SECRETS)).await;
    let reason = "the vault refused the request with status 404 (ValidationException): 1 validation error detected".to_owned();
    assert_eq!(walked, [(DiagnosticStep::Service, Err(reason))]);
}
