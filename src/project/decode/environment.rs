//! The environments of a project file.

use std::collections::HashMap;

use crate::manifest::Value;
use crate::place::Place;
use crate::project::check;
use crate::project::check::BadText;
use crate::project::cluster::ClusterEntry;
use crate::project::cluster::ON_FAILURE;
use crate::project::decode::config::config;
use crate::project::decode::config::manifests;
use crate::project::decode::decoder::Decoder;
use crate::project::decode::decoder::Fields;
use crate::project::decode::decoder::ProjectNode;
use crate::project::decode::decoder::join;
use crate::project::decode::key::keys;
use crate::project::decode::policy::policy;
use crate::project::decode::shape;
use crate::project::decode::vault::vaults;
use crate::project::decode::word;
use crate::project::document::Environment;
use crate::project::history::HistoryEntry;
use crate::project::history::HistoryUrl;
use crate::project::quote::quote;
use crate::project::spanned::Spanned;
use crate::project::vault::VaultKind;

/// The environments; at least one where no problem says otherwise.
pub(super) fn environments(decoder: &mut Decoder, fields: &Fields<'_>) -> Vec<Environment> {
    let Some(node) = fields.get("environments") else { return Vec::new() };
    let Some(entries) = decoder.mapping(node, "environments") else { return Vec::new() };
    if entries.is_empty() {
        decoder.report(decoder.place(node.mark), "`environments` is empty", "add one, such as `dev: {namespace: shop-dev}`");
    }
    let mut list = Vec::new();
    for entry in entries {
        let name = decoder.key(entry, "environments", check::label);
        let environment = environment(decoder, &entry.node, &join("environments", &entry.key));
        if let (Some(name), Some(environment)) = (name, environment) {
            list.push(Environment { name, ..environment });
        }
    }
    report_shared_files(decoder, &list);
    list
}

/// An environment without its name. `dev:` with nothing behind it is an environment that says nothing.
fn environment(decoder: &mut Decoder, node: &ProjectNode, path: &str) -> Option<Environment> {
    let mut environment = Environment {
        name: Spanned::none(String::new()),
        namespace: None,
        templates: None,
        names: None,
        config: Vec::new(),
        values: Vec::new(),
        vaults: Vec::new(),
        history: None,
        keys: Vec::new(),
        policy: Vec::new(),
        cluster: None,
    };
    if matches!(node.value, Value::Null) {
        return Some(environment);
    }
    let fields = decoder.fields(node, path, &shape::ENVIRONMENT)?;
    environment.namespace = fields.text(decoder, "namespace", check::label);
    environment.templates = manifests(decoder, &fields);
    environment.names = fields.word(decoder, "names", word::NAMES);
    environment.config = config(decoder, &fields);
    environment.values = fields.texts(decoder, "values", check::path).unwrap_or_default();
    environment.vaults = vaults(decoder, &fields);
    environment.history = history(decoder, &fields);
    environment.keys = keys(decoder, &fields);
    environment.policy = policy(decoder, &fields);
    environment.cluster = cluster(decoder, &fields);
    Some(environment)
}

fn history(decoder: &mut Decoder, fields: &Fields<'_>) -> Option<HistoryEntry> {
    let path = fields.path("history");
    let fields = decoder.fields(fields.get("history")?, &path, &shape::HISTORY)?;
    let url = fields.text(decoder, "url", check::some)?;
    let mut said = |key| fields.text(decoder, key, check::some);
    let (region, endpoint, account) = (said("region"), said("endpoint"), said("account"));
    match HistoryUrl::parse(&url.value) {
        Ok(value) => Some(HistoryEntry { url: Spanned { value, place: url.place }, region, endpoint, account }),
        Err(BadText { reason, next }) => {
            let place = url.place.unwrap_or_else(|| decoder.place(fields.mark()));
            decoder.report(place, format!("{} at `{}` {reason}", check::show(&url.value), fields.path("url")), next);
            None
        }
    }
}

fn cluster(decoder: &mut Decoder, fields: &Fields<'_>) -> Option<ClusterEntry> {
    let path = fields.path("cluster");
    let fields = decoder.fields(fields.get("cluster")?, &path, &shape::CLUSTER)?;
    let context = fields.text(decoder, "context", check::some);
    let namespace = fields.text(decoder, "namespace", check::label);
    let wait = fields.text(decoder, "wait", check::duration);
    let on_failure = fields.word(decoder, "on-failure", ON_FAILURE);
    let keep = fields.count(decoder, "keep");
    let prune = fields.flag(decoder, "prune");
    Some(ClusterEntry { context: context?, namespace, wait, on_failure, keep, prune })
}

/// Vaults and histories are bound to their environment: two cannot share one.
fn report_shared_files(decoder: &mut Decoder, environments: &[Environment]) {
    let mut owners: HashMap<String, &str> = HashMap::new();
    for environment in environments {
        let name = &environment.name.value;
        let mut own: Vec<(String, Option<&Place>)> = Vec::new();
        for vault in &environment.vaults {
            if vault.kind == VaultKind::Local {
                let path = vault.text("path").map_or_else(|| format!("secrets/{name}.vault"), |path| path.value.clone());
                own.push((path, vault.name.place.as_ref()));
            }
        }
        if let Some(history) = &environment.history {
            own.push((history.url.value.to_string(), history.url.place.as_ref()));
        }
        for (path, place) in own {
            match owners.get(&path) {
                Some(owner) => {
                    let reason = if owner == name {
                        format!("{} holds two things of `environments.{name}`", quote(&path))
                    } else {
                        format!("{} belongs to `environments.{owner}` already", quote(&path))
                    };
                    let place = place.or(environment.name.place.as_ref()).cloned();
                    if let Some(place) = place {
                        decoder.report(place, reason, "give each vault and each history a path of its own");
                    }
                }
                None => {
                    owners.insert(path, name);
                }
            }
        }
    }
}
