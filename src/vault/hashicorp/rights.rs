//! What the token may do, as the vault says it (`sys/capabilities-self`).

use std::collections::BTreeMap;

use serde_json::json;
use tokio::time::Instant;

use crate::secret::Secret;
use crate::service::http::Call;
use crate::service::json::Json;
use crate::vault::hashicorp::address::Address;
use crate::vault::hashicorp::session::VaultSession;

/// Paths with what may be done there. Nothing is known of a path that is not among them.
#[derive(Debug, Default)]
pub(super) struct Rights {
    paths: BTreeMap<String, Vec<String>>,
}

impl Rights {
    /// Asks for all `paths` at once. A vault that does not say leaves everything open.
    pub(super) async fn of(address: &Address, session: &VaultSession, paths: &[String], until: Instant) -> Self {
        let Ok(url) = address.own("sys/capabilities-self") else { return Self::default() };
        if paths.is_empty() {
            return Self::default();
        }
        let body = Secret::new(json!({ "paths": paths }).to_string().into_bytes());
        let Ok(heard) = session.ask(&Call::post(url, "application/json", body), until).await else {
            return Self::default();
        };
        let reply = heard.answered().reply;
        let json = Json::parse(reply.body.expose()).ok().filter(|_| reply.status == 200);
        let Some(data) = json.and_then(|json| json.get("data")) else { return Self::default() };
        let list = |json: Json<'_>| json.members().filter_map(|(_, word)| word.text()).collect();
        Self { paths: paths.iter().filter_map(|path| Some((path.clone(), data.get(path).map(list)?))).collect() }
    }

    /// Whether `path` may be read, or nothing is known of it.
    pub(super) fn allow(&self, path: &str) -> bool {
        self.may(path, "read").unwrap_or(true)
    }

    /// Whether `verb` is allowed at `path`, where that is known.
    pub(super) fn may(&self, path: &str, verb: &str) -> Option<bool> {
        let words = self.paths.get(path)?;
        Some(words.iter().any(|word| word == verb || word == "root"))
    }
}
