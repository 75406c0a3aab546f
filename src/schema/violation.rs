//! What is not as a schema has it, found in the errors of its evaluation.

use std::fmt::Write as _;

use boon::ErrorKind;
use boon::InstanceLocation;
use boon::InstanceToken;
use boon::ValidationError;
use serde_json::Value;

use crate::schema::pointer::dotted;
use crate::schema::pointer::escaped;
use crate::schema::pointer::pointer_of;
use crate::schema::pointer::steps;
use crate::schema::words;
use crate::schema::words::Words;
use crate::suggest::suggest;

/// What is not as a schema has it. No value is ever repeated in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// Where it is told.
    pub spot: Spot,
    /// What is wrong.
    pub reason: String,
    /// What to do.
    pub next: String,
    /// The place in the schema that says more, as a JSON pointer.
    pub see: Option<String>,
}

/// A JSON pointer (RFC 6901) into one of the two documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spot {
    /// A value.
    Value(String),
    /// A part of the schema.
    Schema(String),
}

/// Walks the errors of an evaluation.
pub(super) struct Collector<'s> {
    pub(super) found: Vec<Violation>,
    schema: &'s Value,
    /// What is held to it; `None` where it is the schema itself that is held to that of its draft.
    values: Option<&'s Value>,
}

/// An error without the groups around it.
type Leaf<'e> = &'e ValidationError<'e, 'e>;

impl<'s> Collector<'s> {
    pub(super) fn of_values(schema: &'s Value, values: &'s Value) -> Self {
        Self { found: Vec::new(), schema, values: Some(values) }
    }

    pub(super) fn of_schema(schema: &'s Value) -> Self {
        Self { found: Vec::new(), schema, values: None }
    }

    pub(super) fn collect(&mut self, error: &ValidationError<'_, '_>) {
        for leaf in leaves(error) {
            self.leaf(leaf);
        }
    }

    fn leaf(&mut self, error: &ValidationError<'_, '_>) {
        let (at, keyword) = (pointer(&error.instance_location), pointer_of(error.schema_url));
        match &error.kind {
            ErrorKind::Required { want } => want.iter().for_each(|key| self.missing(&at, &keyword, key)),
            ErrorKind::AdditionalProperties { got } => got.iter().for_each(|key| self.unknown(&at, &keyword, key)),
            ErrorKind::Dependency { prop, missing } | ErrorKind::DependentRequired { prop, missing } => {
                for key in missing {
                    let (with, without) = (name(&within(&at, prop)), name(&within(&at, key)));
                    let words =
                        Words { reason: format!("`{with}` is set without `{without}`, which it needs"), next: format!("add `{without}`") };
                    self.add(within(&at, prop), words, None);
                }
            }
            ErrorKind::PropertyName { prop } => self.name(error, keyword, prop),
            ErrorKind::AnyOf | ErrorKind::OneOf(None) => self.alternatives(error, &at, keyword),
            ErrorKind::RefCycle { .. } => {
                let reason = "the schema refers to itself in an endless loop".to_owned();
                let next = "put the `$ref` that leads back under `properties` or `items`".to_owned();
                self.found.push(Violation { spot: Spot::Schema(keyword), reason, next, see: None });
            }
            // It may well be one, and only not one for the engine at hand.
            ErrorKind::Format { want: "regex", .. } if self.values.is_none() => {
                let Words { reason, next } = words::of(&error.kind);
                let reason = format!("`{}` {reason}", name(&at));
                self.found.push(Violation { spot: Spot::Schema(at), reason, next, see: None });
            }
            kind => {
                let Words { reason, next } = words::of(kind);
                let see = words::says_more(kind).then_some(keyword);
                let subject = self.subject(&at);
                self.add(at, Words { reason: format!("{subject} {reason}"), next }, see);
            }
        }
    }

    /// What fits none of several forms: the form that is probably meant says what is wrong, else all of them do.
    fn alternatives(&mut self, error: &ValidationError<'_, '_>, at: &str, keyword: String) {
        let forms: Vec<Vec<Leaf<'_>>> = error.causes.iter().map(|cause| leaves_of(std::slice::from_ref(cause))).collect();
        let is_here = |leaf: &Leaf<'_>| pointer(&leaf.instance_location) == at;
        let single = |form: &Vec<Leaf<'_>>| matches!(form[..], [leaf] if is_here(&leaf));
        let subject = self.subject(at);
        if forms.iter().all(single)
            && let Some(Words { reason, next }) = words::of_any(forms.iter().flatten().map(|leaf| &leaf.kind))
        {
            return self.add(at.to_owned(), Words { reason: format!("{subject} {reason}"), next }, None);
        }
        let of_type = |form: &&Vec<Leaf<'_>>| !form.iter().any(|leaf| is_here(leaf) && matches!(leaf.kind, ErrorKind::Type { .. }));
        let is_fixed = |leaf: &Leaf<'_>| matches!(leaf.kind, ErrorKind::Const { .. } | ErrorKind::Enum { .. });
        let near: Vec<&Vec<Leaf<'_>>> = forms.iter().filter(of_type).collect();
        let tagged: Vec<&Vec<Leaf<'_>>> = near.iter().copied().filter(|form| !form.iter().any(is_fixed)).collect();
        match (&near[..], &tagged[..]) {
            ([form], _) | (_, [form]) => form.iter().for_each(|leaf| self.leaf(leaf)),
            _ => {
                let reason = format!("{subject} does not match any of the {} alternatives in the schema", forms.len());
                self.add(at.to_owned(), Words { reason, next: "change it to match one of them".to_owned() }, Some(keyword));
            }
        }
    }

    /// The name of a key is refused, of which the error does not say in which mapping it is.
    fn name(&mut self, error: &ValidationError<'_, '_>, keyword: String, key: &str) {
        let document = self.values.unwrap_or(self.schema);
        let steps: Vec<&str> = keyword.split('/').filter(|step| *step != "properties").collect();
        let here = Some(steps.join("/")).filter(|at| document.pointer(&within(at, key)).is_some());
        let at = within(&here.or_else(|| mapping_with(document, key)).unwrap_or_default(), key);
        match leaves_of(&error.causes).first().map(|leaf| &leaf.kind) {
            Some(kind @ ErrorKind::Format { want: "regex", .. }) => {
                let Words { reason, next } = words::of(kind);
                self.found.push(Violation { spot: self.spot(at), reason: format!("{} {reason}", words::shown(key)), next, see: None });
            }
            kind => {
                let next = match kind {
                    Some(ErrorKind::Pattern { want, .. }) => format!("give it a name that matches {}", words::shown(want)),
                    _ => "rename it".to_owned(),
                };
                let reason = format!("the name of the key `{}` is not allowed by the schema", name(&at));
                self.add(at, Words { reason, next }, Some(keyword));
            }
        }
    }

    fn spot(&self, at: String) -> Spot {
        if self.values.is_none() { Spot::Schema(at) } else { Spot::Value(at) }
    }

    fn missing(&mut self, at: &str, keyword: &str, key: &str) {
        let missing = name(&within(at, key));
        let list = format!("{keyword}/required");
        let number = self.schema.pointer(&list).and_then(Value::as_array).and_then(|keys| keys.iter().position(|known| known == key));
        let spot = number.map_or(list.clone(), |number| format!("{list}/{number}"));
        if self.values.is_none() {
            let words = Words { reason: format!("`{missing}` is missing"), next: "add it".to_owned() };
            return self.add(at.to_owned(), words, None);
        }
        let reason = format!("the value `{missing}` is required, and nothing sets it");
        let next = "set it in a values file of the environment".to_owned();
        self.found.push(Violation { spot: Spot::Schema(spot), reason, next, see: None });
    }

    fn unknown(&mut self, at: &str, keyword: &str, key: &str) {
        let known = self.schema.pointer(&format!("{keyword}/properties")).and_then(Value::as_object);
        let near = suggest(key, known.into_iter().flat_map(|known| known.keys().map(String::as_str)));
        let next = match near {
            Some(near) => format!("write `{near}`"),
            None => "remove it, or add it to the schema's `properties`".to_owned(),
        };
        let at = within(at, key);
        let reason = format!("`{}` is not a key that the schema allows", name(&at));
        self.add(at, Words { reason, next }, None);
    }

    fn subject(&self, at: &str) -> String {
        match at {
            "" if self.values.is_none() => "the schema".to_owned(),
            "" => "the top level of the values".to_owned(),
            at => format!("`{}`", name(at)),
        }
    }

    fn add(&mut self, at: String, Words { reason, next }: Words, see: Option<String>) {
        self.found.push(if self.values.is_none() {
            Violation { spot: Spot::Schema(at), reason: format!("this is not a JSON Schema: {reason}"), next, see: None }
        } else {
            Violation { spot: Spot::Value(at), reason, next, see }
        });
    }
}

fn leaves<'e>(error: &'e ValidationError<'_, '_>) -> Vec<Leaf<'e>> {
    match &error.kind {
        ErrorKind::Group | ErrorKind::Schema { .. } | ErrorKind::Reference { .. } | ErrorKind::AllOf | ErrorKind::ContentSchema => {
            leaves_of(&error.causes)
        }
        _ => vec![error],
    }
}

fn leaves_of<'e>(causes: &'e [ValidationError<'_, '_>]) -> Vec<Leaf<'e>> {
    causes.iter().flat_map(leaves).collect()
}

fn pointer(location: &InstanceLocation<'_>) -> String {
    location.tokens.iter().fold(String::new(), |mut pointer, token| {
        // Writing to memory does not fail.
        let _ = match token {
            InstanceToken::Prop(key) => write!(pointer, "/{}", escaped(key)),
            InstanceToken::Item(item) => write!(pointer, "/{item}"),
        };
        pointer
    })
}

/// The first mapping of a document with a key of that name.
fn mapping_with(document: &Value, key: &str) -> Option<String> {
    let deeper = |step: &str, value| mapping_with(value, key).map(|at| format!("/{}{at}", escaped(step)));
    match document {
        Value::Object(map) if map.contains_key(key) => Some(String::new()),
        Value::Object(map) => map.iter().find_map(|(step, value)| deeper(step, value)),
        Value::Array(list) => list.iter().enumerate().find_map(|(item, value)| deeper(&item.to_string(), value)),
        _ => None,
    }
}

fn within(at: &str, key: &str) -> String {
    format!("{at}/{}", escaped(key))
}

/// A pointer as people write a path, such as `hosts.0.name`.
pub(super) fn name(pointer: &str) -> String {
    dotted(&steps(pointer))
}
