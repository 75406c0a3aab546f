//! The way to a vault by a proxy: a name that only the proxy resolves, TLS from end to end, and no detour for this machine.

use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread::spawn;
use std::time::Duration;

use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::service::DiagnosticStep;
use cloze::service::ServiceError;
use cloze::service::http::Authorities;
use cloze::service::http::Proxies;
use cloze::vault::Diagnose;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use vault_mock::Authority;
use vault_mock::Options;
use vault_mock::Server;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

use crate::read::CANARY;
use crate::read::ask;
use crate::read::one;

/// A name that no DNS has.
const NAME: &str = "vault.corp.test";
/// What the proxy wants where it wants a password: `user:pass`.
const AUTHORIZATION: &str = "Basic dXNlcjpwYXNz";

/// A proxy that connects `CONNECT` to the loopback, whatever name it is given (RFC 9110 section 9.3.6).
struct Proxy {
    port: u16,
    /// The first line of each request.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// `refusal` is the status line of its answer; without one it connects every client that has the password, where it wants one.
    fn serve(refusal: Option<&'static str>, password: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (port, asked) = (listener.local_addr().unwrap().port(), Arc::<Mutex<Vec<String>>>::default());
        let lines = Arc::clone(&asked);
        spawn(move || {
            for stream in listener.incoming() {
                let lines = Arc::clone(&lines);
                spawn(move || answer(stream.unwrap(), refusal, password, &lines));
            }
        });
        Self { port, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

fn answer(mut client: TcpStream, refusal: Option<&str>, password: bool, asked: &Mutex<Vec<String>>) {
    let mut head: Vec<String> = Vec::new();
    let mut reader = BufReader::new(client.try_clone().unwrap());
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        head.push(line.trim().to_owned());
    }
    let Some(first) = head.first().cloned() else { return };
    asked.lock().unwrap().push(first.clone());
    let known = head.iter().any(|line| line.to_lowercase().starts_with("proxy-authorization:") && line.ends_with(AUTHORIZATION));
    let refusal = refusal.or((password && !known).then_some("407 Proxy Authentication Required"));
    let port = first.split([' ', ':']).nth(2).and_then(|port| port.parse::<u16>().ok());
    let (None, Some(port)) = (refusal, port) else {
        let status = refusal.unwrap_or("400 Bad Request");
        client.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").as_bytes()).unwrap_or_default();
        return;
    };
    let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let (mut up, mut down) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    spawn(move || std::io::copy(&mut up, &mut server).map(|_| server.shutdown(std::net::Shutdown::Write)));
    std::io::copy(&mut down, &mut client).unwrap_or_default();
}

fn server(authority: &Authority) -> Server<Hashicorp> {
    let seed = Seed::default().secret("secret/a", &[("value", CANARY)]);
    Hashicorp::serve_with(seed, Options { tls: Some(authority), names: vec![NAME.to_owned()], ..Options::default() }).unwrap()
}

fn vault(server: &Server<Hashicorp>, authority: &Authority, host: &str, proxies: Proxies) -> HashicorpVault {
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    let token = Secret::copy_of(server.protocol().token().as_bytes());
    let mut settings = Settings::new(format!("https://{host}:{port}"), "secret", token);
    settings.limits.deadline = Duration::from_secs(3);
    settings.transport.authorities = Some(Authorities { pem: authority.pem().into_bytes(), source: "`corp.pem`".to_owned() });
    settings.transport.proxies = proxies;
    HashicorpVault::new(settings, Arc::new(Machine)).unwrap()
}

async fn refused(proxy: &str) -> ServiceError {
    let (authority, proxies) = (Authority::generate(), Proxies::new(proxy, None).unwrap());
    let server = server(&authority);
    let error = one(&vault(&server, &authority, NAME, proxies), ask("a", None, None)).await.unwrap_err();
    assert_eq!(server.journal().count(), 0);
    assert!(!format!("{error:?}").contains("user:pass"), "{error:?}");
    error
}

#[tokio::test]
async fn a_vault_that_only_the_proxy_can_resolve_is_read_by_it() {
    let (authority, proxy) = (Authority::generate(), Proxy::serve(None, true));
    let server = server(&authority);
    let proxies = Proxies::new(&format!("http://user:pass@127.0.0.1:{}", proxy.port), Some("other.test")).unwrap();
    let vault = vault(&server, &authority, NAME, proxies);
    assert_eq!(one(&vault, ask("a", None, None)).await.unwrap().value.expose(), CANARY.as_bytes());
    let port = server.url().rsplit(':').next().unwrap().to_owned();
    assert_eq!(proxy.asked()[0], format!("CONNECT {NAME}:{port} HTTP/1.1"));
    let found = vault.diagnose().await;
    let words = |step| found.iter().find(|found| found.step == step).unwrap().outcome.clone().unwrap();
    assert_eq!(words(DiagnosticStep::Proxy), format!("by 127.0.0.1:{}", proxy.port));
    assert_eq!(words(DiagnosticStep::Tls), "the certificate is valid by `corp.pem`");
    assert!(found.last().unwrap().outcome.is_ok(), "{found:?}");
}

#[tokio::test]
async fn this_machine_and_what_no_proxy_lists_are_reached_without_it() {
    let (authority, proxy) = (Authority::generate(), Proxy::serve(None, false));
    let server = server(&authority);
    let proxies = |except| Proxies::new(&format!("127.0.0.1:{}", proxy.port), Some(except)).unwrap();
    let local = vault(&server, &authority, "localhost", proxies(""));
    assert!(one(&local, ask("a", None, None)).await.is_ok());
    assert_eq!(local.diagnose().await[0].outcome.clone().unwrap(), "not used: the address is on this machine");
    let listed = vault(&server, &authority, NAME, proxies("corp.test"));
    let found = listed.diagnose().await;
    assert_eq!(found[0].outcome.clone().unwrap(), "not used: NO_PROXY lists the host");
    assert_eq!(found[1].outcome.clone().unwrap_err().reason, format!("the name `{NAME}` does not resolve"));
    assert!(proxy.asked().is_empty());
}

#[tokio::test]
async fn what_a_proxy_refuses_is_named_and_no_password_is_shown() {
    let wants = Proxy::serve(None, true);
    let error = refused(&format!("http://127.0.0.1:{}", wants.port)).await;
    assert_eq!(error.reason, format!("the proxy 127.0.0.1:{} wants a user and a password", wants.port));
    assert_eq!(error.next, "put `USER:PASSWORD@` before the proxy's host in HTTPS_PROXY");
    let forbids = Proxy::serve(Some("403 Forbidden"), false);
    let error = refused(&format!("http://127.0.0.1:{}", forbids.port)).await;
    assert_eq!(error.reason, format!("the proxy 127.0.0.1:{} gives no connection to the vault", forbids.port));
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = refused(&format!("http://user:pass@127.0.0.1:{port}")).await;
    assert_eq!(error.reason, format!("no connection to the proxy 127.0.0.1:{port}"));
    assert_eq!(error.next, "check HTTPS_PROXY and that the proxy runs, or list the host in NO_PROXY");
}

#[tokio::test]
async fn the_certificate_is_the_vaults_also_by_a_proxy() {
    let (authority, proxy) = (Authority::generate(), Proxy::serve(None, false));
    let server = server(&authority);
    let proxies = Proxies::new(&format!("127.0.0.1:{}", proxy.port), None).unwrap();
    let error = one(&vault(&server, &Authority::generate(), NAME, proxies), ask("a", None, None)).await.unwrap_err();
    assert_eq!(error.reason, "the vault's certificate is not valid here");
    assert!(error.next.ends_with("; a proxy that opens TLS has an authority of its own: name its file in SSL_CERT_FILE"), "{error:?}");
    assert_eq!(server.journal().count(), 0);
}
