//! vault-mock: honest little servers that speak the wire protocols of key vaults, with faults on demand. For tests in process and for
//! demos.
//!
//! They are written from the protocols' documentation and import nothing of the client that they are used to test.
//!
//! # In process
//!
//! ```
//! use vault_mock::hashicorp::{Hashicorp, Seed};
//! use vault_mock::{Fault, Script};
//!
//! let server = Hashicorp::serve(Seed::default().secret("secret/shop/db", &[("password", "one")])).unwrap();
//! server.script(Script::new("shop/db", 1, Fault::status(503)));
//! println!("{} {}", server.url(), server.protocol().token());
//! assert!(server.journal().calls().is_empty());
//! ```
//!
//! A server stops when it is dropped. [`Server::start`] takes [`Options`]: a latency, TLS by an [`Authority`] of the test's own, client
//! certificates, faults from the start.
//!
//! # As a program
//!
//! `vault-mock --seed FILE [--port N] [--tls DIR]` serves until it is interrupted: a server for each section of the seed, the first of
//! them on port N and the others on those that follow. It prints the environment variables by which clients find them. With `--tls` it
//! writes `ca.pem`, and `client.pem` with `client-key.pem` for those who want to show a certificate, to DIR.
//! A seed file is YAML; every key may be left out:
//!
//! ```yaml
//! latency_ms: 50                      # before each answer
//! faults:                             # the first script that a request matches is used up first
//!   - { on: shop/db, times: 2, fault: { kind: status, code: 429, retry_after: "1" } }
//!   - { on: shop/slow, fault: { kind: slow, each_ms: 100 } }       # no `times`: always
//!   - { on: shop/hot, until_ms: 60000, fault: { kind: status, code: 429 } }   # a storm: so long from the first request
//! hashicorp:
//!   tokens:                           # default: one token `demo-token` that may do everything
//!     - id: reader
//!       paths: [secret/data/shop]     # what it may touch, as prefixes of whole segments; absent: everything
//!   mounts: [secret]                  # KV v2 mounts; default: secret
//!   secrets:                          # mount/path: its versions, oldest first
//!     secret/shop/db:
//!       - { username: app, password: one }
//!       - { username: app, password: two }
//!   removed:                          # soft-deleted at a time, past or future, or destroyed
//!     - { path: secret/shop/db, version: 1, deletion_time: "2026-01-01T00:00:00Z" }
//!     - { path: secret/shop/old, version: 1, destroyed: true }
//! aws:
//!   region: eu-central-1
//!   keys:                             # default: AKIADEMO with the secret demo-secret-key, which may do everything
//!     - id: AKIAREADER
//!       secret: reader-secret-key
//!       session: reader-session       # the token that temporary keys come with
//!       deny:                         # an action, on one name or on all
//!         - { action: "secretsmanager:BatchGetSecretValue" }
//!         - { action: "kms:Decrypt", name: shop/tls }
//!   secrets:                          # versions, oldest first
//!     shop/db: ['{"password": "one"}', '{"password": "two"}']
//!     shop/tls: [{ binary: AAEC }]
//!     shop/old: [one]
//!   deleted: [shop/old]               # scheduled for deletion
//!   undecryptable: []                 # secrets whose KMS key is disabled
//!   parameters:
//!     /shop/url: { kind: String, values: ["https://shop.example"], labels: { live: 1 } }
//! azure:
//!   tenant: 11111111-2222-3333-4444-555555555555
//!   clients:                          # default: `demo-client` with the secret `demo-secret`, which may do everything
//!     - { id: demo-client, secret: demo-secret, may: [get, list] }
//!     - { id: ci, federated: { issuer: "https://ci.test", subject: "repo:shop", audience: "api://AzureADTokenExchange" } }
//!   secrets:                          # names and their versions, oldest first
//!     shop-db:
//!       - { value: one, disabled: true }
//!       - { value: two, exp: 4102444800, content_type: text/plain }
//!     shop-old:
//!       - { value: gone }
//!   deleted: [shop-old]               # can be recovered
//! ```
//!
//! `on` is a piece of the request's path, of its operation or of a name that it asks for.
//! Kinds of faults: `status` (`code`, `variant`, `retry_after`, `words`), `reset`, `delay` (`ms`), `slow` (`each_ms`), `truncated`, `malformed`,
//! `wrong-crc`, `redirect` (`to`, `code`), `body` (`code`, `text`). The program also takes them from a request's header:
//! `X-Mock-Fault: {"kind": "status", "code": 503}`.

mod answer;
mod asked;
mod authority;
mod connection;
mod fault;
mod journal;
mod options;
mod protocol;
mod script;
mod seed;
mod server;
mod spoil;
mod time;
mod visit;

pub mod aws;
pub mod azure;
pub mod hashicorp;

pub use answer::Answer;
pub use asked::Asked;
pub use authority::Authority;
pub use fault::Fault;
pub use journal::{Call, Journal};
pub use options::Options;
pub use protocol::{Credential, Protocol, Subject};
pub use script::Script;
pub use seed::{Seed, SeedError};
pub use server::Server;
