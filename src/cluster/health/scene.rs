//! What is seen of the cluster while objects are waited for.

use std::collections::BTreeMap;
use std::collections::HashMap;

use serde_json::Value;

use crate::cluster::health::live::Live;
use crate::cluster::health::watch::Change;

/// One watch and what it has shown.
#[derive(Debug)]
pub(super) struct View {
    pub(super) kind: ViewKind,
    /// `None` for kinds that belong to the cluster.
    pub(super) namespace: Option<String>,
    /// Whether a first list came, or none will come.
    pub(super) is_settled: bool,
    pub(super) is_lost: bool,
    objects: BTreeMap<String, Value>,
    /// Of the events of the first list, those that are not about pods: they may tell of an earlier release.
    old: HashMap<String, String>,
}

/// What a watch is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum ViewKind {
    /// Awaited objects of an API version and kind.
    Awaited(String, String),
    Pods,
    ReplicaSets,
    /// Warnings.
    Events,
    /// All events about PersistentVolumeClaims.
    ClaimEvents,
}

impl View {
    pub(super) fn new(kind: ViewKind, namespace: Option<String>) -> Self {
        Self { kind, namespace, is_settled: false, is_lost: false, objects: BTreeMap::new(), old: HashMap::new() }
    }

    pub(super) fn object(&self, name: &str) -> Option<&Value> {
        self.objects.get(name)
    }

    pub(super) fn objects(&self) -> impl Iterator<Item = &Value> {
        self.objects.values()
    }

    pub(super) fn take(&mut self, change: Change) {
        match change {
            Change::Listed(objects) => {
                let is_first = !std::mem::replace(&mut self.is_settled, true);
                if is_first && self.kind == ViewKind::Events {
                    let old = objects.iter().map(Live).filter(|event| event.text("/involvedObject/kind") != "Pod");
                    self.old = old.map(|event| (event.name().to_owned(), version(event).to_owned())).collect();
                }
                self.is_lost = false;
                self.objects.clear();
                for object in objects {
                    self.keep(object);
                }
            }
            Change::Applied(object) => self.keep(object),
            Change::Removed(object) => {
                self.objects.remove(Live(&object).name());
            }
            Change::Lost(_) => self.is_lost = true,
            Change::Resumed => self.is_lost = false,
            Change::Refused(_) => self.is_settled = true,
        }
    }

    fn keep(&mut self, object: Value) {
        let live = Live(&object);
        if self.old.get(live.name()).is_none_or(|old| old != version(live)) {
            self.objects.insert(live.name().to_owned(), object);
        }
    }
}

fn version(live: Live<'_>) -> &str {
    live.text("/metadata/resourceVersion")
}
