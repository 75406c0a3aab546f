//! What the program reads.

use serde::Serialize;

use crate::blank::SecretRef;
use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// The protocol and its version.
pub(super) const PROTOCOL: &str = "cloze.dev/exec/v1";

/// What the program is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Operation {
    /// Give values.
    Fetch,
    /// Say what is there.
    Probe,
    /// Name everything.
    List,
}

/// The text of a request.
pub(super) fn text(operation: Operation, asks: &[&SecretRef]) -> Secret {
    let asks = asks.iter().map(|ask| Wanted { name: &ask.name, key: ask.key.as_deref(), version: ask.version.as_deref() }).collect();
    let mut buffer = SecretBuffer::with_capacity(4096);
    let request = Request { api_version: PROTOCOL, operation, asks };
    serde_json::to_writer(&mut buffer, &request).unwrap_or_else(|_| unreachable!("texts can be written into memory"));
    buffer.push(b'\n');
    Secret::from(buffer)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    api_version: &'a str,
    operation: Operation,
    asks: Vec<Wanted<'a>>,
}

#[derive(Serialize)]
struct Wanted<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
}

#[cfg(test)]
mod tests {
    use super::Operation;
    use super::text;
    use crate::blank::SecretRef;

    #[test]
    fn is_as_documented() {
        let plain = SecretRef { vault: "v".to_owned(), name: "shop/db".to_owned(), key: None, version: None };
        let pinned = SecretRef { key: Some("a\"b".to_owned()), version: Some("3".to_owned()), ..plain.clone() };
        assert_eq!(
            text(Operation::Fetch, &[&plain, &pinned]).expose_text().unwrap(),
            concat!(
                r#"{"apiVersion":"cloze.dev/exec/v1","operation":"fetch","asks":[{"name":"shop/db"},"#,
                r#"{"name":"shop/db","key":"a\"b","version":"3"}]}"#,
                "\n"
            )
        );
        assert!(text(Operation::List, &[]).expose_text().unwrap().contains(r#""operation":"list","asks":[]"#));
    }
}
