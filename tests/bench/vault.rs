//! How long filling 500 blanks takes from a vault that needs 50 ms for each answer: 167 distinct secrets, 16 at a time.
//!
//! Fails when it takes more than 1.3 times what the vault itself needs.

#![expect(clippy::print_stdout, reason = "a bench reports its figures")]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use cloze::blank::Ask;
use cloze::clock::Machine;
use cloze::secret::Secret;
use cloze::vault::Vault as _;
use cloze::vault::hashicorp::HashicorpVault;
use cloze::vault::hashicorp::Settings;
use tokio::runtime::Builder;
use tokio::time::Instant;
use vault_mock::Options;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::hashicorp::Seed;

const ASKS: usize = 500;
const DISTINCT: usize = 167;
const PARALLEL: usize = 16;
const LATENCY: Duration = Duration::from_millis(50);
const ROUNDS: usize = 7;

fn main() -> ExitCode {
    let mut seed = Seed::default();
    for number in 0..DISTINCT {
        seed = seed.secret(&format!("secret/{number}"), &[("x", "1"), ("y", "2"), ("z", "3")]);
    }
    let (Ok(server), Ok(runtime)) =
        (Hashicorp::serve_with(seed, Options::latency(LATENCY)), Builder::new_current_thread().enable_all().build())
    else {
        println!("vault: the machine gives no socket");
        return ExitCode::FAILURE;
    };
    let key = |number: usize| ["x", "y", "z"][number / DISTINCT].to_owned();
    let name = |number: usize| (number % DISTINCT).to_string();
    let asks: Vec<Ask> =
        (0..ASKS).map(|number| Ask { vault: "default".to_owned(), name: name(number), key: Some(key(number)), version: None }).collect();
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        // A new client each time: connections are made anew, as in a deploy.
        let settings = Settings::new(server.url(), "secret", Secret::copy_of(server.protocol().token().as_bytes()));
        let Ok(vault) = HashicorpVault::new(settings, Arc::new(Machine)) else { return ExitCode::FAILURE };
        server.journal().clear();
        let time = runtime.block_on(async {
            let started = Instant::now();
            let answers = vault.fetch(&asks).await;
            (answers.iter().all(Result::is_ok)).then(|| started.elapsed())
        });
        let Some(time) = time else { return ExitCode::FAILURE };
        if server.journal().count() != DISTINCT {
            println!("vault: {} reads of {DISTINCT} secrets", server.journal().count());
            return ExitCode::FAILURE;
        }
        times.push(time);
    }
    times.sort();
    let rounds = u32::try_from(DISTINCT.div_ceil(PARALLEL)).unwrap_or(u32::MAX);
    let (median, limit) = (times[ROUNDS / 2], (LATENCY * rounds).mul_f64(1.3));
    println!("vault: {ASKS} blanks of {DISTINCT} secrets at {LATENCY:?} each: median {median:?} of {ROUNDS}, limit {limit:?}");
    println!("vault: fastest {:?}, slowest {:?}, never more than {} at once", times[0], times[ROUNDS - 1], server.journal().most_at_once());
    if median > limit { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
