//! How long filling 500 blanks takes from each kind of vault that needs 50 ms for each answer: 167 distinct secrets.
//!
//! The floor is what the vault itself needs: what goes ahead, such as a token, and the rounds of calls: 32, then twice as many in each. Fails when it takes more than 1.3 times
//! what it would without batches, or more calls than there are secrets or batches of them.

#![cfg(all(feature = "azure", feature = "hashicorp", feature = "aws", feature = "gcp"))]
#![expect(clippy::print_stdout, reason = "a bench reports its figures")]
#![expect(clippy::unwrap_used, dead_code, reason = "a bench may end early, and uses a part of the tests' fixtures")]

#[path = "../vault/fixture/mod.rs"]
mod fixture;

use std::process::ExitCode;
use std::time::Duration;

use cloze::blank::SecretRef;
use cloze::service::http::RequestLimits;
use cloze::vault::CallPlan;
use tokio::runtime::Builder;
use tokio::time::Instant;

use crate::fixture::Fixture;
use crate::fixture::SECRETS;
use crate::fixture::all;
use crate::fixture::ask;

const ASKS: usize = 500;
const LATENCY: Duration = Duration::from_millis(50);
const ROUNDS: usize = 7;

fn main() -> ExitCode {
    println!(
        "{ASKS} blanks of {SECRETS} secrets, {LATENCY:?} an answer\n{:<10} {:>6} {:>6} {:>10} {:>10} {:>10} {:>10} {:>8}",
        "vault", "calls", "ahead", "floor ms", "fastest", "median", "slowest", "x floor"
    );
    let good = all(50).iter().map(|fixture| measure(fixture.as_ref())).filter(|good| *good).count();
    if good == all(0).len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn measure(fixture: &dyn Fixture) -> bool {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    // As a run asks: equal asks once. What is in 500 places is asked for 167 times.
    let mut asks: Vec<SecretRef> = (0..ASKS).map(|number| ask(number % SECRETS)).collect();
    asks.sort();
    asks.dedup();
    let (calls, ahead) = fixture.calls(SECRETS);
    let mut times = Vec::new();
    let mut counted = 0;
    for _ in 0..ROUNDS {
        // A new client each time: connections are new ones, as in a deploy.
        let vault = fixture.vault(RequestLimits::default());
        fixture.journal().clear();
        let began = Instant::now();
        let answers = runtime.block_on(vault.fetch(&asks));
        times.push(began.elapsed());
        assert!(answers.iter().all(Result::is_ok), "{}: {:?}", fixture.kind(), answers.iter().find(|answer| answer.is_err()));
        counted = fixture.journal().count();
    }
    times.sort();
    let parallel = RequestLimits::default().parallel;
    let planned = |calls: usize| CallPlan { secrets: SECRETS, calls, ahead, parallel }.time(LATENCY);
    let (floor, median) = (planned(calls), times[ROUNDS / 2]);
    let ms = |time: Duration| format!("{:.1}", time.as_secs_f64() * 1e3);
    let factor = median.as_secs_f64() / floor.as_secs_f64();
    println!(
        "{:<10} {counted:>6} {ahead:>6} {:>10} {:>10} {:>10} {:>10} {factor:>8.2}",
        fixture.kind(),
        ms(floor),
        ms(times[0]),
        ms(median),
        ms(times[ROUNDS - 1])
    );
    counted <= calls + ahead && median <= planned(SECRETS).mul_f64(1.3)
}
