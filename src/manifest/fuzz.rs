//! The reader of manifests on mutants of manifests, in YAML and JSON.

use crate::fuzz::assert_silent;
use crate::fuzz::fuzz;
use crate::manifest::Limits;
use crate::manifest::Node;
use crate::manifest::Value;
use crate::manifest::read;
use crate::manifest::read_as_meant;
use crate::manifest::write;
use crate::manifest::write_json;
use crate::secret::SecretBuffer;

const LIMITS: Limits = Limits { bytes: 1 << 20, depth: 100, nodes: 20_000 };

/// What is read is written so that it is read as the same.
#[test]
fn manifests() {
    fuzz("manifest", Vec::new(), |bytes| {
        let Ok(text) = str::from_utf8(bytes) else { return };
        for outcome in [read(text, LIMITS), read_as_meant(text, LIMITS)] {
            match outcome {
                Ok(nodes) => nodes.iter().for_each(check),
                Err(faults) => {
                    assert!(!faults.is_empty());
                    for fault in faults {
                        assert!(fault.mark.line > 0 && !fault.reason.is_empty() && !fault.next.is_empty());
                        assert_silent(&fault.to_string());
                    }
                }
            }
        }
    });
}

fn check(node: &Node<std::convert::Infallible>) {
    if !matches!(node.value, Value::Map(_)) {
        return;
    }
    for writer in [write, write_json] {
        let mut out = SecretBuffer::with_capacity(1024);
        writer(node, &mut out);
        let text = str::from_utf8(out.expose()).unwrap();
        let again = read(text, Limits::default()).unwrap_or_else(|faults| panic!("{faults:?} in {text:?}"));
        let [again] = again.as_slice() else { panic!("{} documents in {text:?}", again.len()) };
        assert!(same(again, node), "{text:?}");
    }
}

/// Whether two trees are equal but for their places.
fn same(one: &Node<std::convert::Infallible>, other: &Node<std::convert::Infallible>) -> bool {
    match (&one.value, &other.value) {
        (Value::List(one), Value::List(other)) => one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other)),
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.key == other.key && same(&one.node, &other.node))
        }
        (one, other) => format!("{one:?}") == format!("{other:?}"),
    }
}
