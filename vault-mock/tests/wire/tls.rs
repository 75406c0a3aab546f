//! TLS by an authority of the test's own.

use vault_mock::hashicorp::{Hashicorp, Seed};
use vault_mock::{Authority, Fault, Options, Script, Server};

use crate::client::Ask;

fn server(options: Options<'_>) -> Server<Hashicorp> {
    Hashicorp::serve_with(Seed::default().secret("secret/a", &[("k", "one")]), options).unwrap()
}

fn ask() -> Ask {
    Ask::new("GET", "/v1/secret/data/a").header("X-Vault-Token", "demo-token")
}

#[test]
fn the_authority_vouches_for_the_server_under_all_its_names() {
    let authority = Authority::generate();
    let server = server(Options { tls: Some(&authority), names: vec!["*.vault.test".to_owned()], ..Options::default() });
    assert_eq!(server.url(), format!("https://127.0.0.1:{}", server.port()));
    for name in ["127.0.0.1", "localhost", "shop.vault.test"] {
        assert_eq!(ask().over_tls(server.port(), name, &authority.pem(), None).unwrap().status, 200, "{name}");
    }
    assert_eq!(server.journal().count(), 3);
    assert!(ask().over_tls(server.port(), "vault.example", &authority.pem(), None).is_err());
    assert!(ask().over_tls(server.port(), "localhost", &Authority::generate().pem(), None).is_err());
    assert_eq!((server.journal().count(), server.journal().connections()), (3, 5));
}

#[test]
fn clients_show_a_certificate_where_they_must() {
    let (authority, stranger) = (Authority::generate(), Authority::generate());
    let server = server(Options { tls: Some(&authority), client_authority: true, ..Options::default() });
    let as_client = |client: Option<(String, String)>| ask().over_tls(server.port(), "localhost", &authority.pem(), client.as_ref());
    assert_eq!(as_client(Some(authority.client())).unwrap().status, 200);
    assert!(as_client(None).is_err());
    assert!(as_client(Some(stranger.client())).is_err());
    assert_eq!(server.journal().count(), 1);
}

#[test]
fn faults_hold_within_tls() {
    let authority = Authority::generate();
    let server = server(Options { tls: Some(&authority), ..Options::default() });
    let ask = || ask().over_tls(server.port(), "localhost", &authority.pem(), None);
    server.script(Script::new("", 1, Fault::Reset));
    assert!(ask().is_err());
    server.script(Script::new("", 1, Fault::Truncated));
    assert!(ask().is_err_and(|kind| kind == std::io::ErrorKind::UnexpectedEof));
    assert!(ask().unwrap().body.contains("one"));
}

#[test]
fn names_that_no_certificate_has_are_refused() {
    let authority = Authority::generate();
    let options = Options { tls: Some(&authority), names: vec!["caf\u{e9}.test".to_owned()], ..Options::default() };
    assert!(Hashicorp::serve_with(Seed::default(), options).is_err());
}
