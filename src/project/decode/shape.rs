//! The keys that each mapping of a project file may have. The published schema says the same; a test holds them together.

use crate::project::vault::VaultKind;

/// One kind of mapping.
#[derive(Debug, Clone, Copy)]
pub(in crate::project) struct Shape {
    /// Every key.
    pub keys: &'static [&'static str],
    /// The keys that must be there.
    pub required: &'static [&'static str],
}

pub(super) const PROJECT: Shape = Shape {
    keys: &["apiVersion", "project", "templates", "names", "config", "external", "references", "cluster-scoped", "environments"],
    required: &["apiVersion", "project", "environments"],
};

pub(super) const CONFIG: Shape = Shape {
    keys: &["kind", "name", "namespace", "type", "names", "files", "keys", "env-file", "template", "labels", "annotations"],
    required: &["kind", "name"],
};

pub(super) const MANIFEST_FILES: Shape = Shape { keys: &["files", "template"], required: &["files"] };

pub(super) const EXTERNAL: Shape = Shape { keys: &["kind", "name", "namespace", "keys"], required: &["kind", "name"] };

pub(super) const REFERENCE: Shape =
    Shape { keys: &["group", "kind", "path", "refers-to"], required: &["group", "kind", "path", "refers-to"] };

pub(super) const CLUSTER_SCOPED: Shape = Shape { keys: &["group", "kind"], required: &["group", "kind"] };

pub(super) const ENVIRONMENT: Shape =
    Shape { keys: &["namespace", "templates", "names", "values", "vaults", "history", "keys", "cluster"], required: &[] };

pub(super) const LOCAL_VAULT: Shape = Shape { keys: &["kind", "path", "prefixes"], required: &["kind"] };

pub(super) const HASHICORP_VAULT: Shape = Shape {
    keys: &[
        "kind",
        "address",
        "mount",
        "engine",
        "namespace",
        "auth",
        "authMount",
        "role",
        "audience",
        "tokenFile",
        "ca",
        "clientCertificate",
        "clientKey",
        "prefixes",
    ],
    required: &["kind"],
};

pub(super) const AZURE_VAULT: Shape = Shape {
    keys: &[
        "kind",
        "url",
        "credential",
        "tenant",
        "client",
        "authority",
        "apiVersion",
        "serviceConnection",
        "certificate",
        "tokenFile",
        "ca",
        "prefixes",
    ],
    required: &["kind", "url"],
};

pub(super) const AWS_VAULT: Shape =
    Shape { keys: &["kind", "service", "region", "profile", "endpoint", "ca", "prefixes"], required: &["kind"] };

pub(super) const GCP_VAULT: Shape =
    Shape { keys: &["kind", "project", "location", "endpoint", "credentials", "ca", "prefixes"], required: &["kind"] };

pub(super) const ENV_VAULT: Shape = Shape { keys: &["kind", "prefix", "prefixes"], required: &["kind"] };

pub(super) const EXEC_VAULT: Shape = Shape { keys: &["kind", "command", "prefixes"], required: &["kind", "command"] };

/// The keys that a vault of that kind may have.
pub(super) fn of_vault(kind: VaultKind) -> &'static Shape {
    match kind {
        VaultKind::Local => &LOCAL_VAULT,
        VaultKind::Hashicorp => &HASHICORP_VAULT,
        VaultKind::Azure => &AZURE_VAULT,
        VaultKind::Aws => &AWS_VAULT,
        VaultKind::Gcp => &GCP_VAULT,
        VaultKind::Env => &ENV_VAULT,
        VaultKind::Exec => &EXEC_VAULT,
    }
}

pub(super) const HISTORY: Shape = Shape { keys: &["url", "region", "endpoint", "account"], required: &["url"] };

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
    ("manifestFiles", MANIFEST_FILES),
    ("external", EXTERNAL),
    ("reference", REFERENCE),
    ("clusterScoped", CLUSTER_SCOPED),
    ("environment", ENVIRONMENT),
    ("localVault", LOCAL_VAULT),
    ("hashicorpVault", HASHICORP_VAULT),
    ("azureVault", AZURE_VAULT),
    ("awsVault", AWS_VAULT),
    ("gcpVault", GCP_VAULT),
    ("envVault", ENV_VAULT),
    ("execVault", EXEC_VAULT),
    ("history", HISTORY),
    ("keyFile", KEY_FILE),
    ("passphrase", PASSPHRASE),
    ("cluster", CLUSTER),
];

#[cfg(test)]
mod tests {
    use super::of_vault;
    use crate::project::vault::VaultKind;
    use crate::project::vault::fields;

    #[test]
    fn every_field_of_a_vault_is_a_key_and_every_key_is_read() {
        for (word, kind) in VaultKind::ALL {
            let mut known = vec!["kind"];
            known.extend(fields(*kind).iter().map(|field| field.key));
            if *kind == VaultKind::Exec {
                known.push("command");
            }
            known.push("prefixes");
            assert_eq!(of_vault(*kind).keys, known, "{word}");
        }
    }
}
