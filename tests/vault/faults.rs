//! Every fault befalls every kind of vault: the right verdict, no value and no credential in the words, and an end in time.

use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::service::ServiceFault;
use cloze::service::http::RequestLimits;
use tokio::time::Instant;
use vault_mock::Fault;
use vault_mock::Script;

use crate::fixture::Fixture;
use crate::fixture::all;
use crate::fixture::ask;

const DEADLINE: Duration = Duration::from_millis(800);
/// How much later than the deadline an answer may come.
const GRACE: Duration = Duration::from_secs(1);

fn limits() -> RequestLimits {
    RequestLimits { deadline: DEADLINE, rest: Duration::from_millis(200), ..RequestLimits::default() }
}

/// Faults that do not depend on the protocol: whatever happens, the vault was not available.
fn common() -> Vec<(Fault, ServiceFault)> {
    let faults = [
        Fault::status(500),
        Fault::status(502),
        Fault::status(503),
        Fault::status(504),
        Fault::Reset,
        Fault::Delay { ms: 20_000 },
        Fault::Slow { each_ms: 400 },
        Fault::Truncated,
        Fault::Malformed,
        Fault::Redirect { code: 301, to: "https://evil.example/".to_owned() },
        Fault::Redirect { code: 302, to: "//evil.example/".to_owned() },
        Fault::Redirect { code: 307, to: "/elsewhere".to_owned() },
        Fault::Redirect { code: 308, to: "http://127.0.0.1:1/".to_owned() },
        Fault::Body { code: 200, text: "canary-0-7Yq1".to_owned() },
        Fault::Body { code: 200, text: "{\"canary-0-7Yq1\": \"canary-0-7Yq1\"}".to_owned() },
        Fault::Body { code: 200, text: "[]".to_owned() },
        Fault::Body { code: 200, text: String::new() },
    ];
    faults.into_iter().map(|fault| (fault, ServiceFault::Unavailable)).collect()
}

fn is_clean(fixture: &dyn Fixture, words: &str) -> bool {
    !words.contains("canary-") && fixture.credentials().iter().all(|credential| !words.contains(credential))
}

/// One fault against one kind: what was wrong, and how many answers there were.
async fn befall(fixture: &dyn Fixture, fault: Fault, expected: ServiceFault) -> (Vec<String>, usize) {
    let shown = format!("{}: {fault:?}", fixture.kind());
    fixture.heal();
    fixture.script(Script::always("secret-", fault));
    let vault = fixture.vault(limits());
    let asks: Vec<SecretRef> = (0..3).map(ask).collect();
    let mut wrong = Vec::new();
    let began = Instant::now();
    let answers = vault.fetch(&asks).await;
    let took = began.elapsed();
    let count = answers.len();
    for answer in answers {
        match answer {
            Err(error) if error.fault == expected && is_clean(fixture, &format!("{error:?}")) && !error.next.is_empty() => {}
            other => wrong.push(format!("{shown}: expected {expected:?}, got {other:?}")),
        }
    }
    if took > DEADLINE + GRACE {
        wrong.push(format!("{shown}: took {took:?}"));
    }
    let began = Instant::now();
    let (probe, list, examine) = tokio::join!(vault.probe(&asks), vault.list(), vault.diagnose());
    let words = format!("{probe:?} {list:?} {examine:?}");
    if !is_clean(fixture, &words) || began.elapsed() > DEADLINE + GRACE {
        wrong.push(format!("{shown}: probe, list and examine took {:?} and said {words}", began.elapsed()));
    }
    (wrong, count)
}

#[tokio::test]
async fn every_fault_of_every_vault_gets_its_verdict() {
    let fixtures = all(0);
    let runs = fixtures.iter().map(|fixture| async {
        let (mut wrong, mut count) = (Vec::new(), 0);
        for (fault, expected) in common().into_iter().chain(fixture.refusals()) {
            let (more, answers) = befall(fixture.as_ref(), fault, expected).await;
            wrong.extend(more);
            count += answers;
        }
        println!("{}: {count} answers under faults", fixture.kind());
        wrong
    });
    let wrong = futures::future::join_all(runs).await.concat();
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_fault_that_passes_is_not_noticed() {
    for fixture in all(0) {
        for fault in [Fault::status(500), Fault::status(503), Fault::Reset, Fault::Truncated, Fault::throttled(0)] {
            let shown = format!("{}: {fault:?}", fixture.kind());
            fixture.heal();
            fixture.script(Script::new("secret-", 2, fault));
            let answers = fixture.vault(RequestLimits { deadline: Duration::from_secs(10), ..limits() }).fetch(&[ask(0), ask(1)]).await;
            for (number, answer) in answers.into_iter().enumerate() {
                let value = answer.unwrap_or_else(|error| panic!("{shown}: {error:?}")).value;
                assert_eq!(value.expose(), crate::fixture::value(number).as_bytes(), "{shown}");
            }
        }
    }
}
