//! Every kind of vault behind a network, set up against its mock with the same secrets.

mod aws;
mod azure;
mod gcp;
mod hashicorp;
mod mock;

use std::sync::Arc;
use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::service::ServiceFault;
use cloze::service::http::Limits;
use cloze::vault::Adapter;

use crate::rig::mock::Mock;
use vault_mock::Fault;

/// A kind of vault with its mock.
pub(crate) trait Rig: Mock {
    /// The kind, as in a project file.
    fn kind(&self) -> &'static str;

    /// A new client.
    fn vault(&self, limits: Limits) -> Arc<dyn Adapter>;

    /// How many calls read `secrets` distinct ones, and how many go ahead of them.
    fn calls(&self, secrets: usize) -> (usize, usize);

    /// What no message may hold beside the values: tokens, keys, passwords.
    fn credentials(&self) -> Vec<String>;

    /// The refusals of this protocol, each with its verdict.
    fn refusals(&self) -> Vec<(Fault, ServiceFault)>;
}

/// The secrets of every rig.
pub(crate) const SECRETS: usize = 167;

/// The name of a secret.
fn name(number: usize) -> String {
    format!("secret-{number}")
}

/// Its value.
pub(crate) fn value(number: usize) -> String {
    format!("canary-{number}-7Yq1")
}

/// What asks for it.
pub(crate) fn ask(number: usize) -> SecretRef {
    SecretRef { vault: "default".to_owned(), name: name(number), key: None, version: None }
}

/// The name of each, with its value.
fn secrets() -> impl Iterator<Item = (String, String)> {
    (0..SECRETS).map(|number| (name(number), value(number)))
}

/// All kinds; the value of `latency_ms` goes before each answer of the mock.
pub(crate) fn all(latency_ms: u64) -> Vec<Box<dyn Rig>> {
    let latency = Duration::from_millis(latency_ms);
    vec![Box::new(hashicorp::serve(latency)), Box::new(azure::serve(latency)), Box::new(aws::serve(latency)), Box::new(gcp::serve(latency))]
}
