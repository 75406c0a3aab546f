//! What is known without a value.

use cloze::service::ServiceFault;
use cloze::vault::Vault as _;
use vault_mock::gcp::Gcp;
use vault_mock::gcp::Permission;
use vault_mock::gcp::State;

use crate::gcp::bench::seed;
use crate::gcp::bench::vault;
use crate::read::CANARY;
use crate::read::ask;

#[tokio::test]
async fn a_probe_reads_values_only_where_it_must() {
    let server = Gcp::serve(seed().secret("denied", CANARY).deny("denied")).unwrap();
    let asks = [ask("b", None, None), ask("json", Some("user"), None), ask("denied", None, None), ask("none", None, None)];
    let found = vault(&server).probe(&asks).await;
    let read: Vec<Option<bool>> = found.iter().map(|found| found.as_ref().ok().map(|found| found.read)).collect();
    assert_eq!(read, [Some(false), Some(true), None, None]);
    assert_eq!(found[2].as_ref().unwrap_err().fault, ServiceFault::Denied);
    let names: Vec<Vec<String>> = server.journal().of("AccessSecretVersion").into_iter().map(|call| call.subject.names).collect();
    assert!(!names.contains(&vec!["b".to_owned()]), "{names:?}");
    // The least privilege is to read values, and nothing else.
    let server = Gcp::serve(seed().may(&[Permission::Access])).unwrap();
    let found = vault(&server).probe(&[ask("b", None, None)]).await.remove(0).unwrap();
    assert_eq!((found.version.as_str(), found.read), ("2", true));
    // Who may see versions may not always read them.
    let server = Gcp::serve(seed().may(&[Permission::Get])).unwrap();
    assert_eq!(vault(&server).probe(&[ask("b", None, None)]).await.remove(0).unwrap_err().fault, ServiceFault::Denied);
    let server = Gcp::serve(seed()).unwrap();
    server.protocol().set("b", Some(1), State::Disabled);
    let error = vault(&server).probe(&[ask("b", None, Some("1"))]).await.remove(0).unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Gone, "version 1 of `b` is disabled"));
    assert_eq!(error.next, "enable it, add a version, or ask for another one");
}
