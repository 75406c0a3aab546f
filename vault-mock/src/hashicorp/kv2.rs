//! The routes of KV version 2 (`OpenBao`'s `internal/builtin/logical/kv/path_*.go`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::asked::Asked;
use crate::hashicorp::route::is_listing;
use crate::hashicorp::said::Said;
use crate::hashicorp::secret::{Change, Secret};
use crate::hashicorp::store::Mount;

/// Answers a request for `rest`, a verb and a path, of a mount.
pub(crate) fn answer(mount: &mut Mount, rest: &str, asked: &Asked<'_>, now: &str) -> Said {
    let (verb, path) = rest.split_once('/').unwrap_or((rest, ""));
    if verb == "metadata" && is_listing(asked) {
        let keys = mount.list(path);
        return if keys.is_empty() { Said::absent() } else { Said::data(200, &json!({ "keys": keys })) };
    }
    let Mount::Two(secrets) = mount else { return Said::absent() };
    let known = ["data", "metadata", "subkeys", "delete", "undelete", "destroy"].contains(&verb);
    if !known {
        return invalid(asked);
    }
    if path.is_empty() {
        return Said::warning(404, "Non-listing operations on the root of a K/V v2 mount are not supported.");
    }
    if path.ends_with('.') || path.ends_with('/') {
        return Said::error(404, &["1 error occurred:\n\t* unsupported path\n\n"]);
    }
    match (asked.method, verb) {
        ("GET", "data") => read(secrets, path, asked, now, false),
        ("GET", "subkeys") => read(secrets, path, asked, now, true),
        ("GET", "metadata") => secrets.get(path).map_or_else(Said::absent, |secret| Said::data(200, &secret.metadata())),
        ("POST" | "PUT", "data") => write(secrets, path, asked, now),
        ("DELETE", "data") => {
            if let Some(secret) = secrets.get_mut(path) {
                secret.change(&[], &Change::Delete(now.to_owned()));
            }
            Said::done()
        }
        ("POST" | "PUT", "delete") => change(secrets, path, asked, &Change::Delete(now.to_owned())),
        ("POST" | "PUT", "undelete") => change(secrets, path, asked, &Change::Undelete),
        ("POST" | "PUT", "destroy") => change(secrets, path, asked, &Change::Destroy),
        ("DELETE", "metadata") => {
            secrets.remove(path);
            Said::done()
        }
        _ => Said::unsupported(),
    }
}

/// What those hear who take the mount for one of version 1.
fn invalid(asked: &Asked<'_>) -> Said {
    let command = match asked.method {
        "GET" if !is_listing(asked) => "get",
        "GET" | "LIST" => "list",
        "DELETE" => "delete",
        "PATCH" => "patch",
        _ => "put",
    };
    Said::warning(
        404,
        &format!(
            "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. If using the \
             Vault CLI, use 'vault kv {command}' for this operation."
        ),
    )
}

fn read(secrets: &BTreeMap<String, Secret>, path: &str, asked: &Asked<'_>, now: &str, subkeys: bool) -> Said {
    let number = |name: &str| asked.parameter(name).map_or(Some(0), |text| text.parse::<u64>().ok());
    let (Some(version), Some(depth)) = (number("version"), number("depth")) else {
        return Said::error(400, &["Field validation failed: error converting input for field \"version\""]);
    };
    let Some((number, version)) = secrets.get(path).and_then(|secret| secret.version(version)) else {
        return Said::absent();
    };
    let metadata = version.metadata(number);
    let data = version.readable(now);
    let status = if data.is_some() { 200 } else { 404 };
    let body = if subkeys {
        json!({"metadata": metadata, "subkeys": data.map(|data| without_values(data, 1, depth))})
    } else {
        json!({"data": data, "metadata": metadata})
    };
    Said::data(status, &body)
}

/// The structure without the values, down to `most` levels; 0 is no limit.
fn without_values(map: &Map<String, Value>, depth: u64, most: u64) -> Value {
    let emptied = |value: &Value| match value {
        Value::Object(inner) if !inner.is_empty() && (most == 0 || depth < most) => without_values(inner, depth + 1, most),
        _ => Value::Null,
    };
    Value::Object(map.iter().map(|(key, value)| (key.clone(), emptied(value))).collect())
}

fn write(secrets: &mut BTreeMap<String, Secret>, path: &str, asked: &Asked<'_>, now: &str) -> Said {
    let Some(body) = asked.json() else { return Said::error(400, &["error parsing JSON"]) };
    let Some(Value::Object(data)) = body.get("data") else { return Said::error(400, &["no data provided"]) };
    let expected = body.get("options").and_then(|options| options.get("cas")).and_then(Value::as_u64);
    if !secrets.contains_key(path) && expected.is_some_and(|expected| expected != 0) {
        return Said::error(400, &["check-and-set parameter did not match the current version"]);
    }
    match secrets.entry(path.to_owned()).or_default().put(data.clone(), expected, now) {
        Ok(metadata) => Said::data(200, &metadata),
        Err(words) => Said::error(400, &[words]),
    }
}

fn change(secrets: &mut BTreeMap<String, Secret>, path: &str, asked: &Asked<'_>, change: &Change) -> Said {
    let versions = || -> Option<Vec<u64>> { asked.json()?.get("versions")?.as_array()?.iter().map(Value::as_u64).collect() };
    let Some(versions) = versions().filter(|versions| !versions.is_empty()) else {
        let destroying = matches!(change, Change::Destroy);
        return Said::error(400, &[if destroying { "no version number provided" } else { "No version number provided" }]);
    };
    match secrets.get_mut(path) {
        Some(secret) => {
            secret.change(&versions, change);
            Said::done()
        }
        None => Said::absent(),
    }
}
