//! The keys that each mapping of a project file may have. The published schema says the same; a test holds them together.

/// One kind of mapping.
#[derive(Debug, Clone, Copy)]
pub(in crate::project) struct Shape {
    /// Its name among the schema's `$defs`; empty for the whole file.
    pub definition: &'static str,
    /// Every key.
    pub keys: &'static [&'static str],
    /// The keys that must be there.
    pub required: &'static [&'static str],
}

pub(super) const PROJECT: Shape = Shape {
    definition: "",
    keys: &["apiVersion", "project", "templates", "names", "config", "external", "environments"],
    required: &["apiVersion", "project", "environments"],
};

pub(super) const CONFIG: Shape = Shape {
    definition: "config",
    keys: &["kind", "name", "namespace", "type", "names", "files", "keys", "template", "labels", "annotations"],
    required: &["kind", "name"],
};

pub(super) const EXTERNAL: Shape =
    Shape { definition: "external", keys: &["kind", "name", "namespace", "keys"], required: &["kind", "name"] };

pub(super) const ENVIRONMENT: Shape = Shape {
    definition: "environment",
    keys: &["namespace", "templates", "names", "values", "vaults", "history", "keys", "cluster"],
    required: &[],
};

pub(super) const LOCAL_VAULT: Shape = Shape { definition: "localVault", keys: &["kind", "path", "prefixes"], required: &["kind"] };

pub(super) const HASHICORP_VAULT: Shape =
    Shape { definition: "hashicorpVault", keys: &["kind", "address", "mount", "namespace", "prefixes"], required: &["kind"] };

pub(super) const HISTORY: Shape = Shape { definition: "history", keys: &["url"], required: &["url"] };

pub(super) const KEY_FILE: Shape = Shape { definition: "keyFile", keys: &["kind", "path"], required: &["kind"] };

pub(super) const PASSPHRASE: Shape = Shape { definition: "passphrase", keys: &["kind"], required: &["kind"] };

pub(super) const CLUSTER: Shape = Shape { definition: "cluster", keys: &["context"], required: &["context"] };

/// All of them.
#[cfg(test)]
pub(in crate::project) const ALL: &[Shape] =
    &[PROJECT, CONFIG, EXTERNAL, ENVIRONMENT, LOCAL_VAULT, HASHICORP_VAULT, HISTORY, KEY_FILE, PASSPHRASE, CLUSTER];
