//! vault-mock: an honest little server that speaks the wire protocol of `HashiCorp` Vault's KV version 2 engine (and of
//! `OpenBao`, which kept it), with faults on demand. For tests in process and for demos.
//!
//! It is written from the protocol's documentation and imports nothing of the client that it is used to test.
//!
//! # In process
//!
//! ```
//! use vault_mock::{Fault, Script, Seed, Server};
//!
//! let server = Server::start(Seed::default().secret("secret/shop/db", &[("password", "one")])).unwrap();
//! server.script(Script::new("shop/db", 1, Fault::status(503)));
//! println!("{} {}", server.url(), server.token());
//! assert!(server.journal().calls().is_empty());
//! ```
//!
//! The server stops when it is dropped.
//!
//! # As a program
//!
//! `vault-mock --seed FILE [--port N]` serves until it is interrupted. A seed file is YAML; every key may be left out:
//!
//! ```yaml
//! tokens:                             # default: one token `demo-token` that may do everything
//!   - id: reader
//!     paths: [secret/data/shop]       # what it may touch, as prefixes of whole segments; absent: everything
//! mounts: [secret]                    # KV v2 mounts; default: secret
//! latency_ms: 50                      # before each answer
//! secrets:                            # mount/path: its versions, oldest first
//!   secret/shop/db:
//!     - { username: app, password: one }
//!     - { username: app, password: two }
//! removed:                            # soft-deleted at a time, past or future, or destroyed
//!   - { path: secret/shop/db, version: 1, deletion_time: "2026-01-01T00:00:00Z" }
//!   - { path: secret/shop/old, version: 1, destroyed: true }
//! faults:                             # the first script whose `path` the request's path contains is used up first
//!   - { path: shop/db, times: 2, fault: { kind: status, code: 429, retry_after: "1" } }
//!   - { path: shop/slow, fault: { kind: slow, each_ms: 100 } }     # no `times`: always
//! ```
//!
//! Kinds of faults: `status` (`code`, `retry_after`, `errors`), `reset`, `delay` (`ms`), `slow` (`each_ms`), `truncated`, `malformed`,
//! `redirect` (`to`, `code`), `body` (`code`, `text`).

mod connection;
mod fault;
mod hashicorp;
mod journal;
mod seed;
mod server;
mod store;
mod time;

pub use fault::{Fault, Script};
pub use journal::{Call, Credential, Journal};
pub use seed::{Removal, Seed, SeedError, Token};
pub use server::Server;
