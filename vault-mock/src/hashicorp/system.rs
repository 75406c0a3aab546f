//! Routes that are no mount's: the server's health, logins, a token's own affairs, which mount a path belongs to.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::asked::Asked;
use crate::hashicorp::policy::{Access, Capability};
use crate::hashicorp::said::{Said, preflight};
use crate::hashicorp::state::State;
use crate::hashicorp::store::Mount;
use crate::hashicorp::token::Issued;

/// `sys/health`, whose status tells as much as its body.
pub(crate) fn health(state: &State) -> Said {
    let body = json!({
        "cluster_id": "", "cluster_name": "vault-mock", "initialized": true, "performance_standby": false, "sealed": state.sealed,
        "server_time_utc": state.now().as_secs(), "standby": false, "version": "2.0.0",
    });
    Said::bare(if state.sealed { 503 } else { 200 }, body)
}

/// `sys/seal-status`.
pub(crate) fn seal_status(state: &State) -> Said {
    let body = json!({
        "initialized": true, "n": 1, "nonce": "", "progress": 0, "sealed": state.sealed, "t": 1, "type": "shamir", "version": "2.0.0",
    });
    Said::bare(200, body)
}

/// `auth/MOUNT/login`: a new token.
pub(crate) fn login(state: &mut State, (namespace, mount): (&str, &str), asked: &Asked<'_>) -> Result<Said, Said> {
    let body = asked.json().ok_or_else(|| Said::error(400, &["error parsing JSON"]))?;
    let role = state.roles.open((namespace, mount), &body, true)?;
    let token = state.issue(&role, &format!("auth/{mount}/login")).map_err(|_| Said::error(500, &["internal error"]))?;
    Ok(Said::auth(&token.auth(state.now())))
}

/// `auth/token/renew-self`.
pub(crate) fn renew(state: &mut State, token: &Issued, asked: &Asked<'_>) -> Said {
    let seconds = |value: &Value| value.as_u64().or_else(|| value.as_str()?.trim_end_matches('s').parse().ok());
    let increment = asked.json().and_then(|body| body.get("increment").and_then(seconds)).map(Duration::from_secs);
    let now = state.now();
    match state.tokens.renew(&token.id, increment, now) {
        Some(token) => Said::auth(&token.auth(now)),
        None => Said::error(400, &["lease is not renewable"]),
    }
}

/// `sys/capabilities-self`.
pub(crate) fn capabilities(namespace: &str, token: &Issued, asked: &Asked<'_>) -> Said {
    let body = asked.json().unwrap_or_default();
    let paths: Option<Vec<&str>> =
        body.get("paths").or_else(|| body.get("path")).and_then(|paths| paths.as_array()?.iter().map(Value::as_str).collect());
    let Some(paths) = paths.filter(|paths| !paths.is_empty()) else { return Said::error(400, &["paths must be supplied"]) };
    let mut data: Map<String, Value> = paths.iter().map(|path| ((*path).to_owned(), may(namespace, token, path))).collect();
    if let [path] = paths[..] {
        data.insert("capabilities".to_owned(), data[path].clone());
    }
    Said::data(200, &Value::Object(data))
}

fn may(namespace: &str, token: &Issued, path: &str) -> Value {
    if token.access == Access::Root {
        return json!(["root"]);
    }
    let full = format!("{namespace}{path}");
    let said = full.strip_prefix(&token.namespace).map(|within| token.access.at(within)).unwrap_or_default();
    let words: Vec<&str> = said.into_iter().map(word).collect();
    if words.is_empty() { json!(["deny"]) } else { json!(words) }
}

fn word(capability: Capability) -> &'static str {
    match capability {
        Capability::Create => "create",
        Capability::Delete => "delete",
        Capability::Deny => "deny",
        Capability::List => "list",
        Capability::Patch => "patch",
        Capability::Read => "read",
        Capability::Update => "update",
    }
}

/// `sys/internal/ui/mounts/PATH`: the mount that has the path, for those who may do anything there.
pub(crate) fn mount(state: &State, token: &Issued, namespace: &str, path: &str) -> Said {
    let path = path.trim_end_matches('/');
    let full = format!("{namespace}{path}");
    let found = state.store.route(&full).and_then(|(mount, _)| Some((mount, state.store.mount(mount)?)));
    let known = |mount: &str| mount.strip_prefix(&token.namespace).is_some_and(|within| token.access.knows(within));
    let Some((mount, kv)) = found.filter(|(mount, _)| known(mount)) else { return Said::error(403, &[&preflight(path)]) };
    let options = match kv {
        // A mount of version 1 has no options unless somebody asked for it by number.
        Mount::One(_) => Value::Null,
        Mount::Two(_) => json!({"version": "2"}),
    };
    let relative = mount.strip_prefix(namespace).unwrap_or(mount);
    Said::data(
        200,
        &json!({
            "accessor": "kv_00000000", "config": {"default_lease_ttl": 0, "force_no_cache": false, "max_lease_ttl": 0}, "description": "",
            "external_entropy_access": false, "local": false, "options": options, "path": format!("{relative}/"), "plugin_version": "",
            "running_plugin_version": "", "running_sha256": "", "seal_wrap": false, "type": "kv", "uuid": "",
        }),
    )
}
