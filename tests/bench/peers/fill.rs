//! 500 blanks of 167 secrets of a vault that takes 50 ms for each answer.

use std::fs;
use std::time::Duration;

use vault_mock::Options;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::peer::Peer;
use crate::peer::compare;
use crate::peer::head;

const BLANKS: usize = 500;
const SECRETS: usize = 167;
const LATENCY: Duration = Duration::from_millis(50);

/// Compares a deploy, with its history and its files, to tools that write the filled text alone; vals, which asks one after the other, runs once.
pub(crate) fn run() {
    let seed = (0..SECRETS).fold(Seed::default(), |seed, number| {
        seed.secret(&format!("secret/app/s{number}"), &[("value", &format!("value-{number}-0123456789"))])
    });
    let server = Hashicorp::serve_with(seed, Options::latency(LATENCY)).unwrap();
    let (url, token) = (server.url(), server.protocol().token().to_owned());
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("cloze")).unwrap();
    Peer::cloze(&folder.path().join("cloze"), &["init", "--here", "--bare", "bench", "--quiet"]).run();
    let file = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    let keys = |value: &dyn Fn(usize) -> String| {
        (0..BLANKS).map(|number| format!("  k{number}: {}\n", value(number % SECRETS))).collect::<String>()
    };
    let head_of = "apiVersion: v1\nkind: Secret\nmetadata: { name: app, annotations: { cloze.dev/names: stable } }\nstringData:\n";
    file(
        "cloze/templates/app.yaml",
        &format!("{head_of}{}", keys(&|secret| format!("'{{{{ secret(name=\"app/s{secret}\", key=\"value\") }}}}'"))),
    );
    let project = format!(
        "apiVersion: cloze.dev/v1\nproject: bench\ntemplates: ['templates/*.yaml']\nenvironments:\n  dev:\n    namespace: bench\n    vaults:\n      \
         default: {{ kind: hashicorp, address: '{url}', mount: secret }}\n"
    );
    file("cloze/cloze.yaml", &project);
    let template = format!(
        "{head_of}{}",
        keys(&|secret| format!("'{{{{ with secret \"secret/data/app/s{secret}\" }}}}{{{{ .Data.data.value }}}}{{{{ end }}}}'"))
    );
    file("consul/app.ctmpl", &template);
    file("vals/app.yaml", &format!("{head_of}{}", keys(&|secret| format!("ref+vault://secret/app/s{secret}#/value"))));
    let at = |name: &str| folder.path().join(name);
    println!("{}", head());
    let mut peers =
        vec![Peer::cloze(&at("cloze"), &["deploy", "--quiet"]).with("VAULT_TOKEN", token.clone()).with("VAULT_ADDR", url.clone())];
    let arguments = ["-once", "-vault-renew-token=false", "-vault-retry=false", "-log-level=err", "-template", "app.ctmpl:app.yaml"];
    let consul = Peer::installed("consul-template", "consul-template", &at("consul"), &arguments);
    peers.extend(consul.map(|peer| peer.with("VAULT_TOKEN", token.clone()).with("VAULT_ADDR", url.clone())));
    let what = format!("{BLANKS} blanks of {SECRETS}");
    compare(&what, &mut peers, 9);
    if let Some(peer) = Peer::installed("vals", "vals", &at("vals"), &["eval", "-f", "app.yaml"]) {
        let mut peer = peer.with("VAULT_TOKEN", token).with("VAULT_ADDR", url);
        peer.run();
        println!("{}", peer.row(&what, &peers[0]));
    }
    println!("calls of all: {}", server.journal().count());
}
