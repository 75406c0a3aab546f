//! Merging of values: JSON Merge Patch (RFC 7396).

use serde_json::Map;
use serde_json::Value;

/// Merges `later` into `target`: mappings merge deeply, anything else replaces, and null deletes, as RFC 7396 says and as
/// users of Helm expect. No null stays in a mapping; lists are taken as they are.
pub fn merge(target: &mut Value, later: Value) {
    let Value::Object(entries) = later else {
        *target = later;
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(map) = target else { return };
    for (key, value) in entries {
        if value.is_null() {
            map.remove(&key);
        } else {
            merge(map.entry(key).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::Just;
    use proptest::prelude::Strategy;
    use proptest::prelude::any;
    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::prop_oneof;
    use proptest::proptest;
    use serde_json::Value;
    use serde_json::json;

    use super::merge;

    fn merged(mut target: Value, later: Value) -> Value {
        merge(&mut target, later);
        target
    }

    /// The cases of RFC 7396, appendix A.
    #[test]
    fn the_cases_of_the_rfc() {
        for (target, patch, result) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            assert_eq!(merged(target.clone(), patch.clone()), result, "{target} with {patch}");
        }
    }

    fn tree() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), any::<i8>().prop_map(Value::from)];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
                proptest::collection::btree_map("[a-c]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn map() -> impl Strategy<Value = Value> {
        proptest::collection::btree_map("[a-c]", tree(), 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    fn null_in_a_mapping(value: &Value) -> bool {
        value.as_object().is_some_and(|map| map.values().any(|value| value.is_null() || null_in_a_mapping(value)))
    }

    /// What `patch` says of every path outside lists, told apart from what it does not say.
    fn follows(result: &Value, base: &Value, patch: &Value) -> bool {
        let Some(patch) = patch.as_object() else { return result == patch };
        let (Some(result), base) = (result.as_object(), base.as_object()) else { return false };
        let said = patch.iter().all(|(key, value)| match result.get(key) {
            None => value.is_null(),
            Some(found) => !value.is_null() && follows(found, base.and_then(|base| base.get(key)).unwrap_or(&Value::Null), value),
        });
        let unsaid = base.into_iter().flatten().all(|(key, value)| patch.contains_key(key) || result.get(key) == Some(value));
        said && unsaid
    }

    proptest! {
        #[test]
        fn later_wins_and_nothing_else_changes(first in map(), second in map()) {
            let base = merged(Value::Object(serde_json::Map::new()), first);
            let result = merged(base.clone(), second.clone());
            prop_assert!(follows(&result, &base, &second));
            prop_assert!(!null_in_a_mapping(&result));
        }

        #[test]
        fn merging_the_same_again_changes_nothing(first in map(), second in map()) {
            let once = merged(first, second.clone());
            prop_assert_eq!(merged(once.clone(), second), once);
        }
    }
}
