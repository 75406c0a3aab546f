//! Settings that cannot work, and those that lack a region.

use std::sync::Arc;

use cloze::clock::Machine;
use cloze::identity::ToolEnvironment;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceFault;
use cloze::service::http::Authorities;
use cloze::vault::Close;
use cloze::vault::Diagnose;
use cloze::vault::ListSecrets;
use cloze::vault::Vault as _;
use cloze::vault::aws::AwsVault;
use cloze::vault::aws::Settings;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::read::one;

#[test]
fn settings_that_cannot_work_are_refused() {
    let refused = |change: fn(&mut Settings)| {
        let mut settings = Settings::new(SECRETS);
        change(&mut settings);
        AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap_err().reason
    };
    assert_eq!(
        refused(|settings| settings.region = Some("eu-central-1.evil.example".to_owned())),
        "the region is not valid: regions are written like `eu-central-1`"
    );
    assert_eq!(
        refused(|settings| settings.endpoint = Some("http://moto:5000".to_owned())),
        "the endpoint cannot be used: plain http would show the token to the network"
    );
    assert_eq!(
        refused(|settings| settings.prefixes = vec!["a b".to_owned()]),
        "a prefix cannot be used: a secret's name begins with `a` and has ' '; it is made of letters, digits and `/` `_` `+` `=` `.` `@` `!` `-`"
    );
    assert_eq!(refused(|settings| settings.prefixes = vec!["arn:aws".to_owned()]), "a prefix cannot be used: it is an ARN");
    assert_eq!(
        refused(|settings| settings.transport.authorities = Some(Authorities { pem: b"canary".to_vec(), source: "`ca.pem`".to_owned() })),
        "the file of authorities `ca.pem` has no certificate"
    );
}

#[tokio::test]
async fn a_vault_without_a_region_says_so() {
    let mut settings = Settings::new(PARAMETERS);
    let pairs = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret"), ("AWS_EC2_METADATA_DISABLED", "true")];
    settings.environment = Arc::new(ToolEnvironment::collect(pairs.map(|(name, value)| (name.into(), value.into())), None));
    let vault = AwsVault::new(settings, Arc::new(Machine), Arc::new(Machine)).unwrap();
    assert_eq!(vault.to_string(), "AWS Parameter Store");
    let error = one(&vault, ask("/a")).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Unavailable, "no AWS region is set"));
    assert_eq!(vault.diagnose().await[0].step, DiagnosticStep::Setup);
    assert_eq!(vault.probe(&[ask("/a")]).await[0].as_ref().unwrap_err().reason, "no AWS region is set");
    assert!(vault.list().await.is_err());
    assert!(vault.close().await.is_ok() && vault.close().await.is_ok());
}
