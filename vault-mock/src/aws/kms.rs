//! KMS: `Encrypt` and `Decrypt` with symmetric keys (docs.aws.amazon.com/kms/latest/APIReference).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::aws::refused::Refused;
use crate::aws::seed::Key;
use crate::keys::{Keys, Refusal};

/// What KMS answers to who has `key`.
pub(crate) fn answer(keys: &Keys, key: &Key, operation: &str, body: &Map<String, Value>) -> Result<Value, Refused> {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let id = text("KeyId").rsplit('/').next().unwrap_or_default();
    if !key.may(&format!("kms:{operation}"), id) {
        return Err(Refused::denied(&key.arn(), &format!("kms:{operation}"), id));
    }
    let bytes = |name: &str| {
        let bytes = STANDARD.decode(text(name)).ok().filter(|bytes| (1..=6144).contains(&bytes.len()));
        bytes.ok_or_else(|| Refused::invalid(format!("1 validation error detected: Value at '{name}' failed to satisfy constraint")))
    };
    // The order of its pairs does not matter.
    let context = body.get("EncryptionContext").map(Value::to_string).unwrap_or_default();
    let refused = |refusal: Refusal| match refusal {
        Refusal::Unknown => Refused::new("NotFoundException", format!("Key '{id}' does not exist")),
        Refusal::Disabled => Refused::new("DisabledException", format!("{id} is disabled.")),
        Refusal::Wrong => Refused::new("InvalidCiphertextException", ""),
    };
    match operation {
        "Encrypt" => {
            let sealed = keys.encrypt(id, &bytes("Plaintext")?, context.as_bytes(), 180).map_err(refused)?;
            Ok(json!({ "CiphertextBlob": STANDARD.encode(sealed), "KeyId": id, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }))
        }
        "Decrypt" => {
            let plain = keys.decrypt(id, &bytes("CiphertextBlob")?, context.as_bytes()).map_err(refused)?;
            Ok(json!({ "Plaintext": STANDARD.encode(plain), "KeyId": id, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }))
        }
        _ => Err(Refused::new("UnknownOperationException", "")),
    }
}
