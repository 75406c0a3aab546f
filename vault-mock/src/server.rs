//! The server: a thread with a runtime of its own, on a port of the loopback, until it is dropped.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, Response};
use futures::stream::unfold;
use serde_json::{Map, Value};
use tokio::net::TcpListener;
use tokio::runtime::Builder;
use tokio::sync::oneshot;
use tokio::time::sleep;

use crate::connection::{CuttableListener, Cutter};
use crate::fault::{Fault, Script, Scripts};
use crate::hashicorp::{Answer, Asked, answer};
use crate::journal::{Call, Credential, Journal};
use crate::seed::{Seed, SeedError, Token};
use crate::store::{Change, Store};

/// The largest body of a request.
const BODY_LIMIT: usize = 32 << 20;

/// A running server.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    tokens: Vec<Token>,
    latency: Duration,
    store: Mutex<Store>,
    scripts: Mutex<Scripts>,
    journal: Journal,
}

impl Server {
    /// Serves `seed` on a free port of the loopback.
    ///
    /// # Errors
    /// A seed that contradicts itself, and what the machine says about sockets and threads, as [`io::Error`].
    pub fn start(seed: Seed) -> io::Result<Self> {
        Self::start_on(0, seed)
    }

    /// Serves `seed` on a port of the loopback; 0 takes a free one.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_on(port: u16, seed: Seed) -> io::Result<Self> {
        let shared = Arc::new(Shared::new(seed).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?);
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let state = Arc::clone(&shared);
        let thread = thread::Builder::new().name("vault-mock".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else { return };
                let service = Router::new().fallback(handle).with_state(state).into_make_service_with_connect_info::<Cutter>();
                tokio::select! {
                    _ = axum::serve(CuttableListener(listener), service) => {}
                    _ = stopped => {}
                }
            });
        })?;
        Ok(Self { address, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The first of its tokens.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.shared.tokens[0].id
    }

    /// Adds a fault.
    pub fn script(&self, script: Script) {
        lock(&self.shared.scripts).add(script);
    }

    /// Forgets all faults.
    pub fn heal(&self) {
        lock(&self.shared.scripts).clear();
    }

    /// What was asked so far.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// Writes a version of `mount/path`.
    ///
    /// # Errors
    /// When no mount has that path.
    pub fn put(&self, path: &str, data: Map<String, Value>) -> Result<(), SeedError> {
        self.shared.put(path, data)
    }

    /// Soft-deletes versions of `mount/path` as of `time`; the current one when none is named.
    pub fn delete(&self, path: &str, versions: &[u64], time: &str) {
        self.shared.change(path, versions, &Change::Delete(time.to_owned()));
    }

    /// Destroys versions of `mount/path`; the current one when none is named.
    pub fn destroy(&self, path: &str, versions: &[u64]) {
        self.shared.change(path, versions, &Change::Destroy);
    }

    /// Serves until the thread ends, which it does not by itself.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap_or_default();
        }
    }
}

impl Shared {
    fn new(seed: Seed) -> Result<Self, SeedError> {
        let mounts = if seed.mounts.is_empty() { vec!["secret".to_owned()] } else { seed.mounts };
        let tokens = if seed.tokens.is_empty() { vec![Token { id: "demo-token".to_owned(), paths: None }] } else { seed.tokens };
        let mut scripts = Scripts::default();
        seed.faults.into_iter().for_each(|script| scripts.add(script));
        let shared = Self {
            tokens,
            latency: Duration::from_millis(seed.latency_ms),
            store: Mutex::new(Store::new(&mounts)),
            scripts: Mutex::new(scripts),
            journal: Journal::default(),
        };
        for (path, versions) in seed.secrets {
            versions.into_iter().try_for_each(|data| shared.put(&path, data))?;
        }
        for removal in seed.removed {
            if let Some(time) = removal.deletion_time {
                shared.change(&removal.path, &[removal.version], &Change::Delete(time));
            }
            if removal.destroyed {
                shared.change(&removal.path, &[removal.version], &Change::Destroy);
            }
        }
        Ok(shared)
    }

    fn put(&self, path: &str, data: Map<String, Value>) -> Result<(), SeedError> {
        let mut store = lock(&self.store);
        let Some((mount, rest)) = store.route(path) else { return Err(SeedError { reason: format!("no mount has the path {path}") }) };
        store.put(&mount, rest, data, None).map(drop).map_err(|words| SeedError { reason: words.to_owned() })
    }

    fn change(&self, path: &str, versions: &[u64], change: &Change) {
        let mut store = lock(&self.store);
        if let Some((mount, rest)) = store.route(path) {
            store.change(&mount, rest, versions, change);
        }
    }

    /// The token that came, and what is thought of it.
    fn credential(&self, headers: &HeaderMap) -> (Credential, Option<&Token>) {
        let plain = headers.get("x-vault-token").and_then(|value| value.to_str().ok());
        let bearer = || headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let Some(given) = plain.or_else(bearer) else { return (Credential::None, None) };
        match self.tokens.iter().find(|token| token.id == given) {
            Some(token) => (Credential::Known, Some(token)),
            None => (Credential::Unknown, None),
        }
    }

    /// The answer when nothing goes wrong.
    fn answer(&self, token: Option<&Token>, asked: &Asked<'_>) -> Answer {
        match token {
            None => Answer::error(403, &["2 errors occurred:\n\t* permission denied\n\t* invalid token\n\n"]),
            Some(token) if !token.may(asked.path) => Answer::error(403, &["1 error occurred:\n\t* permission denied\n\n"]),
            Some(_) => answer(&mut lock(&self.store), asked),
        }
    }
}

/// Notes the end of a request even when its client goes away first.
struct Visit<'a> {
    journal: &'a Journal,
    number: usize,
    status: Option<u16>,
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        self.journal.leave(self.number, self.status);
    }
}

async fn handle(State(shared): State<Arc<Shared>>, ConnectInfo(cutter): ConnectInfo<Cutter>, request: Request) -> Response<Body> {
    let (head, body) = request.into_parts();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let (credential, token) = shared.credential(&head.headers);
    let number = shared.journal.arrive(Call {
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().map(str::to_owned),
        credential,
        namespace: header("x-vault-namespace"),
        marked: header("x-vault-request").as_deref() == Some("true"),
        status: None,
    });
    let mut visit = Visit { journal: &shared.journal, number, status: None };
    let fault = lock(&shared.scripts).next(head.uri.path());
    sleep(shared.latency).await;
    if let Some(Fault::Delay { ms }) = fault {
        sleep(Duration::from_millis(ms)).await;
    }
    let answer = match (decoded(head.uri.path()), to_bytes(body, BODY_LIMIT).await) {
        (Some(path), Ok(body)) => {
            let path = path.trim_start_matches('/');
            let query = head.uri.query().unwrap_or_default();
            match path.strip_prefix("v1/") {
                Some(path) => shared.answer(token, &Asked { method: &head.method, path, query, body: &body }),
                None => Answer::error(404, &[]),
            }
        }
        _ => Answer::error(400, &["error parsing request"]),
    };
    let response = spoiled(&answer, fault, &cutter);
    visit.status = response.as_ref().map(|response| response.status().as_u16());
    response.unwrap_or_default()
}

/// The answer, or what the fault makes of it; `None` when there will be none.
fn spoiled(answer: &Answer, fault: Option<Fault>, cutter: &Cutter) -> Option<Response<Body>> {
    let text = answer.body.as_ref().map(Value::to_string).unwrap_or_default();
    let half = text.len() / 2;
    let plain =
        |status: u16, text: String| Response::builder().status(status).header(CONTENT_TYPE, "application/json").body(Body::from(text));
    let response = match fault {
        None | Some(Fault::Delay { .. }) => plain(answer.status, text),
        Some(Fault::Status { code, retry_after, errors }) => {
            let words = errors.unwrap_or_else(|| usual_words(code));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let text = Answer::error(code, &words).body.unwrap_or_default().to_string();
            let mut builder = Response::builder().status(code).header(CONTENT_TYPE, "application/json");
            if let Some(seconds) = retry_after {
                builder = builder.header(RETRY_AFTER, seconds);
            }
            builder.body(Body::from(text))
        }
        Some(Fault::Reset) => {
            cutter.cut();
            return None;
        }
        Some(Fault::Slow { each_ms }) => {
            Response::builder().status(answer.status).header(CONTENT_LENGTH, text.len()).body(trickle(text.into_bytes(), each_ms))
        }
        Some(Fault::Truncated) => {
            Response::builder().status(answer.status).header(CONTENT_LENGTH, text.len()).body(broken(text.as_bytes()[..half].to_vec()))
        }
        Some(Fault::Malformed) => {
            let cut = (0..=half).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
            plain(answer.status, text[..cut].to_owned())
        }
        Some(Fault::Redirect { code, to }) => Response::builder().status(code).header(LOCATION, to).body(Body::empty()),
        Some(Fault::Body { code, text }) => plain(code, text),
    };
    Some(response.unwrap_or_default())
}

fn usual_words(code: u16) -> Vec<String> {
    let words: &[&str] = match code {
        403 => &["permission denied"],
        429 => &["request path \"secret/data\": rate limit quota exceeded"],
        500 => &["internal error"],
        503 => &["Vault is sealed"],
        _ => &[],
    };
    words.iter().map(|&word| word.to_owned()).collect()
}

/// A body that comes byte by byte.
fn trickle(bytes: Vec<u8>, each_ms: u64) -> Body {
    Body::from_stream(unfold(bytes.into_iter(), move |mut left| async move {
        let byte = left.next()?;
        sleep(Duration::from_millis(each_ms)).await;
        Some((Ok::<_, io::Error>(vec![byte]), left))
    }))
}

/// A body that ends in the middle.
fn broken(bytes: Vec<u8>) -> Body {
    Body::from_stream(unfold(Some(bytes), |left| async move {
        if let Some(bytes) = left {
            return Some((Ok(bytes), None));
        }
        // What came before must have left the machine.
        sleep(Duration::from_millis(20)).await;
        Some((Err(io::Error::from(io::ErrorKind::UnexpectedEof)), None))
    }))
}

/// Percent-decodes a path (RFC 3986 section 2.1); `None` when that is not UTF-8.
fn decoded(path: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let hex = |digit: u8| char::from(digit).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, tail @ ..]) => {
                bytes.push(u8::try_from(hex(*high)? * 16 + hex(*low)?).ok()?);
                rest = tail;
            }
            _ => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).ok()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpStream;

    use super::{Server, decoded};
    use crate::fault::{Fault, Script};
    use crate::journal::Credential;
    use crate::seed::Seed;

    /// One request over a bare socket: everything that came back before the connection ended, or the error.
    fn exchange(server: &Server, request: &str) -> Result<String, std::io::ErrorKind> {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).map_err(|error| error.kind())?;
        Ok(text)
    }

    fn get(server: &Server, path: &str) -> Result<String, std::io::ErrorKind> {
        let token = server.token();
        exchange(server, &format!("GET {path} HTTP/1.1\r\nHost: x\r\nX-Vault-Token: {token}\r\nConnection: close\r\n\r\n"))
    }

    fn server() -> Server {
        Server::start(Seed::default().secret("secret/a b", &[("k", "one")])).unwrap()
    }

    #[test]
    fn reads_with_a_token_only() {
        let server = server();
        assert!(get(&server, "/v1/secret/data/a%20b").unwrap().contains("\"k\":\"one\""));
        let anonymous = exchange(&server, "GET /v1/secret/data/a%20b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        assert!(anonymous.starts_with("HTTP/1.1 403") && !anonymous.contains("one"));
        let calls = server.journal().calls();
        assert_eq!((calls[0].credential, calls[0].status), (Credential::Known, Some(200)));
        assert_eq!((calls[1].credential, calls[1].status), (Credential::None, Some(403)));
    }

    #[test]
    fn a_scoped_token_is_held_to_its_paths() {
        let seed = Seed::default().token("t", Some(&["secret/data/shop"])).secret("secret/shop/a", &[("k", "v")]).secret("secret/b", &[]);
        let server = Server::start(seed).unwrap();
        assert!(get(&server, "/v1/secret/data/shop/a").unwrap().starts_with("HTTP/1.1 200"));
        assert!(get(&server, "/v1/secret/data/b").unwrap().starts_with("HTTP/1.1 403"));
    }

    #[test]
    fn faults_come_as_scripted_and_then_no_more() {
        let server = server();
        let path = "/v1/secret/data/a%20b";
        server.script(Script::new("", 1, Fault::throttled(7)));
        server.script(Script::new("", 1, Fault::Reset));
        server.script(Script::new("", 1, Fault::Truncated));
        server.script(Script::new("", 1, Fault::Malformed));
        server.script(Script::new("", 1, Fault::Slow { each_ms: 0 }));
        server.script(Script::new("", 1, Fault::Redirect { code: 307, to: "http://other/".to_owned() }));
        let throttled = get(&server, path).unwrap();
        assert!(throttled.starts_with("HTTP/1.1 429") && throttled.contains("retry-after: 7"));
        assert_eq!(get(&server, path), Err(std::io::ErrorKind::ConnectionReset));
        let length = |text: &str| text.split("content-length: ").nth(1).unwrap().split("\r\n").next().unwrap().parse::<usize>().unwrap();
        let body = |text: &str| text.split("\r\n\r\n").nth(1).unwrap().len();
        let truncated = get(&server, path).unwrap();
        assert!(body(&truncated) > 0 && body(&truncated) < length(&truncated));
        let malformed = get(&server, path).unwrap();
        assert_eq!(body(&malformed), length(&malformed));
        assert!(!malformed.ends_with('}'));
        assert!(get(&server, path).unwrap().contains("\"k\":\"one\""));
        assert!(get(&server, path).unwrap().contains("location: http://other/"));
        assert!(get(&server, path).unwrap().starts_with("HTTP/1.1 200"));
        assert_eq!(server.journal().calls()[1].status, None);
    }

    #[test]
    fn a_path_is_decoded_once() {
        assert_eq!(decoded("/a%2520b%2Fc").as_deref(), Some("/a%20b/c"));
        assert_eq!(decoded("/%ff"), None);
        assert_eq!(decoded("/%zz"), None);
    }

    #[test]
    fn a_seed_for_a_mount_that_is_not_there_is_refused() {
        assert!(Server::start(Seed::default().secret("kv/a", &[])).is_err());
    }
}
