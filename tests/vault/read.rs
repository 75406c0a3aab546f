//! One secret, asked for and read.

use cloze::blank::SecretRef;
use cloze::service::ServiceError;
use cloze::vault::SecretValue;
use cloze::vault::Vault;

/// What a secret holds, and what nothing that is reported may hold.
pub(crate) const CANARY: &str = "canary-7Yq1";

/// What asks for a secret.
pub(crate) fn ask(name: &str, key: Option<&str>, version: Option<&str>) -> SecretRef {
    SecretRef { vault: "default".to_owned(), name: name.to_owned(), key: key.map(str::to_owned), version: version.map(str::to_owned) }
}

/// The one answer to one ask.
pub(crate) async fn one(vault: &impl Vault, ask: SecretRef) -> Result<SecretValue, ServiceError> {
    let answer = vault.fetch(&[ask]).await.remove(0);
    assert!(!format!("{answer:?}").contains(CANARY), "{answer:?}");
    answer
}
