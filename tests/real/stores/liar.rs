//! A server with S3's interface that does not do what it says: what a history believes is what is there.

use std::collections::BTreeMap;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;

use bytes::Bytes;
use cloze::bucket;
use cloze::bucket::Bucket;
use cloze::bucket::BucketSettings;
use cloze::clock::Machine;
use cloze::history::Creation;
use cloze::history::HistoryStore as _;
use cloze::history::StoreFault;
use cloze::identity::ToolEnvironment;
use cloze::service::http::RequestLimits;
use cloze::service::http::Transport;

/// Bytes that every answer to a request for a part has too many.
const EXCESS: &str = "and more than was asked for";

/// Serves until the test ends. What exists is overwritten, and the answer says that it was not.
fn liar() -> Bucket {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let mut objects = BTreeMap::new();
        for stream in listener.incoming() {
            let _ = answer(&mut stream.unwrap(), &mut objects);
        }
    });
    let pairs = [("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "secret")];
    let settings = BucketSettings {
        bucket: "cloze".to_owned(),
        prefix: String::new(),
        name: "the history".to_owned(),
        endpoint: Some(endpoint),
        environment: Arc::new(ToolEnvironment::collect(pairs.into_iter().map(|(name, value)| (name.into(), value.into())), None)),
        transport: Transport::default(),
        limits: RequestLimits::default(),
        clock: Arc::new(Machine),
        entropy: Arc::new(Machine),
    };
    bucket::s3(settings, None).unwrap()
}

fn answer(stream: &mut TcpStream, objects: &mut BTreeMap<String, Vec<u8>>) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let (method, path) = (line.split(' ').next()?.to_owned(), line.split(' ').nth(1)?.to_owned());
    let (mut length, mut part) = (0, None);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "range" => part = value.rsplit('-').next()?.parse::<usize>().ok().map(|last| last + 1),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let (status, headers, body) = match (method.as_str(), objects.get(&path)) {
        ("PUT", there) => {
            let exists = there.is_some();
            objects.insert(path, body);
            if exists {
                ("412 Precondition Failed", String::new(), code("PreconditionFailed"))
            } else {
                ("200 OK", String::new(), Vec::new())
            }
        }
        ("GET", Some(there)) => match part {
            Some(end) => {
                let end = end.min(there.len());
                let range = format!("Content-Range: bytes 0-{}/{}\r\n", end - 1, there.len());
                ("206 Partial Content", range, [&there[..end], EXCESS.as_bytes()].concat())
            }
            None => ("200 OK", String::new(), there.clone()),
        },
        _ => ("404 Not Found", String::new(), code("NoSuchKey")),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}ETag: \"e\"\r\nLast-Modified: Sun, 29 Nov 2026 00:00:00 GMT\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).ok()
}

fn code(code: &str) -> Vec<u8> {
    format!("<Error><Code>{code}</Code></Error>").into_bytes()
}

#[tokio::test]
async fn what_was_overwritten_in_spite_of_the_answer_shows() {
    let store = liar();
    let first = Bytes::from_static(b"first");
    assert_eq!(store.create("probes/a", first.clone()).await.unwrap(), Creation::Created);
    assert_eq!(store.create("probes/a", Bytes::from_static(b"second")).await.unwrap(), Creation::Exists);
    assert_eq!(store.get("probes/a").await.unwrap().unwrap(), "second");
}

#[tokio::test]
async fn an_answer_that_is_longer_than_it_says_is_refused() {
    let store = liar();
    store.create("releases/a", Bytes::from_static(b"first and second")).await.unwrap();
    let error = store.get_start("releases/a", 5).await.unwrap_err();
    assert_eq!((error.fault, error.reason.as_str()), (StoreFault::Unreadable, "the history: the answer is longer than what was asked for"));
    assert_eq!(store.get("releases/a").await.unwrap().unwrap(), "first and second");
}
