//! Secrets Manager, as its API reference states it.

use serde_json::{Map, Value, json};

use crate::aws::page::{Page, filters};
use crate::aws::refused::Refused;
use crate::aws::seed::{self, Key};
use crate::aws::store::Store;

/// The most secrets in a batch.
const BATCH: usize = 20;

/// Answers an operation.
pub(crate) fn answer(store: &Store, key: &Key, operation: &str, body: &Map<String, Value>) -> Result<Value, Refused> {
    let call = Call { store, key };
    match operation {
        "GetSecretValue" => {
            call.get(text(body, "SecretId").unwrap_or_default(), text(body, "VersionId"), text(body, "VersionStage"), "GetSecretValue")
        }
        "BatchGetSecretValue" => call.batch(body),
        "DescribeSecret" => call.describe(text(body, "SecretId").unwrap_or_default()),
        "ListSecrets" => call.list(body),
        _ => Err(Refused::new("UnknownOperationException", "")),
    }
}

struct Call<'a> {
    store: &'a Store,
    key: &'a Key,
}

impl<'a> Call<'a> {
    /// The secret's true name, if the key may do `action` with it and it is there.
    fn name(&self, id: &str, action: &str) -> Result<&'a str, Refused> {
        let legal = |character: char| character.is_ascii_alphanumeric() || "-/_+=.@!:".contains(character);
        if id.is_empty() || id.len() > 2048 || !id.chars().all(legal) {
            return Err(Refused::invalid(
                "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!",
            ));
        }
        let name = self.store.name_of(id);
        if !self.key.may(&format!("secretsmanager:{action}"), name.unwrap_or(id)) {
            return Err(Refused::denied(&self.key.arn(), &format!("secretsmanager:{action}"), id));
        }
        name.ok_or_else(|| Refused::new("ResourceNotFoundException", "Secrets Manager can't find the specified secret."))
    }

    fn get(&self, id: &str, version: Option<&str>, stage: Option<&str>, action: &str) -> Result<Value, Refused> {
        let name = self.name(id, action)?;
        let secret = &self.store.secrets[name];
        if secret.deleted {
            let words = "You can't perform this operation on the secret because it was marked for deletion.";
            return Err(Refused::new("InvalidRequestException", words));
        }
        let Some(index) = secret.version(version, stage) else {
            let what = version.map_or_else(|| format!("staging label: {}", stage.unwrap_or("AWSCURRENT")), |id| format!("VersionId: {id}"));
            let words = format!("Secrets Manager can't find the specified secret value for {what}");
            return Err(Refused::new("ResourceNotFoundException", words));
        };
        if !self.key.may("kms:Decrypt", name) {
            return Err(Refused::new("AccessDeniedException", "Access to KMS is not allowed"));
        }
        if self.store.undecryptable.contains(name) {
            let words = "Secrets Manager can't decrypt the protected secret text using the provided KMS key.";
            return Err(Refused::new("DecryptionFailure", words));
        }
        let version = &secret.versions[index];
        let mut answer = json!({
            "ARN": self.store.arn(name), "Name": name, "VersionId": version.id, "VersionStages": secret.stages(index), "CreatedDate": version.created,
        });
        match &version.value {
            seed::Value::Text(text) => answer["SecretString"] = json!(text),
            seed::Value::Binary { binary } => answer["SecretBinary"] = json!(binary),
        }
        Ok(answer)
    }

    fn batch(&self, body: &Map<String, Value>) -> Result<Value, Refused> {
        if !self.key.may("secretsmanager:BatchGetSecretValue", "") {
            return Err(Refused::denied(&self.key.arn(), "secretsmanager:BatchGetSecretValue", "*"));
        }
        let ids = body.get("SecretIdList").and_then(Value::as_array);
        let ids: Option<Vec<&str>> = ids.map(|ids| ids.iter().filter_map(Value::as_str).collect());
        let Some(ids) = ids.filter(|ids| (1..=BATCH).contains(&ids.len())) else {
            return Err(Refused::new("InvalidParameterException", "You must include either SecretIdList or Filters in the request."));
        };
        let (mut values, mut errors) = (Vec::new(), Vec::new());
        for id in ids {
            match self.get(id, None, None, "GetSecretValue") {
                Ok(value) => values.push(value),
                Err(Refused { code, words, .. }) => errors.push(json!({ "SecretId": id, "ErrorCode": code, "Message": words })),
            }
        }
        Ok(json!({ "SecretValues": values, "Errors": errors }))
    }

    fn describe(&self, id: &str) -> Result<Value, Refused> {
        let name = self.name(id, "DescribeSecret")?;
        Ok(self.described(name, true))
    }

    fn described(&self, name: &str, whole: bool) -> Value {
        let secret = &self.store.secrets[name];
        let indexes = (0..secret.versions.len()).filter(|index| !secret.stages(*index).is_empty());
        let stages: Map<String, Value> = indexes.map(|index| (secret.versions[index].id.clone(), json!(secret.stages(index)))).collect();
        let created = secret.versions.first().map(|version| version.created);
        let mut answer = json!({ "ARN": self.store.arn(name), "Name": name, "CreatedDate": created });
        answer[if whole { "VersionIdsToStages" } else { "SecretVersionsToStages" }] = Value::Object(stages);
        if secret.deleted {
            answer["DeletedDate"] = json!(created);
        }
        answer
    }

    fn list(&self, body: &Map<String, Value>) -> Result<Value, Refused> {
        if !self.key.may("secretsmanager:ListSecrets", "") {
            return Err(Refused::denied(&self.key.arn(), "secretsmanager:ListSecrets", "*"));
        }
        let prefixes = filters(body, "Filters", "name");
        let planned = body.get("IncludePlannedDeletion").and_then(Value::as_bool) == Some(true);
        let secrets = self.store.secrets.iter().filter(|(name, secret)| {
            let wanted = prefixes.is_empty() || prefixes.iter().any(|prefix| name.starts_with(prefix));
            wanted && (planned || !secret.deleted)
        });
        let page = Page::of(&secrets.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), body, 100)?;
        let list: Vec<Value> = page.items.iter().map(|name| self.described(name, false)).collect();
        Ok(page.with(json!({ "SecretList": list })))
    }
}

fn text<'b>(body: &'b Map<String, Value>, field: &str) -> Option<&'b str> {
    body.get(field).and_then(Value::as_str)
}
