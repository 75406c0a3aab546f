//! Objects that were deleted and are still there.

use serde_json::Value;

use crate::cluster::target::refused::Words;

/// What keeps an object of that metadata that was deleted; `None` where it was not.
pub(super) fn kept_by(metadata: &Value) -> Option<String> {
    metadata["deletionTimestamp"].as_str()?;
    let names = metadata["finalizers"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    Some(match names.len() {
        0 => "it has yet to stop".to_owned(),
        1 => format!("the finalizer {} keeps it", names[0]),
        _ => format!("the finalizers {} keep it", names.join(", ")),
    })
}

/// Why nothing is applied to an object of that metadata: it would be gone with it.
pub(super) fn going(metadata: &Value) -> Option<Words> {
    let kept = kept_by(metadata)?;
    Some(Words { reason: format!("it is being removed: {kept}"), next: "wait until it is gone, then deploy again".to_owned() })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::going;
    use super::kept_by;

    #[test]
    fn what_keeps_an_object_is_named() {
        let at = "2026-01-01T00:00:00Z";
        assert_eq!(kept_by(&json!({ "finalizers": ["a/b"] })), None);
        assert_eq!(going(&json!({ "finalizers": ["a/b"] })), None);
        assert_eq!(kept_by(&json!({ "deletionTimestamp": at })).unwrap(), "it has yet to stop");
        assert_eq!(kept_by(&json!({ "deletionTimestamp": at, "finalizers": ["a/b"] })).unwrap(), "the finalizer `a/b` keeps it");
        let words = going(&json!({ "deletionTimestamp": at, "finalizers": ["a/b", "c"] })).unwrap();
        assert_eq!(words.reason, "it is being removed: the finalizers `a/b`, `c` keep it");
    }
}
