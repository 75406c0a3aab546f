//! A kind of vault as a project meets it: what its file says, what the environment holds, and the server behind it.

use std::fmt;

use vault_mock::Protocol;
use vault_mock::Script;
use vault_mock::Server;
use vault_mock::aws::Aws;
use vault_mock::azure::Azure;
use vault_mock::gcp::Gcp;
use vault_mock::hashicorp::Hashicorp;

use crate::injection::BLANKS;
use crate::injection::value;

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
    /// What the vault has in the project file.
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
    vec![hashicorp(), azure(), aws(), gcp()]
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

fn azure() -> Site {
    let seed = (0..BLANKS).fold(vault_mock::azure::Seed::default(), |seed, number| seed.secret(&format!("lot-{number}"), &value(number)));
    let server = Azure::serve(seed).unwrap();
    let (client, secret) = server.protocol().client();
    Site {
        kind: "azure",
        vault: format!("kind: azure, url: \"{0}\", authority: \"{0}\"", server.url()),
        variables: vec![
            ("AZURE_TENANT_ID", server.protocol().tenant()),
            ("AZURE_CLIENT_ID", client),
            ("AZURE_CLIENT_SECRET", secret.clone()),
        ],
        files: Vec::new(),
        credentials: vec![secret],
        mock: Box::new(server),
    }
}

fn aws() -> Site {
    let seed = (0..BLANKS).fold(vault_mock::aws::Seed::default(), |seed, number| seed.secret(&format!("lot-{number}"), &value(number)));
    let server = Aws::serve(seed).unwrap();
    let key = server.protocol().key();
    Site {
        kind: "aws",
        vault: format!("kind: aws, region: eu-central-1, endpoint: \"{}\"", server.url()),
        variables: vec![("AWS_ACCESS_KEY_ID", key.id.clone()), ("AWS_SECRET_ACCESS_KEY", key.secret.clone())],
        files: Vec::new(),
        credentials: vec![key.secret.clone()],
        mock: Box::new(server),
    }
}

fn gcp() -> Site {
    let seed = (0..BLANKS).fold(vault_mock::gcp::Seed::default(), |seed, number| seed.secret(&format!("lot-{number}"), &value(number)));
    let server = Gcp::serve(seed).unwrap();
    Site {
        kind: "gcp",
        vault: format!("kind: gcp, project: demo-project, endpoint: \"{}\", credentials: run/gcp.json", server.url()),
        variables: Vec::new(),
        files: vec![("run/gcp.json", server.protocol().authorized_user(&server.url()))],
        credentials: Vec::new(),
        mock: Box::new(server),
    }
}
