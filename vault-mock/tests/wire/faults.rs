//! Each fault as it looks on the wire.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use vault_mock::{Answer, Asked, Credential, Fault, Options, Protocol, Script, Server, Subject};

use crate::client::{Ask, Reply};

/// Says what it was asked; the credential is the header `Key`, which must be `true`.
#[derive(Debug)]
struct Echo;

impl Protocol for Echo {
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        Answer::text(200, "text/plain", format!("{} {} {}", asked.origin, asked.path, String::from_utf8_lossy(asked.body)))
    }

    fn failure(&self, _: &Asked<'_>, code: u16, variant: Option<&str>, words: Option<&[String]>) -> Answer {
        Answer::text(code, "text/plain", format!("{} {}", variant.unwrap_or("usual"), words.unwrap_or_default().join(",")))
    }

    fn credential(&self, asked: &Asked<'_>) -> Credential {
        match asked.header("key") {
            None => Credential::None,
            Some("true") => Credential::Known,
            Some(_) => Credential::Unknown,
        }
    }

    fn subject(&self, asked: &Asked<'_>) -> Subject {
        Subject::new("echo", vec![String::from_utf8_lossy(asked.body).into_owned()])
    }

    fn corrupt(&self, mut answer: Answer) -> Answer {
        answer.body.reverse();
        answer
    }

    fn exports(&self, _: &str) -> Vec<(&'static str, String)> {
        Vec::new()
    }
}

fn server(options: Options<'_>) -> Server<Echo> {
    Server::start(Arc::new(Echo), options).unwrap()
}

fn get(server: &Server<Echo>) -> Result<Reply, ErrorKind> {
    Ask::new("GET", "/a%20b").body("one").of(&server.url())
}

/// What comes under a fault, and whether all is well after it.
fn under(fault: Fault) -> Result<Reply, ErrorKind> {
    let server = server(Options::default());
    server.script(Script::new("one", 1, fault));
    let reply = get(&server);
    assert_eq!(get(&server).unwrap().body, TRUE);
    reply
}

const TRUE: &str = "http://here /a%20b one";

#[test]
fn errors_are_the_protocols_own() {
    let reply = under(Fault::throttled(7)).unwrap();
    assert_eq!((reply.status, reply.header("retry-after"), reply.body.as_str()), (429, Some("7"), "usual "));
    assert_eq!(under(Fault::variant(403, "firewall")).unwrap().body, "firewall ");
    let reply = under(Fault::worded(400, "no")).unwrap();
    assert_eq!((reply.body.as_str(), reply.header("retry-after")), ("usual no", None));
    assert_eq!(under(Fault::Body { code: 200, text: "{".to_owned() }).unwrap().body, "{");
    let reply = under(Fault::Redirect { code: 308, to: "http://other/".to_owned() }).unwrap();
    assert_eq!((reply.status, reply.header("location")), (308, Some("http://other/")));
}

#[test]
fn answers_are_spoiled() {
    assert_eq!(under(Fault::Reset), Err(ErrorKind::ConnectionReset));
    let truncated = under(Fault::Truncated).unwrap();
    assert_eq!((truncated.header("content-length"), truncated.body.as_str()), (Some("22"), &TRUE[..11]));
    let malformed = under(Fault::Malformed).unwrap();
    assert_eq!((malformed.header("content-length"), malformed.body.as_str()), (Some("11"), &TRUE[..11]));
    assert_eq!(under(Fault::WrongCrc).unwrap().body, TRUE.chars().rev().collect::<String>());
}

#[test]
fn answers_are_late() {
    for fault in [Fault::Delay { ms: 60 }, Fault::Slow { each_ms: 3 }] {
        let server = server(Options::default());
        server.script(Script::new("", 1, fault));
        assert_eq!(get(&server).unwrap().body, TRUE);
        let gap = |server: &Server<Echo>| {
            get(server).unwrap();
            let calls = server.journal().calls();
            calls[calls.len() - 1].arrived - calls[calls.len() - 2].arrived
        };
        assert!(gap(&server) >= Duration::from_millis(60));
    }
    let server = server(Options::latency(Duration::from_millis(40)));
    assert!(get(&server).is_ok() && get(&server).is_ok());
    let calls = server.journal().calls();
    assert!(calls[1].arrived - calls[0].arrived >= Duration::from_millis(40));
}

#[test]
fn a_request_may_ask_for_its_own_fault() {
    let ask = Ask::new("GET", "/").header("X-Mock-Fault", r#"{"kind": "status", "code": 503, "variant": "v"}"#);
    let allowed = server(Options { allow_header: true, ..Options::default() });
    let reply = ask.of(&allowed.url()).unwrap();
    assert_eq!((reply.status, reply.body.as_str()), (503, "v "));
    assert_eq!(ask.of(&server(Options::default()).url()).unwrap().status, 200);
}

#[test]
fn the_journal_tells_who_asked_for_what() {
    let server = server(Options::default());
    server.script(Script::new("/gone", 1, Fault::Reset));
    for (path, key) in [("/a?b=c", "true"), ("/gone", "false")] {
        Ask::new("PUT", path).header("Key", key).body("name").of(&server.url()).unwrap_or(Reply {
            status: 0,
            head: String::new(),
            body: String::new(),
        });
    }
    let calls = server.journal().of("echo");
    assert_eq!((calls[0].method.as_str(), calls[0].path.as_str(), calls[0].query.as_deref()), ("PUT", "/a", Some("b=c")));
    assert_eq!((calls[0].subject.names[0].as_str(), calls[0].credential, calls[0].status), ("name", Credential::Known, Some(200)));
    assert_eq!((calls[1].credential, calls[1].status), (Credential::Unknown, None));
    assert_eq!((server.journal().count(), server.journal().connections(), server.journal().most_at_once()), (2, 2, 1));
    server.journal().clear();
    assert_eq!((server.journal().count(), server.journal().connections()), (0, 0));
}

#[test]
fn a_storm_ends_by_itself_and_a_heal_ends_all() {
    let server =
        server(Options { faults: vec![Script::throttling("", Duration::from_millis(80), Fault::status(429))], ..Options::default() });
    let replies: Vec<u16> = (0..400).map(|_| get(&server).unwrap().status).take_while(|status| *status == 429).collect();
    let calls = server.journal().calls();
    let last = &calls[calls.len() - 1];
    assert_eq!((last.status, replies.len()), (Some(200), calls.len() - 1));
    assert!(last.arrived - calls[0].arrived >= Duration::from_millis(80));
    server.script(Script::always("", Fault::Reset));
    server.heal();
    assert!(get(&server).is_ok());
}
