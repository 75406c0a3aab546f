//! Reading and writing manifests: 10,000 documents of 25 lines.

use std::convert::Infallible;

use cloze::manifest::Limits;
use cloze::manifest::Node;
use cloze::manifest::read;
use cloze::manifest::write;
use cloze::secret::SecretBuffer;
use divan::Bencher;

fn main() {
    divan::main();
}

const DOCUMENTS: usize = 10_000;

fn text(number: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{number}\n  labels: {{app: web, tier: \"front\"}}\nspec:\n  replicas: 3\n  selector:\n    \
         matchLabels:\n      app: web\n  template:\n    metadata:\n      labels:\n        app: web # the same\n    spec:\n      containers:\n      - name: web\n        \
         image: registry.example.com/shop/web:v1.2.{number}\n        command: ['sh', -c, \"exec web\\n\"]\n        envFrom:\n        - secretRef:\n            name: \
         web-settings\n      volumes:\n      - name: config\n        configMap: {{name: web-config, defaultMode: 0400}}\n"
    )
}

#[divan::bench]
fn read_documents(bencher: Bencher<'_, '_>) {
    let texts: Vec<String> = (0..DOCUMENTS).map(text).collect();
    bencher.bench(|| texts.iter().map(|text| read(text, Limits::default()).expect("readable").len()).sum::<usize>());
}

#[divan::bench]
fn write_documents(bencher: Bencher<'_, '_>) {
    let nodes: Vec<Node<Infallible>> =
        (0..DOCUMENTS).flat_map(|number| read(&text(number), Limits::default()).expect("readable")).collect();
    bencher.bench(|| {
        nodes.iter().fold(0, |bytes, node| {
            let mut out = SecretBuffer::with_capacity(1024);
            write(node, &mut out);
            bytes + out.len()
        })
    });
}
