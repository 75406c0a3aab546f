//! The kinds of vaults.

/// What a vault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum VaultKind {
    /// A file of the project with one sealed entry per secret version.
    Local,
    /// The KV engine of HashiCorp Vault or OpenBao.
    Hashicorp,
    /// Azure Key Vault.
    Azure,
    /// AWS Secrets Manager or SSM Parameter Store.
    Aws,
    /// Google Secret Manager.
    Gcp,
    /// Environment variables.
    Env,
    /// A program of the user's.
    Exec,
}

impl VaultKind {
    /// All of them with their words in project files.
    pub(in crate::project) const ALL: &'static [(&'static str, Self)] = &[
        ("local", Self::Local),
        ("hashicorp", Self::Hashicorp),
        ("azure", Self::Azure),
        ("aws", Self::Aws),
        ("gcp", Self::Gcp),
        ("env", Self::Env),
        ("exec", Self::Exec),
    ];

    /// The word in project files.
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, kind)| *kind == self).map_or("", |(word, _)| word)
    }
}
