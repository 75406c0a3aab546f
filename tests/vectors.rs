//! What format version 1 wrote must open forever: a keyring, its two keys, and objects of both of its generations; and histories of every format.

#![expect(clippy::unwrap_used, reason = "a vector that is not there must fail the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cloze::clock::Machine;
use cloze::digest::Digest;
use cloze::history::Action;
use cloze::history::Draft;
use cloze::history::DraftManifest;
use cloze::history::History;
use cloze::history::HistorySession;
use cloze::history::LocalDirectory;
use cloze::history::Owner;
use cloze::history::Reader;
use cloze::history::Release;
use cloze::history::StoredManifest;
use cloze::key::Cost;
use cloze::key::KeyFile;
use cloze::key::KeyWrap;
use cloze::key::Keyring;
use cloze::key::Passphrase;
use cloze::manifest::Identity;
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

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (path, place) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if path.is_dir() { copied(&path, &place) } else { fs::copy(path, place).map(drop).unwrap() }
    }
}

fn text_of(manifests: &[StoredManifest<'_>]) -> String {
    manifests.iter().map(|manifest| format!("---\n{}", std::str::from_utf8(manifest.content.expose()).unwrap())).collect()
}

fn draft<'a>(release: &Release, manifests: Vec<DraftManifest<'a>>) -> Draft<'a> {
    let body = release.body.clone();
    Draft {
        actor: "ada".to_owned(),
        revision: None,
        note: None,
        action: Action::Deploy,
        blanks: body.blanks,
        templates: body.templates,
        values: body.values,
        manifests,
    }
}

/// A history that the first cloze with that format wrote: two releases of a ConfigMap, a Secret and a Pod, of which the second changed the ConfigMap.
async fn a_history_opens_and_goes_on(format: u8) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/vectors/history-{format}"));
    let text = |file: &str| fs::read_to_string(folder.join(file)).unwrap();
    let keyring = Keyring::parse(&text("dev.keyring")).unwrap();
    let key_file = KeyFile::parse(&Secret::new(text("key-file.txt").into_bytes())).unwrap();
    let keys = keyring.open(&[&key_file as &dyn KeyWrap]).await.unwrap();
    let copy = tempfile::tempdir().unwrap();
    copied(&folder.join("store"), copy.path());
    let store = LocalDirectory::at(copy.path(), Arc::new(Machine)).without_fsync();
    let owner = Owner { project: "vec".to_owned(), environment: "dev".to_owned() };
    let keyring = text("dev.keyring");
    let session = HistorySession { keys: &keys, keyring: keyring.as_bytes(), clock: &Machine, entropy: &Machine };
    let history = History::open(Reader::new(&store, owner), session).await.unwrap();
    assert!(text_of_record(copy.path(), 2).contains(&format!("\"format\":{format},")));
    let verified = history.verify().await.unwrap();
    assert_eq!((verified.defects, verified.releases), (Vec::new(), 2));
    let release = history.head().await.unwrap().unwrap();
    let manifests = history.manifests(&release).await.unwrap();
    assert_eq!(text_of(&manifests), text("release-2.yaml"));
    assert_eq!(manifests.iter().map(|manifest| manifest.recipe.is_some()).collect::<Vec<_>>(), [false, true, false]);
    // Another ConfigMap; what stays is found in the packs of then.
    let identity = Identity { api_version: "v1".into(), kind: "ConfigMap".into(), namespace: "vec-dev".into(), name: "more".into() };
    let more = DraftManifest { identity: &identity, base: "more", file: "more.yaml", content: b"kind: ConfigMap\n", recipe: None };
    let next = manifests.iter().map(DraftManifest::from).chain([more]).collect();
    let next = history.record(&draft(&release, next), Some(&release)).await.unwrap();
    assert!(text_of_record(copy.path(), 3).contains("\"format\":2,"));
    let again = history.manifests(&next).await.unwrap();
    assert_eq!(text_of(&again), format!("{}---\nkind: ConfigMap\n", text("release-2.yaml")));
    assert!(next.body.blobs().any(|stored| stored.pack.number < 3), "what an older format holds is leaned on");
    assert_eq!(history.verify().await.unwrap().defects, Vec::new());
}

fn text_of_record(store: &Path, number: u64) -> String {
    let bytes = fs::read(store.join(format!("releases/0000/00/{number:08}"))).unwrap();
    String::from_utf8_lossy(bytes.split(|byte| *byte == b'\n').next().unwrap()).into_owned()
}

#[tokio::test]
async fn histories_of_every_format_open_and_go_on() {
    for format in [1, 2] {
        a_history_opens_and_goes_on(format).await;
    }
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
