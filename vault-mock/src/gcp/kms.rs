//! Cloud KMS: `encrypt` and `decrypt` with symmetric keys, additional data and checksums
//! (docs.cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::asked::Asked;
use crate::gcp::status::Status;
use crate::keys::{Keys, Refusal};

/// Something that is done with a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Operation<'a> {
    /// `encrypt` or `decrypt`.
    pub(crate) verb: &'a str,
    pub(crate) key: &'a str,
    project: &'a str,
}

impl<'a> Operation<'a> {
    pub(crate) fn of(asked: &Asked<'a>) -> Option<Self> {
        let segments: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        let ["v1", "projects", project, "locations", _, "keyRings", _, "cryptoKeys", last] = segments[..] else { return None };
        let (key, verb) = last.split_once(':')?;
        (asked.method == "POST" && matches!(verb, "encrypt" | "decrypt")).then_some(Self { verb, key, project })
    }

    pub(crate) fn answer(self, keys: &Keys, asked: &Asked<'_>, projects: [&str; 2], denied: &[String]) -> Result<Answer, Status> {
        let Self { verb, key, project } = self;
        let right = if verb == "encrypt" { "useToEncrypt" } else { "useToDecrypt" };
        if !projects.contains(&project) || denied.iter().any(|denied| denied == key) {
            let message = format!("Permission 'cloudkms.cryptoKeyVersions.{right}' denied on resource '{key}' (or it may not exist).");
            return Err(Status::of_key(403, "PERMISSION_DENIED", message));
        }
        let body = asked.json().unwrap_or_default();
        let bytes = |name: &str| {
            let bytes = body.get(name).and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok());
            let bytes = bytes.ok_or_else(|| Status::invalid("Request contains an invalid argument."))?;
            let sum = body.get(&format!("{name}Crc32c")).and_then(Value::as_str).and_then(|sum| sum.parse().ok());
            if sum.is_some_and(|sum: u32| sum != crc32c::crc32c(&bytes)) {
                return Err(Status::invalid("The checksum does not match the data."));
            }
            Ok((bytes, sum.is_some()))
        };
        let (context, verified) = bytes("additionalAuthenticatedData")?;
        let refused = |refusal: Refusal| match refusal {
            Refusal::Unknown => Status::of_key(404, "NOT_FOUND", format!("CryptoKey {key} not found.")),
            Refusal::Disabled => {
                Status::of_key(400, "FAILED_PRECONDITION", format!("{key}/cryptoKeyVersions/1 is not enabled, current state is: DISABLED."))
            }
            Refusal::Wrong => Status::invalid("Decryption failed: verify that 'name' refers to the correct CryptoKey."),
        };
        if verb == "encrypt" {
            let (plain, checked) = bytes("plaintext")?;
            let sealed = keys.encrypt(key, &plain, &context, plain.len() + 81).map_err(refused)?;
            return Ok(Answer::json(
                200,
                &json!({
                    "name": format!("{key}/cryptoKeyVersions/1"),
                    "ciphertext": STANDARD.encode(&sealed),
                    "ciphertextCrc32c": crc32c::crc32c(&sealed).to_string(),
                    "verifiedPlaintextCrc32c": checked,
                    "verifiedAdditionalAuthenticatedDataCrc32c": verified,
                }),
            ));
        }
        let plain = keys.decrypt(key, &bytes("ciphertext")?.0, &context).map_err(refused)?;
        let sum = crc32c::crc32c(&plain).to_string();
        Ok(Answer::json(200, &json!({ "plaintext": STANDARD.encode(plain), "plaintextCrc32c": sum, "usedPrimary": true })))
    }
}
