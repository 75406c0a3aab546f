//! A field of a structured secret: the text under a key of a JSON object.

use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;
use crate::service::json::JsonKind;
use crate::service::words;
use crate::vault::Shape;

/// The whole of a value, or the field `key` of it.
pub(crate) fn of(value: &Secret, key: Option<&str>) -> Result<(Secret, Shape), ServiceError> {
    key.map_or_else(|| Ok((value.duplicate(), Shape::Plain)), |key| of_text(value, key))
}

/// The field `key` of a secret whose whole value is the text of a JSON object.
pub(crate) fn of_text(value: &Secret, key: &str) -> Result<(Secret, Shape), ServiceError> {
    let unstructured = |reason: String| {
        ServiceError::new(
            ServiceFault::BadValue,
            reason,
            "leave `key` out, or store the value as a JSON object such as `{\"user\": \"…\"}`",
        )
    };
    let json = Json::parse(value.expose())
        .map_err(|_| unstructured(format!("the value is plain text, but the blank asks for its field `{}`", shown(key))))?;
    if json.kind() != JsonKind::Object {
        return Err(unstructured(format!("the value is {}, but the blank asks for its field `{}`", json.kind(), shown(key))));
    }
    of_object(json, key)
}

/// The field `key` of a JSON object.
pub(crate) fn of_object(object: Json<'_>, key: &str) -> Result<(Secret, Shape), ServiceError> {
    let mut found = object.all(key);
    let Some(value) = found.next() else {
        let (reason, next) = match keys(object) {
            list if list.is_empty() => (format!("there is no key `{}`: the secret has no keys", shown(key)), "store the key"),
            list => (format!("there is no key `{}`; there is {list}", shown(key)), "ask for a key that is there, or store this one"),
        };
        return Err(ServiceError::new(ServiceFault::NotFound, reason, next));
    };
    if found.next().is_some() {
        let reason = format!("the key `{}` is there more than once", shown(key));
        return Err(ServiceError::new(ServiceFault::BadValue, reason, "store the secret with each key once"));
    }
    Ok(value.secret().map_or_else(|| (value.source(), Shape::Json(value.kind().words())), |text| (text, Shape::Plain)))
}

/// The names of an object's keys, for a message.
pub(crate) fn keys(object: Json<'_>) -> String {
    words::names(object.members().filter_map(|(key, _)| key?.text()))
}

fn shown(key: &str) -> String {
    words::tame(key, 64)
}

#[cfg(test)]
mod tests {
    use super::of_text;
    use crate::secret::Secret;
    use crate::service::ServiceFault;
    use crate::vault::Shape;

    fn fault(value: &str, key: &str) -> (ServiceFault, String) {
        let error = of_text(&Secret::copy_of(value.as_bytes()), key).unwrap_err();
        assert!(!error.next.is_empty());
        assert!(!format!("{error:?}").contains("hunter2"));
        (error.fault, error.reason)
    }

    #[test]
    fn takes_the_text_under_a_key() {
        let value = Secret::copy_of(br#"{"user": "app", "pass\u0077ord": "hunter2\n", "nested": {"user": 1}}"#);
        assert_eq!(of_text(&value, "password").unwrap().0.expose(), b"hunter2\n");
        assert_eq!(of_text(&value, "user").unwrap().0.expose(), b"app");
    }

    #[test]
    fn what_is_no_text_comes_as_its_json() {
        let value = Secret::copy_of(br#"{"o": {"x": "h\u0075"}, "n": 5432.0, "b": true, "z": null, "t": "5"}"#);
        let of = |key| of_text(&value, key).map(|(value, shape)| (value.expose().to_vec(), shape)).unwrap();
        assert_eq!(of("o"), (br#"{"x": "h\u0075"}"#.to_vec(), Shape::Json("an object")));
        assert_eq!(of("n"), (b"5432.0".to_vec(), Shape::Json("a number")));
        assert_eq!(of("b"), (b"true".to_vec(), Shape::Json("true or false")));
        assert_eq!(of("z"), (b"null".to_vec(), Shape::Json("null")));
        assert_eq!(of("t"), (b"5".to_vec(), Shape::Plain));
    }

    #[test]
    fn everything_else_is_told_without_the_value() {
        use ServiceFault::{BadValue, NotFound};
        let is = |value, key, kind, reason: &str| assert_eq!(fault(value, key), (kind, reason.to_owned()));
        is("hunter2", "k", BadValue, "the value is plain text, but the blank asks for its field `k`");
        is("[\"hunter2\"]", "k", BadValue, "the value is an array, but the blank asks for its field `k`");
        is("\"hunter2\"", "k", BadValue, "the value is text, but the blank asks for its field `k`");
        is("{\"b\": \"hunter2\", \"a\": 1}", "k", NotFound, "there is no key `k`; there is `a`, `b`");
        is("{}", "k", NotFound, "there is no key `k`: the secret has no keys");
        is("{\"k\": \"hunter2\", \"k\": \"b\"}", "k", BadValue, "the key `k` is there more than once");
    }
}
