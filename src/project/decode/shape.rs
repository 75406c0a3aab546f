//! The keys that each mapping of a project file may have. The published schema says the same; a test holds them together.

/// One kind of mapping.
#[derive(Debug, Clone, Copy)]
pub(in crate::project) struct Shape {
    /// Every key.
    pub keys: &'static [&'static str],
    /// The keys that must be there.
    pub required: &'static [&'static str],
}

pub(super) const PROJECT: Shape = Shape {
    keys: &["apiVersion", "project", "templates", "names", "config", "external", "environments"],
    required: &["apiVersion", "project", "environments"],
};

pub(super) const CONFIG: Shape = Shape {
    keys: &["kind", "name", "namespace", "type", "names", "files", "keys", "template", "labels", "annotations"],
    required: &["kind", "name"],
};

pub(super) const EXTERNAL: Shape = Shape { keys: &["kind", "name", "namespace", "keys"], required: &["kind", "name"] };

pub(super) const ENVIRONMENT: Shape =
    Shape { keys: &["namespace", "templates", "names", "values", "vaults", "history", "keys", "cluster"], required: &[] };

pub(super) const LOCAL_VAULT: Shape = Shape { keys: &["kind", "path", "prefixes"], required: &["kind"] };

pub(super) const HASHICORP_VAULT: Shape = Shape { keys: &["kind", "address", "mount", "namespace", "prefixes"], required: &["kind"] };

pub(super) const HISTORY: Shape = Shape { keys: &["url"], required: &["url"] };

pub(super) const KEY_FILE: Shape = Shape { keys: &["kind", "path"], required: &["kind"] };

pub(super) const PASSPHRASE: Shape = Shape { keys: &["kind"], required: &["kind"] };

pub(super) const CLUSTER: Shape = Shape { keys: &["context"], required: &["context"] };

pub(super) const LOCK: Shape =
    Shape { keys: &["apiVersion", "environment", "secrets"], required: &["apiVersion", "environment", "secrets"] };

pub(super) const LOCKED: Shape = Shape { keys: &["vault", "name", "asked", "version"], required: &["vault", "name", "version"] };

/// All of a project file, by their names among the schema's `$defs`; the whole file has none.
#[cfg(test)]
pub(in crate::project) const ALL: &[(&str, Shape)] = &[
    ("", PROJECT),
    ("config", CONFIG),
    ("external", EXTERNAL),
    ("environment", ENVIRONMENT),
    ("localVault", LOCAL_VAULT),
    ("hashicorpVault", HASHICORP_VAULT),
    ("history", HISTORY),
    ("keyFile", KEY_FILE),
    ("passphrase", PASSPHRASE),
    ("cluster", CLUSTER),
];
