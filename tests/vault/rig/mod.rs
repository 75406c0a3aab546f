//! Every kind of vault behind a network, set up against its mock with the same secrets.

mod aws;
mod azure;
mod gcp;
mod hashicorp;

use std::fmt;
use std::sync::Arc;

use cloze::blank::Ask;
use cloze::vault::Vault;
use cloze::vault::VaultFault;
use cloze::vault::http::Limits;
use vault_mock::Fault;
use vault_mock::Journal;
use vault_mock::Script;

/// A kind of vault with its mock.
pub(crate) trait Rig: fmt::Debug {
    /// The kind, as in a project file.
    fn kind(&self) -> &'static str;

    /// A new client.
    fn vault(&self, limits: Limits) -> Arc<dyn Vault>;

    /// What every answer of the mock takes from now on goes wrong so.
    fn script(&self, script: Script);

    /// Forgets the scripts.
    fn heal(&self);

    /// What was asked.
    fn journal(&self) -> &Journal;

    /// How many calls read `secrets` distinct ones, and how many go ahead of them.
    fn calls(&self, secrets: usize) -> (usize, usize);

    /// What no message may hold beside the values: tokens, keys, passwords.
    fn credentials(&self) -> Vec<String>;

    /// The refusals of this protocol, each with its verdict.
    fn refusals(&self) -> Vec<(Fault, VaultFault)>;
}

/// The secrets of every rig.
pub(crate) const SECRETS: usize = 167;

/// The name of a secret.
pub(crate) fn name(number: usize) -> String {
    format!("secret-{number}")
}

/// Its value.
pub(crate) fn value(number: usize) -> String {
    format!("canary-{number}-7Yq1")
}

/// What asks for it.
pub(crate) fn ask(number: usize) -> Ask {
    Ask { vault: "default".to_owned(), name: name(number), key: None, version: None }
}

/// All of them; what stands at `latency_ms` goes before each answer of the mock.
pub(crate) fn all(latency_ms: u64) -> Vec<Box<dyn Rig>> {
    vec![
        Box::new(hashicorp::HashicorpRig::new(latency_ms)),
        Box::new(azure::AzureRig::new(latency_ms)),
        Box::new(aws::AwsRig::new(latency_ms)),
        Box::new(gcp::GcpRig::new(latency_ms)),
    ]
}
