//! Parameter Store of Systems Manager, as its API reference states it.

use serde_json::{Map, Value, json};

use crate::aws::page::{Page, filters};
use crate::aws::refused::Refused;
use crate::aws::seed::Key;
use crate::aws::store::{Held, Store};

/// The most names in a call.
const BATCH: usize = 10;

/// Answers an operation.
pub(crate) fn answer(store: &Store, key: &Key, operation: &str, body: &Map<String, Value>) -> Result<Value, Refused> {
    let call = Call { store, key, decrypted: body.get("WithDecryption").and_then(Value::as_bool) == Some(true) };
    match operation {
        "GetParameters" => call.get(body),
        "GetParameter" => call.one(body.get("Name").and_then(Value::as_str).unwrap_or_default()),
        "GetParametersByPath" => call.below(body),
        "DescribeParameters" => call.describe(body),
        _ => Err(Refused::new("UnknownOperationException", "")),
    }
}

struct Call<'a> {
    store: &'a Store,
    key: &'a Key,
    decrypted: bool,
}

impl Call<'_> {
    fn may(&self, action: &str, name: &str) -> Result<(), Refused> {
        let action = format!("ssm:{action}");
        if self.key.may(&action, name) { Ok(()) } else { Err(Refused::denied(&self.key.arn(), &action, &self.store.parameter_arn(name))) }
    }

    /// A parameter that may be asked for, `None` where there is none.
    fn read(&self, asked: &str, action: &str) -> Result<Option<Value>, Refused> {
        let (name, selector) = asked.split_once(':').map_or((asked, None), |(name, selector)| (name, Some(selector)));
        check(name)?;
        self.may(action, name)?;
        let Some(held) = self.store.parameters.get(name) else { return Ok(None) };
        let Some(version) = held.version(selector) else { return Ok(None) };
        let mut value = held.parameter.values[version - 1].clone();
        if held.kind() == "SecureString" && !self.decrypted {
            "AQICAHciphertext".clone_into(&mut value);
        } else if held.kind() == "SecureString" && !self.key.may("kms:Decrypt", name) {
            let words = "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access.";
            return Err(Refused::new("AccessDeniedException", words));
        } else if self.store.undecryptable.contains(name) {
            return Err(Refused::new("InvalidKeyId", "arn:aws:kms:eu-central-1:123456789012:key/1 is disabled."));
        }
        let mut answer = self.described(name, held);
        answer["Value"] = json!(value);
        answer["Version"] = json!(version);
        if let Some(selector) = selector {
            answer["Selector"] = json!(format!(":{selector}"));
        }
        Ok(Some(answer))
    }

    fn described(&self, name: &str, held: &Held) -> Value {
        json!({
            "Name": name, "Type": held.kind(), "Version": held.parameter.values.len(), "LastModifiedDate": held.modified,
            "ARN": self.store.parameter_arn(name), "DataType": "text",
        })
    }

    fn get(&self, body: &Map<String, Value>) -> Result<Value, Refused> {
        let names = body.get("Names").and_then(Value::as_array);
        let names: Vec<&str> = names.map(|names| names.iter().filter_map(Value::as_str).collect()).unwrap_or_default();
        if !(1..=BATCH).contains(&names.len()) {
            let words = format!(
                "1 validation error detected: Value '{names:?}' at 'names' failed to satisfy constraint: Member must have length less than or equal to {BATCH}"
            );
            return Err(Refused::invalid(words));
        }
        let (mut found, mut invalid) = (Vec::new(), Vec::new());
        for name in names {
            match self.read(name, "GetParameters")? {
                Some(parameter) => found.push(parameter),
                None => invalid.push(name),
            }
        }
        found.sort_by_key(|parameter| parameter["Name"].to_string());
        Ok(json!({ "Parameters": found, "InvalidParameters": invalid }))
    }

    fn one(&self, asked: &str) -> Result<Value, Refused> {
        let code = if asked.contains(':') { "ParameterVersionNotFound" } else { "ParameterNotFound" };
        let parameter = self.read(asked, "GetParameter")?.ok_or_else(|| Refused::new(code, ""))?;
        Ok(json!({ "Parameter": parameter }))
    }

    fn below(&self, body: &Map<String, Value>) -> Result<Value, Refused> {
        let path = body.get("Path").and_then(Value::as_str).unwrap_or_default();
        if !path.starts_with('/') {
            return Err(Refused::invalid(
                "The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash \"/\".",
            ));
        }
        self.may("GetParametersByPath", path)?;
        let recursive = body.get("Recursive").and_then(Value::as_bool) == Some(true);
        let folder = format!("{}/", path.trim_end_matches('/'));
        let inside = |name: &&String| name.strip_prefix(&folder).is_some_and(|rest| recursive || !rest.contains('/'));
        let page = Page::of(&self.store.parameters.keys().filter(inside).map(String::as_str).collect::<Vec<_>>(), body, 10)?;
        let mut found = Vec::new();
        for name in &page.items {
            found.extend(self.read(name, "GetParametersByPath")?);
        }
        Ok(page.with(json!({ "Parameters": found })))
    }

    fn describe(&self, body: &Map<String, Value>) -> Result<Value, Refused> {
        if !self.key.may("ssm:DescribeParameters", "") {
            return Err(Refused::denied(
                &self.key.arn(),
                "ssm:DescribeParameters",
                &format!("arn:aws:ssm:{}:123456789012:*", self.store.region),
            ));
        }
        let wanted = filters(body, "ParameterFilters", "Name");
        let exact = body.get("ParameterFilters").is_none_or(|filters| filters[0]["Option"] != "BeginsWith");
        let matches =
            |name: &&String| wanted.is_empty() || wanted.iter().any(|text| if exact { name == text } else { name.starts_with(text) });
        let page = Page::of(&self.store.parameters.keys().filter(matches).map(String::as_str).collect::<Vec<_>>(), body, 50)?;
        let list: Vec<Value> = page.items.iter().map(|name| self.described(name, &self.store.parameters[*name])).collect();
        Ok(page.with(json!({ "Parameters": list })))
    }
}

/// Whether a name is one, by the rules that the service states.
fn check(name: &str) -> Result<(), Refused> {
    let legal = |character: char| character.is_ascii_alphanumeric() || "-/_.".contains(character);
    if name.is_empty() || name.len() > 2048 || !name.chars().all(legal) {
        return Err(Refused::invalid(
            "Invalid request provided: Parameter name: can't be prefixed with \"ssm\" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_",
        ));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(Refused::invalid("Parameter name must be a fully qualified name."));
    }
    Ok(())
}
