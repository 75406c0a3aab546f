//! Values of all kinds come back.

use cloze::blank::SecretRef;
use cloze::secret::Secret;
use cloze::vault::Vault as _;
use tokio::runtime::Builder;
use vault_mock::aws::Aws;
use vault_mock::aws::Seed;
use vault_mock::aws::Value;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::vault;
use crate::read::one;

#[tokio::test]
async fn values_of_all_kinds_come_back() {
    let server = Aws::serve(Seed::default()).unwrap();
    let (secrets, parameters) = (vault(&server, SECRETS), vault(&server, PARAMETERS));
    let text = "zwei\nZeilen\t\"und\" \\ 'mehr' \u{0}\u{1f} é 😀 \u{feff} \u{2028}\n";
    // As large as they may be, and each character as long as it gets in JSON.
    let large = "\u{1}".repeat(65_536);
    let names: Vec<String> = (0..20).map(|number| format!("large/{number}")).collect();
    for name in &names {
        server.protocol().put(name, large.as_bytes());
    }
    let asks: Vec<SecretRef> = names.iter().map(|name| ask(name)).collect();
    assert!(secrets.fetch(&asks).await.iter().all(|answer| answer.as_ref().unwrap().value.expose() == large.as_bytes()));
    server.protocol().put("text", text.as_bytes());
    server.protocol().put_parameter("text", "SecureString", text);
    for vault in [&secrets, &parameters] {
        assert_eq!(one(vault, ask("text")).await.unwrap().value.expose(), text.as_bytes());
    }
}

#[test]
fn a_seed_can_hold_bytes() {
    let mut seed = Seed::default();
    seed.secrets.insert("bytes".to_owned(), vec![Value::Binary { binary: "AAEC".to_owned() }]);
    let server = Aws::serve(seed).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let read = runtime.block_on(one(&vault(&server, SECRETS), ask("bytes"))).unwrap();
    assert!(read.value.ct_eq(&Secret::copy_of(&[0, 1, 2])));
}
