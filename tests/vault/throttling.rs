//! A vault that asks everybody for patience for a while: the fetch ends when the throttling does, with few requests on the way and no herd after it.

use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::service::http::RequestLimits;
use tokio::time::Instant;
use vault_mock::Fault;
use vault_mock::Script;

use crate::fixture::SECRETS;
use crate::fixture::all;
use crate::fixture::ask;

/// `CLOZE_LONG=1` makes it the minute of the promise.
fn length() -> Duration {
    Duration::from_secs(if std::env::var_os("CLOZE_LONG").is_some() { 60 } else { 5 })
}

#[tokio::test]
async fn a_storm_of_429_is_waited_out() {
    let storms = all(0).into_iter().map(|fixture| {
        let fault = if fixture.kind() == "aws" { Fault::variant(400, "ThrottlingException") } else { Fault::status(429) };
        async move {
            fixture.script(Script::throttling("secret-", length(), fault));
            let vault = fixture.vault(RequestLimits { deadline: length() * 3, ..RequestLimits::default() });
            let asks: Vec<SecretRef> = (0..SECRETS).map(ask).collect();
            let began = Instant::now();
            let answers = vault.fetch(&asks).await;
            let took = began.elapsed();
            let kind = fixture.kind();
            assert!(answers.iter().all(Result::is_ok), "{kind}: {:?}", answers.iter().find(|answer| answer.is_err()));
            assert!(took >= length(), "{kind}: {took:?}");
            // The last wait is 16 seconds at most, and not longer than all before it together and a bit.
            assert!(took <= length() + Duration::from_secs(17).min(length() + Duration::from_secs(3)), "{kind}: {took:?}");
            let calls = fixture.journal().calls();
            let first = calls.iter().find(|call| call.subject.names.iter().any(|name| name.contains("secret-"))).unwrap().arrived;
            let during = calls.iter().filter(|call| call.arrived.saturating_duration_since(first) < length()).count();
            // Those who were on their way together, and then one at a time, ever more slowly.
            assert!(during <= 32 + 10, "{kind}: {during} requests while throttled");
            assert!(fixture.journal().most_at_once() <= 32, "{kind}: {} at once", fixture.journal().most_at_once());
            println!("{kind}: throttling for {:?} took {took:?}, {during} requests in it, {} in all", length(), calls.len());
        }
    });
    futures::future::join_all(storms).await;
}
