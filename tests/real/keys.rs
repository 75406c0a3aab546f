//! Keys that services hold: the transit engine of `HashiCorp` Vault itself, and AWS KMS as moto and local-kms understand it.

mod aws;
mod transit;
