//! cloze against vault servers that nobody here wrote, and vault-mock against the clients that the vendors wrote.
//!
//! `tests/real/install` puts both below `target/real`. A test whose server or client is not there says that it is skipped; with
//! `CLOZE_REQUIRE_REAL=1` it fails.

#![cfg(all(feature = "hashicorp", feature = "aws"))]
#![expect(clippy::unwrap_used, reason = "all of it is tests")]
#![allow(clippy::disallowed_methods, reason = "a test may ask whether the servers are required")]

mod aws;
mod clients;
mod fixture;
mod hashicorp;
mod login;
#[path = "../../src/vault/suite.rs"]
mod suite;

// What the suite, which stands in the library, imports.
use cloze::blank;
use cloze::secret;
use cloze::service;
use cloze::vault;
