//! A live object as a verdict reads it.

use serde_json::Value;

/// A JSON value of the API. What is absent reads as empty, zero or false, as in Go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Live<'a>(pub(super) &'a Value);

#[cfg(test)]
thread_local! {
    /// How often something was read, in this thread.
    pub(super) static READS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// An entry of `status.conditions`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Condition<'a> {
    /// `True`, `False` or `Unknown`.
    pub(super) status: &'a str,
    pub(super) reason: &'a str,
    pub(super) message: &'a str,
    /// Whether it speaks of an older generation of the object.
    pub(super) stale: bool,
}

impl<'a> Live<'a> {
    pub(super) fn at(self, pointer: &str) -> Option<&'a Value> {
        #[cfg(test)]
        READS.with(|reads| reads.set(reads.get() + 1));
        self.0.pointer(pointer)
    }

    pub(super) fn text(self, pointer: &str) -> &'a str {
        self.at(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn count(self, pointer: &str) -> i64 {
        self.count_or(pointer, 0)
    }

    pub(super) fn count_or(self, pointer: &str, default: i64) -> i64 {
        // Argo Rollouts writes its generation as text.
        self.at(pointer).and_then(|value| value.as_i64().or_else(|| value.as_str()?.parse().ok())).unwrap_or(default)
    }

    pub(super) fn is_set(self, pointer: &str) -> bool {
        self.at(pointer).and_then(Value::as_bool).unwrap_or_default()
    }

    pub(super) fn list(self, pointer: &str) -> impl Iterator<Item = Live<'a>> + use<'a> {
        self.at(pointer).and_then(Value::as_array).into_iter().flatten().map(Live)
    }

    pub(super) fn kind(self) -> &'a str {
        self.text("/kind")
    }

    /// The API group; empty for the core's.
    pub(super) fn group(self) -> &'a str {
        self.text("/apiVersion").split_once('/').map_or("", |(group, _)| group)
    }

    pub(super) fn name(self) -> &'a str {
        self.text("/metadata/name")
    }

    pub(super) fn uid(self) -> &'a str {
        self.text("/metadata/uid")
    }

    /// The UID of the controller that owns it.
    pub(super) fn controller(self) -> &'a str {
        let owner = self.list("/metadata/ownerReferences").find(|owner| owner.is_set("/controller"));
        owner.map_or("", |owner| owner.text("/uid"))
    }

    pub(super) fn is_being_removed(self) -> bool {
        self.at("/metadata/deletionTimestamp").is_some_and(|time| !time.is_null())
    }

    /// Whether the status is of the object as it is now. Before that, nothing in the status counts.
    pub(super) fn is_observed(self) -> bool {
        self.count("/status/observedGeneration") >= self.count("/metadata/generation")
    }

    pub(super) fn condition(self, kind: &str) -> Option<Condition<'a>> {
        let found = self.list("/status/conditions").find(|condition| condition.text("/type") == kind)?;
        Some(Condition {
            status: found.text("/status"),
            reason: found.text("/reason"),
            message: found.text("/message"),
            stale: found.count_or("/observedGeneration", i64::MAX) < self.count("/metadata/generation"),
        })
    }

    pub(super) fn holds(self, kind: &str) -> bool {
        self.condition(kind).is_some_and(|condition| condition.status == "True")
    }
}
