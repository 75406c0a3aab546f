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
//! A seed file is YAML, such as `vault-mock/seed.example.yaml`; every key may be left out:
//!
//! ```yaml
//! latency_ms: 50                      # before each answer
//! faults:                             # the first script that a request matches is used up first
//!   - { on: shop/db, times: 2, fault: { kind: status, code: 429, retry_after: "1" } }
//!   - { on: shop/slow, fault: { kind: slow, each_ms: 100 } }       # no `times`: always
//!   - { on: shop/hot, until_ms: 60000, fault: { kind: status, code: 429 } }   # throttling: so long from the first request
//! gcp:
//!   project: demo-project             # default; its number is 123456789012
//!   secrets:                          # NAME, or LOCATION/NAME: its versions, oldest first
//!     shop-db: [one, two]
//!     europe-west3/shop-bytes: [{ base64: AAH/ }]
//!   states: [{ secret: shop-db, version: 1, state: disabled }]      # or destroyed
//!   aliases: { shop-db: { stable: 2 } }
//!   may: [access]                     # of access, get, list, versions; default: all
//!   denied: [shop-root]               # with these the identity may do nothing
//! hashicorp:
//!   flavor: vault                     # or openbao: whose words are used where the two differ
//!   namespaces: [team/shop]           # without any, the header `X-Vault-Namespace` is not read
//!   mounts:                           # default: `secret`, of version 2; with their namespaces
//!     - secret
//!     - { path: kv, version: 1 }
//!     - team/shop/secret
//!   policies:                         # prefixes of whole segments, and what may be done below them; the longest decides
//!     read: [{ path: secret/data/shop, can: [read] }, { path: secret/metadata/shop, can: [list, read] }]
//!     check: [{ path: secret/subkeys, can: [read] }]
//!   tokens:                           # default: one token `demo-token` that may do everything
//!     - { id: root }
//!     - { id: reader, policies: [read], ttl: 3600 }
//!     - { id: everything-in-shop, paths: [secret/data/shop] }
//!     - { id: shop, namespace: team/shop }
//!   approle:                          # `role` is the role id, what it accepts are secret ids
//!     - { role: 675a50e7, policies: [read], ttl: 600, accepts: [{ id: "841771dc", uses: 5 }] }
//!   kubernetes:                       # accepts JWTs of service accounts
//!     - { role: app, policies: [read], accepts: [{ id: eyJ.app.jwt }] }
//!   jwt:                              # the audience must be one of the role's
//!     - { role: ci, default: true, mount: github, policies: [read], audiences: [vault], accepts: [{ id: eyJ.ci.jwt, audience: vault }] }
//!   secrets:                          # mount/path: its versions, oldest first
//!     secret/shop/db:
//!       - { username: app, password: one }
//!       - { username: app, password: two }
//!     kv/old: [{ key: value, ttl: 30 }]
//!     team/shop/secret/own: [{ key: value }]
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
//! Each server holds the keys `cloze` and `other`, too: those of the transit engine at `transit`, of Key Vault, of KMS (`alias/cloze`), and of Cloud
//! KMS (in any location and key ring of the project).
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
mod keys;
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
pub mod gcp;
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
