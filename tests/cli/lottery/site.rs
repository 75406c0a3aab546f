//! A kind of vault as a project meets it: what its file says, what the environment holds, and the server behind it.

use std::fmt;

use vault_mock::Protocol;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;

use crate::lottery::BLANKS;
use crate::lottery::value;

/// A server whose kind does not matter.
pub(super) trait Mock: fmt::Debug {
    fn script(&self, script: Script);
    fn heal(&self);
}

impl<P: Protocol> Mock for Server<P> {
    fn script(&self, script: Script) {
        Server::script(self, script);
    }

    fn heal(&self) {
        Server::heal(self);
    }
}

/// A kind of vault, ready to be deployed from.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) kind: &'static str,
    /// What stands at the vault in the project file.
    pub(super) vault: String,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) files: Vec<(&'static str, String)>,
    /// What no message may hold.
    pub(super) credentials: Vec<String>,
    pub(super) mock: Box<dyn Mock>,
}

impl Site {
    /// The name of a secret.
    pub(super) fn name(&self, number: usize) -> String {
        format!("lot-{number}")
    }
}

/// Every kind.
pub(super) fn sites() -> Vec<Site> {
    vec![hashicorp()]
}

fn hashicorp() -> Site {
    let mut seed = vault_mock::hashicorp::Seed::default();
    for number in 0..BLANKS {
        seed = seed.secret(&format!("secret/lot-{number}"), &[("value", &value(number))]);
    }
    let server = Hashicorp::serve(seed).unwrap();
    let token = server.protocol().token().to_owned();
    Site {
        kind: "hashicorp",
        vault: format!("kind: hashicorp, address: \"{}\"", server.url()),
        variables: vec![("VAULT_TOKEN", token.clone())],
        files: Vec::new(),
        credentials: vec![token],
        mock: Box::new(server),
    }
}
