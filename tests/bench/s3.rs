//! A store with S3's interface, in memory, that takes its time and counts.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;
use std::time::Instant;

/// A store on a port of this machine, until the program ends. It checks no signatures.
pub(crate) struct Store {
    pub(crate) endpoint: String,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Vec<u8>>,
    delay: Duration,
    calls: Vec<Call>,
}

/// A call that was answered.
pub(crate) struct Call {
    came: Instant,
    answered: Instant,
    /// Bytes of the bodies, there and back.
    pub(crate) bytes: usize,
}

/// How many of the calls waited for each other: the most of them that lie one after another.
pub(crate) fn in_a_row(calls: &[Call]) -> usize {
    let mut by_answer: Vec<&Call> = calls.iter().collect();
    by_answer.sort_by_key(|call| call.answered);
    let mut last = None;
    let mut count = 0;
    for call in by_answer {
        if last.is_none_or(|last| call.came >= last) {
            last = Some(call.answered);
            count += 1;
        }
    }
    count
}

impl Store {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let state = Arc::clone(&shared);
                thread::spawn(move || serve(&stream.unwrap(), &state));
            }
        });
        Self { endpoint, state }
    }

    /// Makes each call take so much longer.
    pub(crate) fn delay(&self, delay: Duration) {
        self.state.lock().unwrap().delay = delay;
    }

    /// The calls since the last time.
    pub(crate) fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.state.lock().unwrap().calls)
    }
}

struct Request {
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    creates: bool,
    /// The end of the part that is asked for.
    part: Option<usize>,
    body: Vec<u8>,
}

/// Requests of one connection, until it ends.
fn serve(stream: &TcpStream, state: &Mutex<State>) -> Option<()> {
    stream.set_nodelay(true).ok()?;
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    loop {
        let request = read(&mut reader)?;
        let came = Instant::now();
        let delay = state.lock().unwrap().delay;
        thread::sleep(delay);
        let (status, headers, body) = answer(&request, &mut state.lock().unwrap().objects);
        let bytes = request.body.len() + body.len();
        state.lock().unwrap().calls.push(Call { came, answered: Instant::now(), bytes });
        let head = format!("HTTP/1.1 {status}\r\n{headers}ETag: \"e\"\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut writer = stream;
        writer.write_all(&[head.as_bytes(), &body].concat()).ok()?;
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pair = |pair: &str| pair.split_once('=').map(|(name, value)| (name.to_owned(), value.replace("%2F", "/")));
    let query = query.split('&').filter_map(pair).collect();
    let path = path.trim_start_matches('/').split_once('/').map(|(_, path)| path.to_owned()).unwrap_or_default();
    let mut request = Request { method, path, query, creates: false, part: None, body: Vec::new() };
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => request.body = vec![0; value.parse().ok()?],
            "if-none-match" => request.creates = true,
            "range" => request.part = value.rsplit('-').next()?.parse::<usize>().ok().map(|last| last + 1),
            _ => {}
        }
    }
    reader.read_exact(&mut request.body).ok()?;
    Some(request)
}

type Answer = (&'static str, String, Vec<u8>);

fn answer(request: &Request, objects: &mut BTreeMap<String, Vec<u8>>) -> Answer {
    let code = |status, code: &str| (status, String::new(), format!("<Error><Code>{code}</Code></Error>").into_bytes());
    match (request.method.as_str(), objects.get(&request.path)) {
        ("PUT", Some(_)) if request.creates => code("412 Precondition Failed", "PreconditionFailed"),
        ("PUT", _) => {
            objects.insert(request.path.clone(), request.body.clone());
            ("200 OK", String::new(), Vec::new())
        }
        ("DELETE", _) => {
            objects.remove(&request.path);
            ("204 No Content", String::new(), Vec::new())
        }
        ("GET", _) if request.path.is_empty() => listing(request, objects),
        ("GET", Some(there)) => {
            let end = request.part.unwrap_or(there.len()).min(there.len());
            let date = "Last-Modified: Sun, 29 Nov 2026 00:00:00 GMT\r\n";
            match request.part {
                Some(_) => {
                    let range = format!("{date}Content-Range: bytes 0-{}/{}\r\n", end.saturating_sub(1), there.len());
                    ("206 Partial Content", range, there[..end].to_vec())
                }
                None => ("200 OK", date.to_owned(), there.clone()),
            }
        }
        _ => code("404 Not Found", "NoSuchKey"),
    }
}

/// A page of a listing (`ListObjectsV2`).
fn listing(request: &Request, objects: &BTreeMap<String, Vec<u8>>) -> Answer {
    let asked = |name: &str| request.query.get(name).map(String::as_str);
    let (prefix, most) = (asked("prefix").unwrap_or_default(), asked("max-keys").and_then(|most| most.parse().ok()).unwrap_or(1_000));
    let after = asked("continuation-token").or(asked("start-after")).unwrap_or_default();
    let (mut contents, mut folders, mut last) = (Vec::new(), BTreeSet::new(), None);
    let mut from = Bound::Included(prefix.to_owned());
    while let Some((key, bytes)) = objects.range((from, Bound::Unbounded)).next().filter(|(key, _)| key.starts_with(prefix)) {
        let folder = asked("delimiter").and_then(|_| key[prefix.len()..].split_once('/')).map(|(name, _)| format!("{prefix}{name}/"));
        let entry = folder.clone().unwrap_or_else(|| key.clone());
        // What follows is past the whole folder.
        from = Bound::Excluded(folder.as_ref().map_or_else(|| key.clone(), |folder| format!("{folder}\u{10ffff}")));
        if entry.as_str() <= after {
            continue;
        }
        if contents.len() + folders.len() == most {
            last = Some(true);
            break;
        }
        match folder {
            Some(folder) => drop(folders.insert(folder)),
            None => contents.push((key, bytes.len())),
        }
    }
    let token =
        last.map(|_| contents.last().map(|(key, _)| (*key).clone()).into_iter().chain(folders.last().cloned()).max().unwrap_or_default());
    let mut page = format!("<ListBucketResult><IsTruncated>{}</IsTruncated><KeyCount>{}</KeyCount>", token.is_some(), contents.len());
    for (key, size) in contents {
        page.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>2026-11-29T00:00:00.000Z</LastModified><ETag>e</ETag><Size>{size}</Size></Contents>"
        ));
    }
    for folder in folders {
        page.push_str(&format!("<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>"));
    }
    if let Some(token) = token {
        page.push_str(&format!("<NextContinuationToken>{token}</NextContinuationToken>"));
    }
    page.push_str("</ListBucketResult>");
    ("200 OK", String::new(), page.into_bytes())
}
