//! Lists, page by page.

use serde_json::{Map, Value, json};

use crate::aws::refused::Refused;

/// A page of a list.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) items: Vec<&'a str>,
    next: Option<String>,
}

impl<'a> Page<'a> {
    /// The page of `all` that `MaxResults`, at most `most`, and `NextToken` of a request stand for.
    pub(crate) fn of(all: &[&'a str], body: &Map<String, Value>, most: u64) -> Result<Self, Refused> {
        let size = body.get("MaxResults").map_or(Some(most), Value::as_u64).filter(|size| (1..=most).contains(size));
        let size = size.and_then(|size| usize::try_from(size).ok());
        let size = size.ok_or_else(|| Refused::invalid(format!("MaxResults must be between 1 and {most}")))?;
        let from = match body.get("NextToken").and_then(Value::as_str) {
            None => 0,
            Some(token) => {
                let place = token.strip_prefix("page-").and_then(|place| place.parse().ok()).filter(|place| *place <= all.len());
                place.ok_or_else(|| Refused::new("InvalidNextTokenException", "The NextToken value is invalid."))?
            }
        };
        let to = all.len().min(from + size);
        Ok(Self { items: all[from..to].to_vec(), next: (to < all.len()).then(|| format!("page-{to}")) })
    }

    /// The answer with the token of the next page, if there is one.
    pub(crate) fn with(self, mut answer: Value) -> Value {
        if let Some(next) = self.next {
            answer["NextToken"] = json!(next);
        }
        answer
    }
}

/// The values of the filters with this key.
pub(crate) fn filters<'b>(body: &'b Map<String, Value>, field: &str, key: &str) -> Vec<&'b str> {
    let list = body.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let values = list.iter().filter(|filter| filter["Key"] == key).filter_map(|filter| filter["Values"].as_array());
    values.flatten().filter_map(Value::as_str).collect()
}
