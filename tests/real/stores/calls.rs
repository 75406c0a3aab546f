//! How many calls a command makes to a store, and how many of them wait for each other.

use std::time::Duration;

use crate::fixture::Kind;
use crate::fixture::Proxy;
use crate::fixture::StoreServer;
use crate::fixture::in_a_row;
use crate::stores::command::Checkout;

/// How much longer each call takes: much more than those that are sent at once lie apart.
const DELAY: Duration = Duration::from_millis(300);

/// How many calls a command makes, and how many of them wait for each other.
#[expect(clippy::print_stdout, reason = "figures for a person who runs it with --nocapture")]
fn measured(proxy: &Proxy, run: &dyn Fn()) -> (usize, usize) {
    proxy.requests();
    proxy.delay(DELAY);
    run();
    proxy.delay(Duration::ZERO);
    let requests = proxy.requests();
    let row = in_a_row(&requests);
    let all: Vec<&str> = requests.iter().map(|request| request.what.as_str()).collect();
    println!("{} calls, {row} of them one after another\n  {}", all.len(), all.join("\n  "));
    (all.len(), row)
}

#[test]
fn a_deploy_that_changes_one_object_waits_six_times() {
    let Some(server) = StoreServer::start(Kind::Versitygw) else { return };
    let proxy = Proxy::start(server.endpoint());
    let first = Checkout::through(&server, &proxy.url());
    for level in ["a", "b", "c"] {
        first.ok(&["deploy", "--set-string", &format!("logLevel={level}")]);
    }
    let value = |level: &str| format!("logLevel={level}");
    println!("deploy");
    let (calls, rounds) = measured(&proxy, &|| drop(first.ok(&["deploy", "--set-string", &value("d")])));
    assert!(rounds <= 6 && calls <= 16, "deploy: {calls} calls, {rounds} rounds");
    println!("deploy on a new machine");
    let runner = first.runner();
    let (calls, rounds) = measured(&proxy, &|| drop(runner.ok(&["deploy", "--set-string", &value("e")])));
    assert!(rounds <= 6 && calls <= 18, "deploy on a new machine: {calls} calls, {rounds} rounds");
    let others = [(&["history"][..], 4), (&["show"][..], 6), (&["diff"][..], 5), (&["rollback", "2"][..], 12)];
    let rounds = others.map(|(words, _)| {
        println!("{words:?}");
        measured(&proxy, &|| drop(first.ok(words))).1
    });
    assert!(others.iter().zip(rounds).all(|((_, most), rounds)| rounds <= *most), "{rounds:?}");
}
