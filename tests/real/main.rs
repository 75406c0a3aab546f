//! cloze against vault servers and object stores that nobody here wrote, and vault-mock against the clients that the vendors wrote.
//!
//! `tests/real/install` puts both below `target/real`. A test whose server or client is not there says that it is skipped; with
//! `CLOZE_REQUIRE_REAL=1` it fails.

#![cfg(all(feature = "hashicorp", feature = "s3", feature = "gs", feature = "az", feature = "cluster"))]
#![expect(clippy::unwrap_used, reason = "all of it is tests")]
#![allow(clippy::disallowed_methods, reason = "a test may ask whether the servers are required")]

mod aws;
mod canary;
mod clients;
mod cluster;
mod conform;
mod fixture;
mod hashicorp;
#[path = "../../src/history/suite.rs"]
mod history_suite;
#[path = "../../src/key/suite.rs"]
mod key_suite;
mod keys;
mod login;
#[expect(dead_code, reason = "others need more of it")]
#[path = "../cli/support/random.rs"]
mod random;
mod rollout;
mod stores;
#[path = "../../src/vault/suite.rs"]
mod suite;
#[path = "../cli/support/terminal.rs"]
mod terminal;

// What the suites, which are in the library, import.
use cloze::blank;
use cloze::clock;
use cloze::history;
use cloze::key;
use cloze::seal;
use cloze::secret;
use cloze::service;
use cloze::vault;

/// What the searcher imports.
mod support {
    pub(crate) use crate::random::Random;
}
