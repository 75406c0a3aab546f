//! The routes of KV version 1 (`OpenBao`'s `internal/builtin/logical/kv/passthrough.go`).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::asked::Asked;
use crate::hashicorp::route::is_listing;
use crate::hashicorp::said::Said;
use crate::hashicorp::store::Mount;

/// How many seconds a secret without a `ttl` is held for: 32 days.
const LEASE: u64 = 2_764_800;

/// Answers a request for `path` of a mount.
pub(crate) fn answer(mount: &mut Mount, path: &str, asked: &Asked<'_>) -> Said {
    if is_listing(asked) {
        let keys = mount.list(path);
        return if keys.is_empty() { Said::absent() } else { Said::data(200, &json!({ "keys": keys })) };
    }
    let Mount::One(maps) = mount else { return Said::absent() };
    match asked.method {
        "GET" => read(maps, path),
        "POST" | "PUT" => match asked.json() {
            None => Said::error(400, &["error parsing JSON"]),
            Some(_) if path.is_empty() => Said::error(400, &["missing path"]),
            Some(data) if data.is_empty() => Said::error(400, &["missing data fields"]),
            Some(data) => {
                maps.insert(path.to_owned(), data);
                Said::done()
            }
        },
        "DELETE" => {
            maps.remove(path);
            Said::done()
        }
        _ => Said::unsupported(),
    }
}

fn read(maps: &BTreeMap<String, Map<String, Value>>, path: &str) -> Said {
    let Some(data) = maps.get(path) else { return Said::absent() };
    let seconds = |value: &Value| value.as_u64().or_else(|| value.as_str()?.trim_end_matches('s').parse().ok());
    let lease = data.get("ttl").or_else(|| data.get("lease")).and_then(seconds).unwrap_or(LEASE);
    Said::leased(&Value::Object(data.clone()), lease)
}
