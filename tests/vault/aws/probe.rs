//! What is known without a value.

use cloze::blank::SecretRef;
use cloze::service::ServiceFault;
use cloze::vault::Vault as _;
use vault_mock::aws::Aws;
use vault_mock::aws::Key;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::pinned;
use crate::aws::bench::seed;
use crate::aws::bench::with_key;
use crate::read::CANARY;

#[tokio::test]
async fn a_probe_reads_only_where_describing_is_not_enough() {
    let denied = Key::new("AKIAX", "secret-x").without("secretsmanager:DescribeSecret", None).without("ssm:DescribeParameters", None);
    let plain = Key::new("AKIADEMO", "demo-secret-key");
    let mut seed = seed().secret("gone", CANARY).secret("j", r#"{"k": "v"}"#).key(plain.clone()).key(denied.clone());
    seed.deleted = vec!["gone".to_owned()];
    let server = Aws::serve(seed).unwrap();
    let keyed = |name: &str, key: &str| SecretRef { key: Some(key.to_owned()), ..ask(name) };
    let asks = [ask("a"), ask("absent"), ask("gone"), keyed("j", "k"), keyed("j", "x"), ask("not a name")];
    for (key, reads) in [(&plain, false), (&denied, true)] {
        let vault = with_key(&server, SECRETS, key);
        server.journal().clear();
        let (probed, fetched) = (vault.probe(&asks).await, vault.fetch(&asks).await);
        for (probed, fetched) in probed.iter().zip(&fetched) {
            match (probed, fetched) {
                (Ok(found), Ok(fetched)) => assert_eq!(found.version, fetched.version),
                (Err(one), Err(other)) => assert_eq!((one.fault, &one.reason), (other.fault, &other.reason)),
                (one, other) => assert_eq!(one.is_ok(), other.is_ok(), "{one:?} {other:?}"),
            }
        }
        assert_eq!((probed[0].as_ref().unwrap().read, probed[3].as_ref().unwrap().read), (reads, true));
        let vault = with_key(&server, PARAMETERS, key);
        let probed = vault.probe(&[ask("/a"), ask("/absent"), pinned("/a", "2")]).await;
        // A `SecureString` that is not decrypted is no value.
        assert!(!probed[0].as_ref().unwrap().read);
        for found in &probed[1..] {
            assert_eq!(found.as_ref().unwrap_err().fault, ServiceFault::NotFound);
        }
    }
}
