//! Lists of names, and prefixes.

use cloze::service::ServiceFault;
use cloze::vault::ListSecrets;
use cloze::vault::Vault as _;
use vault_mock::Fault;
use vault_mock::Script;
use vault_mock::aws::Aws;
use vault_mock::aws::Seed;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::environment;
use crate::aws::bench::settings;
use crate::aws::bench::vault;
use crate::aws::bench::with;

#[tokio::test]
async fn lists_come_in_pages_below_prefixes() {
    let mut seed = Seed::default();
    for number in 0..250 {
        seed = seed.secret(&format!("shop/{number:03}"), "v").parameter(&format!("/shop/{number:03}"), "v");
    }
    let server = Aws::serve(seed.secret("shopping", "v").secret("/x", "v").parameter("shop", "v").parameter("/shopping", "v")).unwrap();
    for (service, all, calls, below) in [(SECRETS, 252, 3, 250), (PARAMETERS, 252, 6, 251)] {
        server.journal().clear();
        let listed = vault(&server, service).list().await.unwrap();
        assert_eq!((listed.len(), server.journal().count()), (all, calls));
        assert!(listed.is_sorted_by_key(|listed| listed.name.clone()));
        assert!(listed.iter().all(|listed| listed.version.is_some() && !listed.removed));
        let mut settings = settings(&server, service);
        settings.prefixes = vec!["shop/".to_owned()];
        settings.environment = environment(server.protocol().key());
        let vault = with(settings);
        assert_eq!(vault.list().await.unwrap().len(), below);
        let errors = vault.fetch(&[ask("shopping"), ask("shop/000"), ask(&server.protocol().arn("shopping"))]).await;
        let error = errors[0].as_ref().unwrap_err();
        assert_eq!(
            (error.fault, error.reason.as_str()),
            (ServiceFault::BadName, "`shopping` is outside the prefixes that the project allows: `shop`")
        );
        assert!(errors[1].is_ok() && errors[2].is_err());
    }
    server.protocol().delete("shopping");
    let removed = vault(&server, SECRETS).list().await.unwrap().into_iter().find(|listed| listed.removed).unwrap();
    assert_eq!(removed.name, "shopping");
    let loops = r#"{"SecretList": [], "NextToken": "page-100"}"#.to_owned();
    server.script(Script::always("", Fault::Body { code: 200, text: loops }));
    let error = vault(&server, SECRETS).list().await.unwrap_err();
    assert_eq!(error.reason, "the vault's answer is not that of AWS Secrets Manager: a page that leads to itself");
    server.heal();
    server.script(Script::always("", Fault::status(403)));
    let error = vault(&server, SECRETS).list().await.unwrap_err();
    assert_eq!(
        (error.fault, error.reason.as_str()),
        (ServiceFault::Denied, "the credential may not do `secretsmanager:ListSecrets` with this: denied")
    );
}
