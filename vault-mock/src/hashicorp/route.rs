//! The routes of `HashiCorp` Vault's KV version 2 engine, as its API documentation states them.

use serde_json::{Map, Value, json};

use crate::hashicorp::store::{Change, Store, now};

/// A request whose token was accepted.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    /// Decoded, without `/v1/`.
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) body: &'a [u8],
}

/// An answer: a status and a body, if it has one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Option<Value>,
}

impl Said {
    /// An error with the protocol's body.
    pub(crate) fn error(status: u16, errors: &[&str]) -> Self {
        Self { status, body: Some(json!({ "errors": errors })) }
    }

    fn data(status: u16, data: &Value) -> Self {
        let body = json!({
            "auth": null, "data": data, "lease_duration": 0, "lease_id": "", "mount_type": "kv", "renewable": false,
            "request_id": "00000000-0000-4000-8000-000000000000", "warnings": null, "wrap_info": null,
        });
        Self { status, body: Some(body) }
    }

    fn done() -> Self {
        Self { status: 204, body: None }
    }

    fn absent() -> Self {
        Self::error(404, &[])
    }
}

/// Answers a request.
pub(crate) fn answer(store: &mut Store, call: &Call<'_>) -> Said {
    if call.path == "auth/token/lookup-self" {
        return Said::data(200, &json!({"display_name": "token", "policies": ["default"], "ttl": 0, "type": "service"}));
    }
    let Some((mount, rest)) = store.route(call.path) else {
        let words = format!("no handler for route \"{}\". route entry not found.", call.path);
        return Said::error(404, &[&words]);
    };
    let (verb, path) = rest.split_once('/').unwrap_or((rest, ""));
    let listing = call.method == "LIST" || parameter(call.query, "list") == Some("true");
    match (call.method, verb) {
        ("LIST" | "GET", "metadata") if listing => list(store, &mount, path),
        (_, _) if path.is_empty() || path.ends_with('.') || path.ends_with('/') => Said::error(404, &["unsupported path"]),
        ("GET", "data") => read(store, &mount, path, call.query, false),
        ("GET", "subkeys") => read(store, &mount, path, call.query, true),
        ("GET", "metadata") => store.get(&mount, path).map_or_else(Said::absent, |secret| Said::data(200, &secret.metadata())),
        ("POST" | "PUT", "data") => write(store, &mount, path, call.body),
        ("DELETE", "data") => {
            store.change(&mount, path, &[], &Change::Delete(now()));
            Said::done()
        }
        ("POST" | "PUT", "delete") => change(store, &mount, path, call.body, &Change::Delete(now())),
        ("POST" | "PUT", "undelete") => change(store, &mount, path, call.body, &Change::Undelete),
        ("POST" | "PUT", "destroy") => change(store, &mount, path, call.body, &Change::Destroy),
        ("DELETE", "metadata") => {
            store.forget(&mount, path);
            Said::done()
        }
        (_, "data" | "metadata" | "subkeys" | "delete" | "undelete" | "destroy") => Said::error(405, &["unsupported operation"]),
        _ => Said::error(404, &["unsupported path"]),
    }
}

fn list(store: &Store, mount: &str, folder: &str) -> Said {
    let keys = store.list(mount, folder);
    if keys.is_empty() { Said::absent() } else { Said::data(200, &json!({ "keys": keys })) }
}

fn read(store: &Store, mount: &str, path: &str, query: &str, subkeys: bool) -> Said {
    let Ok(number) = parameter(query, "version").map_or(Ok(0), str::parse) else {
        return Said::error(400, &["Field validation failed: error converting input for field \"version\""]);
    };
    let Some((number, version)) = store.get(mount, path).and_then(|secret| secret.version(number)) else {
        return Said::absent();
    };
    let metadata = version.metadata(number);
    let data = version.readable().cloned().map(Value::Object);
    let status = if data.is_some() { 200 } else { 404 };
    let body = if subkeys {
        json!({"metadata": metadata, "subkeys": data.map(|data| emptied(&data))})
    } else {
        json!({"data": data, "metadata": metadata})
    };
    Said::data(status, &body)
}

/// The structure without the values.
fn emptied(value: &Value) -> Value {
    match value {
        Value::Object(map) if !map.is_empty() => Value::Object(map.iter().map(|(key, value)| (key.clone(), emptied(value))).collect()),
        _ => Value::Null,
    }
}

fn write(store: &mut Store, mount: &str, path: &str, body: &[u8]) -> Said {
    let body: Map<String, Value> = match serde_json::from_slice(body) {
        Ok(body) => body,
        Err(_) => return Said::error(400, &["failed to parse JSON input"]),
    };
    let Some(Value::Object(data)) = body.get("data") else { return Said::error(400, &["no data provided"]) };
    let expected = body.get("options").and_then(|options| options.get("cas")).and_then(Value::as_u64);
    match store.put(mount, path, data.clone(), expected) {
        Ok(metadata) => Said::data(200, &metadata),
        Err(words) => Said::error(400, &[words]),
    }
}

fn change(store: &mut Store, mount: &str, path: &str, body: &[u8], change: &Change) -> Said {
    let versions: Option<Vec<u64>> = serde_json::from_slice::<Map<String, Value>>(body)
        .ok()
        .and_then(|body| body.get("versions")?.as_array()?.iter().map(Value::as_u64).collect());
    match versions {
        Some(versions) if !versions.is_empty() => {
            store.change(mount, path, &versions, change);
            Said::done()
        }
        _ => Said::error(400, &["No version number provided"]),
    }
}

fn parameter<'q>(query: &'q str, name: &str) -> Option<&'q str> {
    query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Call, Said, answer};
    use crate::hashicorp::store::Store;

    fn ask(store: &mut Store, method: &str, path: &str, query: &str, body: &Value) -> Said {
        answer(store, &Call { method, path, query, body: body.to_string().as_bytes() })
    }

    fn inner(answer: &Said) -> &Value {
        &answer.body.as_ref().unwrap()["data"]
    }

    #[test]
    fn the_life_of_a_secret() {
        let mut store = Store::new(&["secret".to_owned()]);
        let none = Value::Null;
        assert_eq!(ask(&mut store, "GET", "secret/data/a", "", &none), Said::error(404, &[]));
        let written = ask(&mut store, "POST", "secret/data/a", "", &json!({"data": {"k": "one"}, "options": {"cas": 0}}));
        assert_eq!(inner(&written)["version"], 1);
        assert_eq!(ask(&mut store, "POST", "secret/data/a", "", &json!({"data": {}, "options": {"cas": 0}})).status, 400);
        ask(&mut store, "PUT", "secret/data/a", "", &json!({"data": {"k": "two"}}));
        let read = ask(&mut store, "GET", "secret/data/a", "version=1", &none);
        assert_eq!((read.status, &inner(&read)["data"]["k"]), (200, &json!("one")));
        assert_eq!(inner(&ask(&mut store, "GET", "secret/data/a", "version=0", &none))["data"]["k"], "two");
        assert_eq!(inner(&ask(&mut store, "GET", "secret/subkeys/a", "", &none))["subkeys"], json!({"k": null}));

        assert_eq!(ask(&mut store, "DELETE", "secret/data/a", "", &none).status, 204);
        let gone = ask(&mut store, "GET", "secret/data/a", "", &none);
        assert_eq!((gone.status, &inner(&gone)["data"], &inner(&gone)["metadata"]["version"]), (404, &Value::Null, &json!(2)));
        assert_ne!(inner(&gone)["metadata"]["deletion_time"], "");
        ask(&mut store, "POST", "secret/undelete/a", "", &json!({"versions": [2]}));
        assert_eq!(ask(&mut store, "GET", "secret/data/a", "", &none).status, 200);
        ask(&mut store, "POST", "secret/destroy/a", "", &json!({"versions": [1]}));
        assert_eq!(inner(&ask(&mut store, "GET", "secret/data/a", "version=1", &none))["metadata"]["destroyed"], true);
        assert_eq!(inner(&ask(&mut store, "GET", "secret/metadata/a", "", &none))["current_version"], 2);

        assert_eq!(inner(&ask(&mut store, "LIST", "secret/metadata/", "", &none))["keys"], json!(["a"]));
        assert_eq!(inner(&ask(&mut store, "GET", "secret/metadata/", "list=true", &none))["keys"], json!(["a"]));
        assert_eq!(ask(&mut store, "DELETE", "secret/metadata/a", "", &none).status, 204);
        assert_eq!(ask(&mut store, "LIST", "secret/metadata/", "", &none).status, 404);
    }

    #[test]
    fn foreign_paths_and_methods_are_refused() {
        let mut store = Store::new(&["secret".to_owned()]);
        assert_eq!(ask(&mut store, "GET", "kv/data/a", "", &Value::Null).status, 404);
        assert_eq!(ask(&mut store, "GET", "secret/data/a.", "", &Value::Null).status, 404);
        assert_eq!(ask(&mut store, "POST", "secret/metadata/a", "", &Value::Null).status, 405);
        assert_eq!(ask(&mut store, "GET", "secret/data/a", "version=x", &Value::Null).status, 400);
    }
}
