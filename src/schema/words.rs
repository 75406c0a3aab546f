//! The words for what a schema asks for.

use boon::ErrorKind;
use boon::Type;
use serde_json::Value;

use crate::count::count;

/// What is wrong with a value, as what follows its name, and what to do.
pub(super) struct Words {
    pub(super) reason: String,
    pub(super) next: String,
}

/// The words for one error. No value that was found is among them.
pub(super) fn of(kind: &ErrorKind<'_, '_>) -> Words {
    let words = |reason: String, next: String| Words { reason, next };
    let bound = |reason: String| words(reason, "change it".to_owned());
    match kind {
        ErrorKind::Type { got, want } => of_type(*got, &want.iter().collect::<Vec<_>>()),
        ErrorKind::Enum { want } => one_of(want),
        ErrorKind::Const { want } => one_of(std::slice::from_ref(*want)),
        ErrorKind::Format { want: "regex", .. } => words(
            "is not a regular expression that cloze supports".to_owned(),
            "correct it; look-around and back-references are not supported".to_owned(),
        ),
        ErrorKind::Format { want, .. } => {
            let (what, example) =
                FORMATS.iter().find(|(known, ..)| known == want).map_or((None, None), |(_, what, example)| (Some(*what), Some(*example)));
            let reason = what.map_or_else(|| format!("is not in the format {}", shown(want)), |what| format!("is not {what}"));
            words(reason, example.map_or("correct it".to_owned(), |example| format!("write one, such as `{example}`")))
        }
        ErrorKind::Pattern { want, .. } => {
            words(format!("does not match the pattern {}", shown(want)), "write it so that it matches".to_owned())
        }
        ErrorKind::FalseSchema => words("is not allowed here".to_owned(), "remove it".to_owned()),
        ErrorKind::Minimum { want, .. } => bound(format!("is less than the minimum of {want}")),
        ErrorKind::Maximum { want, .. } => bound(format!("is greater than the maximum of {want}")),
        ErrorKind::ExclusiveMinimum { want, .. } => bound(format!("is not greater than {want}")),
        ErrorKind::ExclusiveMaximum { want, .. } => bound(format!("is not less than {want}")),
        ErrorKind::MultipleOf { want, .. } => bound(format!("is not a multiple of {want}")),
        ErrorKind::MinLength { want, .. } => bound(format!("has fewer than {}", count(*want, "character"))),
        ErrorKind::MaxLength { want, .. } => bound(format!("has more than {}", count(*want, "character"))),
        ErrorKind::MinItems { got, want } => words(format!("has {}, fewer than {want}", count(*got, "item")), "add items".to_owned()),
        ErrorKind::MaxItems { got, want } => words(format!("has {}, more than {want}", count(*got, "item")), "remove items".to_owned()),
        ErrorKind::MinProperties { got, want } => words(format!("has {}, fewer than {want}", count(*got, "key")), "add keys".to_owned()),
        ErrorKind::MaxProperties { got, want } => words(format!("has {}, more than {want}", count(*got, "key")), "remove keys".to_owned()),
        ErrorKind::AdditionalItems { got } => {
            words(format!("has {} more than the schema allows", count(*got, "item")), "remove items".to_owned())
        }
        ErrorKind::UniqueItems { got: [one, other] } => {
            words(format!("has the same item twice: items {one} and {other}, counted from 0"), "remove one of the two".to_owned())
        }
        ErrorKind::Contains | ErrorKind::MinContains { .. } => {
            words("has too few items that match `contains` in the schema".to_owned(), "add one".to_owned())
        }
        ErrorKind::MaxContains { .. } => {
            words("has too many items that match `contains` in the schema".to_owned(), "remove items".to_owned())
        }
        ErrorKind::Not => words("matches what the schema forbids".to_owned(), "change it".to_owned()),
        ErrorKind::OneOf(Some(_)) => {
            words("matches two alternatives in the schema, which allows only one".to_owned(), "change it to match only one".to_owned())
        }
        _ => words("does not match the schema".to_owned(), "change it".to_owned()),
    }
}

/// Whether a look at the schema helps to understand the words.
pub(super) fn says_more(kind: &ErrorKind<'_, '_>) -> bool {
    matches!(
        kind,
        ErrorKind::Contains | ErrorKind::MinContains { .. } | ErrorKind::MaxContains { .. } | ErrorKind::Not | ErrorKind::OneOf(Some(_))
    )
}

/// The words where each of several forms was refused for one reason of the same sort: types, or values that are listed.
pub(super) fn of_any<'e>(kinds: impl Iterator<Item = &'e ErrorKind<'e, 'e>> + Clone) -> Option<Words> {
    let types = kinds.clone().map(|kind| if let ErrorKind::Type { got, want } = kind { Some((*got, want)) } else { None });
    if let Some(types) = types.collect::<Option<Vec<_>>>()
        && let Some((got, _)) = types.first()
    {
        return Some(of_type(*got, &types.iter().flat_map(|(_, want)| want.iter()).collect::<Vec<_>>()));
    }
    let listed = kinds.map(|kind| match kind {
        ErrorKind::Const { want } => Some(vec![(*want).clone()]),
        ErrorKind::Enum { want } => Some((*want).clone()),
        _ => None,
    });
    listed.collect::<Option<Vec<_>>>().map(|listed| one_of(&listed.concat()))
}

fn of_type(got: Type, want: &[Type]) -> Words {
    let wanted = join(want.iter().map(|want| noun(*want).to_owned()), "or");
    // What is a number is no whole number only for what is behind its point.
    let found = if got == Type::Number && want.contains(&Type::Integer) { "a number with a fraction" } else { noun(got) };
    let next = match (got, want) {
        (Type::String, [Type::Integer | Type::Number | Type::Boolean]) => format!("write {wanted}, without quotes"),
        (Type::Number | Type::Boolean | Type::Null, [Type::String]) => "put it in quotes".to_owned(),
        _ => format!("write {wanted}"),
    };
    Words { reason: format!("is {found}, not {wanted}"), next }
}

fn noun(of: Type) -> &'static str {
    match of {
        Type::Null => "null",
        Type::Boolean => "a boolean",
        Type::Number => "a number",
        Type::Integer => "a whole number",
        Type::String => "a string",
        Type::Array => "a list",
        Type::Object => "a mapping",
    }
}

fn one_of(values: &[Value]) -> Words {
    let simple = |value: &Value| match value {
        Value::String(text) => Some(shown(text)),
        Value::Array(_) | Value::Object(_) => None,
        other => Some(shown(&other.to_string())),
    };
    let next = match values.iter().take(MOST_LISTED).map(simple).collect::<Option<Vec<_>>>() {
        Some(words) if values.len() > MOST_LISTED => format!("write {}, or another of the {}", words.join(", "), values.len()),
        Some(words) => format!("write {}", join(words.into_iter(), "or")),
        None => "write one that the schema lists".to_owned(),
    };
    let reason =
        if values.len() == 1 { "is not the value that the schema asks for" } else { "is not one of the values that the schema lists" };
    Words { reason: reason.to_owned(), next }
}

fn join(words: impl Iterator<Item = String>, last: &str) -> String {
    let mut words: Vec<String> = words.collect();
    words.dedup();
    match words.pop() {
        Some(end) if words.is_empty() => end,
        Some(end) => format!("{} {last} {end}", words.join(", ")),
        None => String::new(),
    }
}

/// A text of the schema, cut to a line.
pub(super) fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(LONGEST).map(|character| if character.is_control() { ' ' } else { character }).collect();
    if text.chars().count() > LONGEST {
        cut.push('…');
    }
    format!("`{cut}`")
}

/// Characters of a text that is shown.
const LONGEST: usize = 120;

/// Values of a list that are shown.
const MOST_LISTED: usize = 12;

/// Formats with what each is and an example.
const FORMATS: [(&str, &str, &str); 13] = [
    ("date", "a date", "2026-12-01"),
    ("date-time", "a date with a time and a zone", "2026-12-01T09:30:00Z"),
    ("time", "a time with a zone", "09:30:00Z"),
    ("duration", "an ISO 8601 duration", "PT90S"),
    ("email", "an email address", "ada@example.com"),
    ("hostname", "a host name", "db.example.com"),
    ("ipv4", "an IPv4 address", "192.0.2.1"),
    ("ipv6", "an IPv6 address", "2001:db8::1"),
    ("uri", "a URL", "https://example.com/"),
    ("uri-reference", "a URL or a path", "/health"),
    ("uuid", "a UUID", "123e4567-e89b-12d3-a456-426614174000"),
    ("json-pointer", "a JSON pointer", "/items/0"),
    ("period", "an ISO 8601 period", "2026-01-01/P1M"),
];
