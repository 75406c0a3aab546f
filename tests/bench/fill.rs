//! What filling and encoding cost for 400, 4,000 and 40,000 manifests: a third each ConfigMap, Secret with three blanks, Deployment.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use cloze::blank::Allow;
use cloze::blank::Blank;
use cloze::blank::BlankText;
use cloze::blank::Blanks;
use cloze::blank::Piece;
use cloze::blank::SecretRef;
use cloze::blank::Source;
use cloze::clock::Timestamp;
use cloze::digest::Digest;
use cloze::manifest::Entry;
use cloze::manifest::Identity;
use cloze::manifest::Mark;
use cloze::manifest::Node;
use cloze::manifest::Object;
use cloze::manifest::Value;
use cloze::place::Place;
use cloze::secret::Secret;
use cloze::service::ServiceError;
use cloze::stage::encode::encode;
use cloze::stage::fill::fill;
use cloze::stage::mask::mask;
use cloze::vault::CallPlan;
use cloze::vault::SecretMetadata;
use cloze::vault::SecretValue;
use cloze::vault::Shape;
use cloze::vault::Vault;
use divan::Bencher;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

const SIZES: [usize; 3] = [400, 4_000, 40_000];

#[divan::bench(args = SIZES)]
fn fill_and_encode(bencher: Bencher<'_, '_>, manifests: usize) {
    let vault: Arc<dyn Vault> = Arc::new(Same);
    let vaults = BTreeMap::from([("default".to_owned(), vault)]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap_or_else(|_| unreachable!("a runtime needs nothing"));
    let key = Secret::copy_of(&[7; 32]);
    let fingerprint = |parts: &[&[u8]]| Digest::keyed(&key, parts);
    bencher.counter(ItemsCount::new(manifests)).with_inputs(|| project(manifests)).bench_values(|(objects, blanks)| {
        let filled =
            runtime.block_on(fill(objects, &blanks, &vaults, &Timestamp(0), &fingerprint)).unwrap_or_else(|problems| panic!("{problems}"));
        encode(filled).unwrap_or_else(|problems| panic!("{problems}"))
    });
}

#[divan::bench(args = SIZES)]
fn mask_for_review(bencher: Bencher<'_, '_>, manifests: usize) {
    bencher
        .counter(ItemsCount::new(manifests))
        .with_inputs(|| project(manifests))
        .bench_values(|(objects, blanks)| mask(objects, &blanks).unwrap_or_else(|problems| panic!("{problems}")));
}

#[derive(Debug)]
struct Same;

impl fmt::Display for Same {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a vault with one value")
    }
}

#[async_trait]
impl Vault for Same {
    fn check_name(&self, _: &str) -> Result<(), String> {
        Ok(())
    }

    async fn fetch(&self, asks: &[SecretRef]) -> Vec<Result<SecretValue, ServiceError>> {
        let value = || Secret::copy_of(b"correct horse battery staple");
        let fetched = |_| {
            Ok(SecretValue {
                value: value(),
                shape: Shape::Plain,
                version: "1".into(),
                current: Some(true),
                not_before: None,
                expires: None,
                created: None,
            })
        };
        asks.iter().map(fetched).collect()
    }

    fn plan(&self, asks: &[SecretRef]) -> CallPlan {
        CallPlan::none(asks.len())
    }

    async fn probe(&self, asks: &[SecretRef]) -> Vec<Result<SecretMetadata, ServiceError>> {
        self.fetch(asks).await.into_iter().map(|answer| answer.map(|fetched| SecretMetadata::from(&fetched))).collect()
    }
}

fn project(manifests: usize) -> (Vec<Object<BlankText>>, Blanks) {
    let mut blanks = Blanks::default();
    let objects = (0..manifests).map(|number| match number % 3 {
        0 => object("ConfigMap", number, vec![entry("data", map(vec![entry("a", Node::text("b")), entry("c", Node::text("d"))]))]),
        1 => secret(number, &mut blanks),
        _ => {
            let mut node = Node::text("x");
            for _ in 0..12 {
                node = map(vec![entry("spec", node), entry("name", Node::text("web"))]);
            }
            object("Deployment", number, vec![entry("spec", node)])
        }
    });
    (objects.collect(), blanks)
}

fn secret(number: usize, blanks: &mut Blanks) -> Object<BlankText> {
    let place = Place::new("templates/shop.yaml", u32::try_from(number).unwrap_or_default(), 3);
    let mut ask = |key: usize| {
        let ask = SecretRef { vault: "default".into(), name: format!("secret-{number}-{key}"), key: None, version: None };
        blanks.add(Blank { place: place.clone(), source: Source::Vault { ask, allow: Allow::default() } })
    };
    let text = |text: &str| Piece::Text(text.into());
    let fields = vec![
        entry("user", leaf(vec![Piece::Blank(ask(0))])),
        entry("url", leaf(vec![text("postgres://app:"), Piece::Blank(ask(1)), text("@db/app")])),
        entry("app.json", leaf(vec![text("{\"Db\": {\"Password\": \""), Piece::Blank(ask(2)), text("\", \"Pool\": 4}}\n")])),
    ];
    object("Secret", number, vec![entry("stringData", map(fields))])
}

fn leaf(pieces: Vec<Piece>) -> Node<BlankText> {
    Node::made(Value::Leaf(BlankText { pieces }))
}

fn entry(key: &str, node: Node<BlankText>) -> Entry<BlankText> {
    Entry { key: key.into(), mark: Mark::default(), node }
}

fn map(entries: Vec<Entry<BlankText>>) -> Node<BlankText> {
    Node::made(Value::Map(entries))
}

fn object(kind: &str, number: usize, fields: Vec<Entry<BlankText>>) -> Object<BlankText> {
    let api_version = if kind == "Deployment" { "apps/v1" } else { "v1" };
    let identity = Identity {
        api_version: api_version.into(),
        kind: kind.into(),
        namespace: "shop".into(),
        name: format!("{}-{number}", kind.to_lowercase()),
    };
    Object { file: "templates/shop.yaml".into(), identity, root: map(fields) }
}
