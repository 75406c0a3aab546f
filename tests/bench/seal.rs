//! What sealing and opening cost. Run it as: cargo bench --bench seal

#![expect(clippy::unwrap_used, reason = "a bench that fails must stop")]

use cloze::clock::Machine;
use cloze::key::Cost;
use cloze::key::KeyFile;
use cloze::key::KeyWrap;
use cloze::key::Passphrase;
use cloze::seal::Keys;
use cloze::seal::RootKey;
use cloze::seal::SealContext;
use cloze::seal::SealedKind;
use cloze::secret::Secret;
use divan::Bencher;
use divan::counter::BytesCount;
use futures::FutureExt;

const LENGTHS: [usize; 3] = [4 << 10, 1 << 20, 32 << 20];

const CONTEXT: SealContext<'static> = SealContext {
    store: "00112233445566778899aabbccddeeff",
    project: "shop",
    environment: "dev",
    kind: SealedKind::Pack,
    identity: "release-42",
    number: 42,
    predecessor: None,
};

#[divan::bench(args = LENGTHS)]
fn seal(bencher: Bencher<'_, '_>, length: usize) {
    let (keys, plain) = (Keys::fresh(&Machine), vec![b'x'; length]);
    bencher.counter(BytesCount::new(length)).bench(|| keys.seal(&CONTEXT, &plain, &Machine));
}

#[divan::bench(args = LENGTHS)]
fn open(bencher: Bencher<'_, '_>, length: usize) {
    let keys = Keys::fresh(&Machine);
    let sealed = keys.seal(&CONTEXT, &vec![b'x'; length], &Machine);
    bencher.counter(BytesCount::new(length)).bench(|| keys.open(&CONTEXT, &sealed).unwrap());
}

#[divan::bench]
fn fingerprint(bencher: Bencher<'_, '_>) {
    let keys = Keys::fresh(&Machine);
    bencher.bench(|| keys.fingerprint(&[b"default/db-password", b"hunter2"]));
}

#[divan::bench]
fn wrap_for_key_file(bencher: Bencher<'_, '_>) {
    let (file, root) = (KeyFile::generate(&Machine), RootKey::generate(&Machine));
    bencher.bench(|| file.wrap(&root, b"", &Machine).now_or_never().unwrap().unwrap());
}

#[divan::bench(args = [Cost::FLOOR, Cost::DEFAULT], sample_count = 5)]
fn wrap_for_passphrase(bencher: Bencher<'_, '_>, cost: Cost) {
    let text = Secret::copy_of(b"correct horse battery staple");
    let (passphrase, root) = (Passphrase::with_cost("team", text, cost), RootKey::generate(&Machine));
    bencher.bench(|| passphrase.wrap(&root, b"", &Machine).now_or_never().unwrap().unwrap());
}

fn main() {
    divan::main();
}
