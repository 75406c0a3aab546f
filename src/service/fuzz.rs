//! The reader of answers.

use crate::fuzz::fuzz;
use crate::service::json::Json;
use crate::service::json::JsonKind;

/// What is read is JSON for another reader too, and what is copied out of it is.
#[test]
fn answers() {
    fuzz("json", Vec::new(), |bytes| {
        let Ok(json) = Json::parse(bytes) else { return };
        match serde_json::from_slice(bytes) {
            Ok(known) => walk(json, &known),
            // The other reader makes numbers of them.
            Err(error) => assert!(error.to_string().starts_with("number out of range"), "{error}"),
        }
    });
}

fn walk(json: Json<'_>, known: &serde_json::Value) {
    let again: serde_json::Value = serde_json::from_slice(json.compact().expose()).unwrap();
    assert_eq!(&again, known);
    if json.kind() == JsonKind::Text {
        assert_eq!(json.secret().unwrap().expose_text(), known.as_str());
    }
    for (index, (key, member)) in json.members().enumerate() {
        match key {
            // Where a key occurs twice, the other reader keeps the last value.
            Some(key) => assert!(known.get(key.text().unwrap()).is_some()),
            None => walk(member, &known[index]),
        }
    }
}
