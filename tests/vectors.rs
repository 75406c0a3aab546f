//! What format version 1 wrote must open forever: a keyring, its two keys, and objects of both of its generations.

#![expect(clippy::unwrap_used, reason = "a vector that is not there must fail the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloze::digest::Digest;
use cloze::key::Cost;
use cloze::key::KeyFile;
use cloze::key::KeyWrap;
use cloze::key::Keyring;
use cloze::key::Passphrase;
use cloze::seal::Generation;
use cloze::seal::Keys;
use cloze::seal::SealContext;
use cloze::seal::SealedKind;
use cloze::secret::Secret;
use serde::Deserialize;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/v1");
const PARTS: [&[u8]; 2] = [b"default/db-password", b"hunter2"];

#[derive(Deserialize)]
struct Vectors {
    digests: BTreeMap<String, BTreeMap<String, String>>,
    objects: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    generation: String,
    kind: String,
    identity: String,
    number: u64,
    predecessor: Option<String>,
    length: usize,
    sealed: String,
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(FOLDER).join(file)).unwrap()
}

fn key_file() -> KeyFile {
    KeyFile::parse(&Secret::new(read("key-file.txt").into_bytes())).unwrap()
}

fn passphrase() -> Passphrase {
    Passphrase::with_cost("team", Secret::copy_of(read("passphrase.txt").trim_end().as_bytes()), Cost::FLOOR)
}

fn plain(length: usize) -> Vec<u8> {
    (0..=250).cycle().take(length).collect()
}

fn context<'a>(keyring: &'a Keyring, object: &'a Object) -> SealContext<'a> {
    let kind = match &*object.kind {
        "vault-entry" => SealedKind::VaultEntry,
        "pack" => SealedKind::Pack,
        "record" => SealedKind::Record,
        "event" => SealedKind::Event,
        other => panic!("unknown kind {other}"),
    };
    SealContext {
        store: keyring.id(),
        project: keyring.project(),
        environment: keyring.environment(),
        kind,
        identity: &object.identity,
        number: object.number,
        predecessor: object.predecessor.as_deref().map(|hex| Digest::from_hex(hex).unwrap()),
    }
}

fn digests(keys: &Keys, generation: Generation) -> BTreeMap<String, String> {
    BTreeMap::from([
        ("name".to_owned(), keys.name(&PARTS).to_string()),
        ("fingerprint".to_owned(), keys.fingerprint_of(generation, &PARTS).unwrap().to_string()),
        ("object".to_owned(), keys.object_id_of(generation, &PARTS).unwrap().to_string()),
        ("chain".to_owned(), keys.chain_of(generation, &PARTS).unwrap().to_string()),
    ])
}

async fn every_vector_opens(wrap: &dyn KeyWrap) {
    let keyring = Keyring::parse(&read("dev.keyring")).unwrap();
    assert_eq!(keyring.to_text(), read("dev.keyring"));
    let keys = keyring.open(&[wrap]).await.unwrap();
    let vectors: Vectors = serde_json::from_str(&read("objects.json")).unwrap();
    assert_eq!((vectors.objects.len(), vectors.digests.len()), (12, 2));
    for object in &vectors.objects {
        let sealed = STANDARD.decode(&object.sealed).unwrap();
        assert_eq!(Generation::of(&sealed), Generation::from_hex(&object.generation));
        let opened = keys.open(&context(&keyring, object), &sealed).unwrap();
        assert_eq!(opened.expose(), plain(object.length), "{} {}", object.kind, object.identity);
    }
    for (generation, expected) in &vectors.digests {
        assert_eq!(digests(&keys, Generation::from_hex(generation).unwrap()), *expected);
    }
}

#[tokio::test]
async fn everything_opens_with_the_key_file() {
    every_vector_opens(&key_file()).await;
}

#[tokio::test]
async fn everything_opens_with_the_passphrase() {
    every_vector_opens(&passphrase()).await;
}
