//! Who is believed to be the vault, and who says that it is us.

use crate::hashicorp::bench::error;
use crate::hashicorp::bench::server;
use crate::hashicorp::bench::with;
use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;
use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceFault;
use cloze::service::http::Authorities;
use cloze::service::http::ClientCertificate;
use cloze::service::http::Transport;
use cloze::vault::Diagnose;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use rustls::ServerConfig;
use rustls::ServerConnection;
use rustls::Stream;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::PrivateKeyDer;
use std::io::Read as _;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::thread::spawn;
use vault_mock::Authority;
use vault_mock::Options;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

#[tokio::test]
async fn a_server_without_tls_is_told() {
    let server = server();
    let address = server.url().replace("http:", "https:");
    let settings = Settings::new(address, "secret", Secret::copy_of(b"token"));
    let error = match HashicorpVault::new(settings, Arc::new(Machine)) {
        Ok(vault) => one(&vault, ask("a", None, None)).await.unwrap_err(),
        // A machine without CA certificates.
        Err(error) => error,
    };
    assert_eq!(error.fault, ServiceFault::Unavailable);
    assert!(
        ["TLS with the vault failed", "TLS cannot be set up with the system's certificates"].contains(&error.reason.as_str()),
        "{error:?}"
    );
    assert_eq!(server.journal().count(), 0);
}

/// A TLS server on the loopback whose certificate nobody has signed; gives what a client says after the handshake.
fn untrusted() -> (u16, JoinHandle<usize>) {
    let certificate = CertificateDer::from(include_bytes!("../untrusted.certificate.der").to_vec());
    let key = PrivateKeyDer::try_from(include_bytes!("../untrusted.key.der").to_vec()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let said = spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut connection = ServerConnection::new(Arc::new(config)).unwrap();
        let mut said = Vec::new();
        // An error is what a client that refuses leaves.
        Stream::new(&mut connection, &mut socket).read_to_end(&mut said).unwrap_or_default();
        said.len()
    });
    (port, said)
}

#[tokio::test]
async fn a_certificate_that_nobody_signed_is_refused_before_the_token_is_sent() {
    let (port, said) = untrusted();
    let settings = Settings::new(format!("https://localhost:{port}"), "secret", Secret::copy_of(b"token"));
    // A machine without CA certificates refuses earlier.
    let Ok(vault) = HashicorpVault::new(settings, Arc::new(Machine)) else { return };
    let error = one(&vault, ask("a", None, None)).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (ServiceFault::Unavailable, "the vault's certificate is not valid here"));
    assert_eq!(said.join().unwrap(), 0);
}

fn encrypted(authority: &Authority, client_authority: bool) -> Server<Hashicorp> {
    let seed = Seed::default().secret("secret/a", &[("value", CANARY)]);
    Hashicorp::serve_with(seed, Options { tls: Some(authority), client_authority, ..Options::default() }).unwrap()
}

fn trusting(authority: &Authority, identity: Option<ClientCertificate>) -> Transport {
    Transport {
        authorities: Some(Authorities { pem: authority.pem().into_bytes(), source: "`ca.pem`".to_owned() }),
        identity,
        ..Transport::default()
    }
}

fn shown(authority: &Authority) -> ClientCertificate {
    let (chain, key) = authority.client();
    ClientCertificate { chain: chain.into_bytes(), key: Secret::new(key.into_bytes()) }
}

#[tokio::test]
async fn an_authority_of_ones_own_is_believed_and_no_other() {
    let authority = Authority::generate();
    let server = encrypted(&authority, false);
    let vault = with(&server, |settings| settings.transport = trusting(&authority, None));
    assert_eq!(one(&vault, ask("a", None, None)).await.unwrap().value.expose(), CANARY.as_bytes());
    server.journal().clear();
    let vault = with(&server, |settings| settings.transport = trusting(&Authority::generate(), None));
    assert_eq!(error(&vault, "a").await.reason, "the vault's certificate is not valid here");
    assert_eq!(server.journal().count(), 0);
    let last = vault.diagnose().await.pop().unwrap();
    assert_eq!((last.step, last.outcome.unwrap_err().reason.as_str()), (DiagnosticStep::Tls, "the vault's certificate is not valid here"));
}

#[tokio::test]
async fn a_server_that_wants_a_certificate_gets_one() {
    let authority = Authority::generate();
    let server = encrypted(&authority, true);
    let vault = with(&server, |settings| settings.transport = trusting(&authority, Some(shown(&authority))));
    assert_eq!(one(&vault, ask("a", None, None)).await.unwrap().value.expose(), CANARY.as_bytes());
    server.journal().clear();
    for identity in [None, Some(shown(&Authority::generate()))] {
        let vault = with(&server, |settings| settings.transport = trusting(&authority, identity));
        let error = error(&vault, "a").await;
        assert_eq!(
            (error.fault, error.reason.as_str()),
            (ServiceFault::Unavailable, "the vault wants a client certificate that it accepts")
        );
        assert_eq!(error.next, "give the certificate and the key that the vault's listener asks for");
    }
    assert_eq!(server.journal().count(), 0);
}
