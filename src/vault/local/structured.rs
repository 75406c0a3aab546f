//! A structured secret with one of its fields set: the other fields keep their JSON, in their order.

use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::json::Json;
use crate::service::json::JsonKind;

/// The JSON object `current`, or an empty one, with the text `value` under `key`.
///
/// # Errors
/// What is set already is not a JSON object or has the key twice, or `value` is not UTF-8, which no JSON holds.
pub(super) fn with_field(current: Option<&Secret>, key: &str, value: &Secret) -> Result<Secret, ServiceError> {
    let refuse = |reason: &str, next: &str| Err(ServiceError::new(ServiceFault::BadValue, reason, next));
    let Some(text) = value.expose_text() else {
        return refuse("the value of a field is not UTF-8 text", "store binary data as a secret of its own, without `--key`");
    };
    let mut members = Vec::new();
    if let Some(current) = current {
        match Json::parse(current.expose()) {
            Ok(json) if json.kind() == JsonKind::Object => members.extend(json.members()),
            _ => {
                return refuse(
                    "the secret is there already and is not a JSON object, so it has no fields",
                    "set the whole secret without `--key`, or remove it first",
                );
            }
        }
    }
    let is_it = |name: &Option<Json<'_>>| name.is_some_and(|name| name.is(key));
    if members.iter().filter(|(name, _)| is_it(name)).count() > 1 {
        return refuse("the secret has this key more than once", "set the whole secret without `--key`");
    }
    let length = current.map_or(2, Secret::len) + key.len() + text.len();
    let mut object = SecretBuffer::with_capacity(2 * length + 16);
    let mut found = false;
    object.push(b'{');
    for (name, member) in members {
        separate(&mut object);
        let mine = is_it(&name);
        found |= mine;
        if let Some(name) = name {
            object.extend(name.source().expose());
        }
        object.push(b':');
        if mine {
            quote(text, &mut object);
        } else {
            object.extend(member.source().expose());
        }
    }
    if !found {
        separate(&mut object);
        quote(key, &mut object);
        object.push(b':');
        quote(text, &mut object);
    }
    object.push(b'}');
    Ok(object.into())
}

/// The JSON object of these fields, in their order.
///
/// # Errors
/// A value that is not UTF-8.
pub fn object<'f>(fields: impl IntoIterator<Item = (&'f str, &'f Secret)>) -> Result<Secret, ServiceError> {
    let mut object: Option<Secret> = None;
    for (key, value) in fields {
        object = Some(with_field(object.as_ref(), key, value)?);
    }
    Ok(object.unwrap_or_else(|| Secret::copy_of(b"{}")))
}

fn separate(object: &mut SecretBuffer) {
    if object.len() > 1 {
        object.push(b',');
    }
}

/// A JSON string (RFC 8259, 7).
fn quote(text: &str, out: &mut SecretBuffer) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(&[b'\\', byte]),
            b'\n' => out.extend(b"\\n"),
            0..0x20 => {
                out.extend(b"\\u00");
                out.extend(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::object;
    use super::with_field;
    use crate::secret::Secret;

    fn set(current: Option<&str>, key: &str, value: &[u8]) -> Result<String, String> {
        let current = current.map(|text| Secret::copy_of(text.as_bytes()));
        match with_field(current.as_ref(), key, &Secret::copy_of(value)) {
            Ok(object) => Ok(object.expose_text().unwrap().to_owned()),
            Err(error) => Err(error.reason),
        }
    }

    #[test]
    fn a_field_is_added_or_replaced_and_the_others_stay_as_they_are() {
        for (current, key, value, expected) in [
            (None, "password", "p", r#"{"password":"p"}"#),
            (Some("{}"), "password", "a\"b\\\n\u{1}é", r#"{"password":"a\"b\\\n\u0001é"}"#),
            (Some(r#" { "n" : 1.50, "o": {"x": [1, "é"]} } "#), "k", "v", r#"{"n":1.50,"o":{"x": [1, "é"]},"k":"v"}"#),
            (Some(r#"{"a":1,"\u0062":"old","c":null}"#), "b", "new", r#"{"a":1,"\u0062":"new","c":null}"#),
        ] {
            assert_eq!(set(current, key, value.as_bytes()).as_deref(), Ok(expected), "{current:?}");
        }
    }

    #[test]
    fn what_has_no_fields_is_refused() {
        for (current, value) in [(Some("hunter2"), &b"v"[..]), (Some("[1]"), b"v"), (Some(r#"{"k":1,"k":2}"#), b"v"), (None, b"\xff")] {
            let reason = set(current, "k", value).unwrap_err();
            assert!(!reason.contains("hunter2"), "{reason}");
        }
    }

    #[test]
    fn an_object_is_made_of_fields() {
        let (a, b) = (Secret::copy_of(b"1"), Secret::copy_of(b"x\"y"));
        assert_eq!(object([("a", &a), ("b", &b)]).unwrap().expose(), br#"{"a":"1","b":"x\"y"}"#);
        assert_eq!(object([]).unwrap().expose(), b"{}");
    }
}
