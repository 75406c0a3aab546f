//! Vaults: the local file, and KV v2 through vault-mock.
