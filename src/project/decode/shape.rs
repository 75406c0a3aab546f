//! The keys that each mapping of a project file may have. The published schema says the same; a test holds them together.

/// One kind of mapping.
#[derive(Debug, Clone, Copy)]
pub(in crate::project) struct Shape<'k> {
    /// Every key.
    pub keys: &'k [&'static str],
    /// The keys that must be there.
    pub required: &'k [&'static str],
}

pub(super) const PROJECT: Shape<'static> = Shape {
    keys: &["apiVersion", "project", "templates", "names", "config", "external", "references", "cluster-scoped", "policy", "environments"],
    required: &["apiVersion", "project", "environments"],
};

pub(super) const CONFIG: Shape<'static> = Shape {
    keys: &["kind", "name", "namespace", "type", "names", "files", "keys", "env-file", "template", "labels", "annotations"],
    required: &["kind", "name"],
};

pub(super) const MANIFEST_FILES: Shape<'static> = Shape { keys: &["files", "template"], required: &["files"] };

pub(super) const EXTERNAL: Shape<'static> = Shape { keys: &["kind", "name", "namespace", "keys"], required: &["kind", "name"] };

pub(super) const REFERENCE: Shape<'static> =
    Shape { keys: &["group", "kind", "path", "refers-to"], required: &["group", "kind", "path", "refers-to"] };

pub(super) const CLUSTER_SCOPED: Shape<'static> = Shape { keys: &["group", "kind"], required: &["group", "kind"] };

pub(super) const ENVIRONMENT: Shape<'static> = Shape {
    keys: &["namespace", "templates", "names", "config", "values", "vaults", "history", "keys", "policy", "cluster"],
    required: &[],
};

pub(super) const HISTORY: Shape<'static> = Shape { keys: &["url", "region", "endpoint", "account"], required: &["url"] };

pub(super) const KEY_FILE: Shape<'static> = Shape { keys: &["kind", "path"], required: &["kind"] };

pub(super) const AGE: Shape<'static> = Shape { keys: &["kind", "recipient"], required: &["kind", "recipient"] };

pub(super) const PASSPHRASE: Shape<'static> = Shape { keys: &["kind"], required: &["kind"] };

pub(super) const CLUSTER: Shape<'static> =
    Shape { keys: &["context", "namespace", "wait", "on-failure", "keep", "prune"], required: &["context"] };

pub(super) const POLICY_FILE: Shape<'static> = Shape { keys: &["policy"], required: &["policy"] };

pub(super) const PLAIN_RULE: Shape<'static> = Shape { keys: &["rule", "severity", "exempt"], required: &["rule"] };

pub(super) const SECRETS_RULE: Shape<'static> = Shape { keys: &["rule", "severity", "exempt", "vaults", "prefixes"], required: &["rule"] };

pub(super) const RESOURCES_RULE: Shape<'static> = Shape { keys: &["rule", "severity", "exempt", "resources"], required: &["rule"] };

pub(super) const EXPRESSION_RULE: Shape<'static> =
    Shape { keys: &["name", "expression", "message", "match", "severity", "exempt"], required: &["name", "expression"] };

pub(super) const RULE_MATCH: Shape<'static> = Shape { keys: &["kinds"], required: &["kinds"] };

pub(super) const LOCK: Shape<'static> =
    Shape { keys: &["apiVersion", "environment", "secrets"], required: &["apiVersion", "environment", "secrets"] };

pub(super) const LOCKED: Shape<'static> = Shape { keys: &["vault", "name", "asked", "version"], required: &["vault", "name", "version"] };

/// All of a project file, by their names among the schema's `$defs`; the whole file has none.
#[cfg(test)]
pub(in crate::project) const ALL: &[(&str, Shape<'static>)] = &[
    ("", PROJECT),
    ("config", CONFIG),
    ("manifestFiles", MANIFEST_FILES),
    ("external", EXTERNAL),
    ("reference", REFERENCE),
    ("clusterScoped", CLUSTER_SCOPED),
    ("environment", ENVIRONMENT),
    ("history", HISTORY),
    ("keyFile", KEY_FILE),
    ("passphrase", PASSPHRASE),
    ("age", AGE),
    ("cluster", CLUSTER),
    ("plainRule", PLAIN_RULE),
    ("secretsRule", SECRETS_RULE),
    ("resourcesRule", RESOURCES_RULE),
    ("expressionRule", EXPRESSION_RULE),
    ("ruleMatch", RULE_MATCH),
];
