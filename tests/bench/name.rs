//! Checking and naming: a third each ConfigMaps, Secrets, and Deployments that refer to both.

use std::collections::HashSet;

use cloze::clock::Machine;
use cloze::manifest::Entry;
use cloze::manifest::Identity;
use cloze::manifest::Mark;
use cloze::manifest::Names;
use cloze::manifest::Node;
use cloze::manifest::Object;
use cloze::manifest::Value;
use cloze::seal::Keys;
use cloze::secret::Secret;
use cloze::stage::check;
use cloze::stage::name::Naming;
use cloze::stage::name::name;
use divan::Bencher;

const SIZES: [usize; 4] = [400, 4_000, 20_000, 40_000];

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn named(bencher: Bencher<'_, '_>, count: usize) {
    let keys = Keys::fresh(&Machine);
    let masked = HashSet::new();
    bencher.with_inputs(|| objects(count)).bench_values(|objects| {
        let naming = Naming { keyed: Some(&keys), default: Names::Versioned, external: &[], masked: &masked, taught: &[], complete: true };
        name(objects, &naming).expect("every reference is met")
    });
}

#[divan::bench(args = SIZES)]
fn checked(bencher: Bencher<'_, '_>, count: usize) {
    bencher.with_inputs(|| objects(count)).bench_refs(|objects| {
        let found = check::shape(objects).len() + check::content(objects).len() + check::hidden_variables(objects).len();
        assert_eq!(found, 0);
    });
}

/// Every Deployment refers to a name that is not there.
#[divan::bench(args = SIZES)]
fn dangling(bencher: Bencher<'_, '_>, count: usize) {
    let masked = HashSet::new();
    bencher.with_inputs(|| objects(count).into_iter().filter(|object| !object.is_secret()).collect()).bench_values(
        |objects: Vec<Object<Secret>>| {
            let naming = Naming { keyed: None, default: Names::Versioned, external: &[], masked: &masked, taught: &[], complete: true };
            name(objects, &naming).expect_err("no Secret is there")
        },
    );
}

fn objects(count: usize) -> Vec<Object<Secret>> {
    (0..count / 3).flat_map(|number| [config_map(number), secret(number), deployment(number)]).collect()
}

fn map(entries: Vec<(&str, Node<Secret>)>) -> Node<Secret> {
    let entry = |(key, node): (&str, Node<Secret>)| Entry { key: key.into(), mark: Mark { line: 1, column: 1 }, node };
    Node::made(Value::Map(entries.into_iter().map(entry).collect()))
}

fn list(items: Vec<Node<Secret>>) -> Node<Secret> {
    Node::made(Value::List(items))
}

fn object(api_version: &str, kind: &str, name: String, rest: (&str, Node<Secret>)) -> Object<Secret> {
    let metadata = map(vec![("name", Node::text(name.clone())), ("namespace", Node::text("shop"))]);
    let root = map(vec![("apiVersion", Node::text(api_version)), ("kind", Node::text(kind)), ("metadata", metadata), rest]);
    let identity = Identity { api_version: api_version.to_owned(), kind: kind.to_owned(), namespace: "shop".to_owned(), name };
    Object { file: "x.yaml".into(), identity, root }
}

fn config_map(number: usize) -> Object<Secret> {
    let data = map(vec![
        ("LOG_LEVEL", Node::text("info")),
        ("NUMBER", Node::text(number.to_string())),
        ("app.properties", Node::text("a=b\n".repeat(50))),
    ]);
    object("v1", "ConfigMap", format!("app-{number}"), ("data", data))
}

fn secret(number: usize) -> Object<Secret> {
    let data = map(vec![
        ("password", Node::made(Value::Leaf(Secret::new(format!("{number:08}").into_bytes())))),
        ("token", Node::made(Value::Leaf(Secret::new(b"dG9rZW4x".repeat(8))))),
    ]);
    object("v1", "Secret", format!("db-{number}"), ("data", data))
}

fn deployment(number: usize) -> Object<Secret> {
    let reference = |name: String| map(vec![("name", Node::text(name))]);
    let selector = map(vec![("name", Node::text(format!("db-{number}"))), ("key", Node::text("password"))]);
    let env = map(vec![("name", Node::text("PASSWORD")), ("valueFrom", map(vec![("secretKeyRef", selector)]))]);
    let from = map(vec![("configMapRef", reference(format!("app-{number}")))]);
    let container =
        map(vec![("name", Node::text("web")), ("image", Node::text("web:1")), ("envFrom", list(vec![from])), ("env", list(vec![env]))]);
    let volume = map(vec![("name", Node::text("v")), ("configMap", reference(format!("app-{number}")))]);
    let spec = map(vec![("containers", list(vec![container])), ("volumes", list(vec![volume]))]);
    object("apps/v1", "Deployment", format!("web-{number}"), ("spec", map(vec![("template", map(vec![("spec", spec)]))])))
}
