//! A field that differs, in words.

use cloze::blank::mask;
use cloze::report::FieldChangeKind;
use cloze::report::FieldDiff;
use cloze::report::ObjectDiff;
use cloze::stage::diff::ChangeKind;

use crate::review::Detail;

/// Where a field is: the key alone in what a ConfigMap or Secret holds.
pub(super) fn place(field: &FieldDiff) -> &str {
    data_key(&field.path).unwrap_or(&field.path)
}

/// The key of a ConfigMap or Secret that is the whole of a path.
fn data_key(path: &str) -> Option<&str> {
    let key = ["data", "stringData", "binaryData"].iter().find_map(|field| path.strip_prefix(field))?;
    match key.strip_prefix("[\"") {
        Some(key) => key.strip_suffix("\"]").filter(|key| !key.contains("\"]")),
        None => key.strip_prefix('.').filter(|key| !key.contains(['.', '['])),
    }
}

/// The last key of a path, or the key of the ConfigMap or Secret that it leads into.
pub(super) fn name(field: &FieldDiff) -> &str {
    let path = field.path.as_str();
    for data in ["data", "stringData", "binaryData"] {
        if let Some(key) = path.strip_prefix(data).and_then(|rest| rest.strip_prefix("[\"")) {
            return key.split_once("\"]").map_or(key, |(key, _)| key);
        }
    }
    if let Some(path) = path.strip_suffix("\"]") {
        return path.rsplit_once("[\"").map_or(path, |(_, key)| key);
    }
    // What an item is known by may have dots.
    let key = if path.ends_with(']') { path.rfind('[').map_or(path, |at| &path[..at]) } else { path };
    let start = key.rfind(['.', ']']).map_or(0, |at| at + 1);
    &path[start..]
}

/// A change that has room on one line, such as `1 → 2`.
pub(super) fn short(field: &FieldDiff) -> Option<String> {
    let (before, after) = (field.before.as_deref(), field.after.as_deref());
    let words = match (field.change, before, after) {
        (FieldChangeKind::Reordered, ..) => "in another order".to_owned(),
        (_, Some(before), Some(after)) => match (mask::changed(before, after), literal(before) && literal(after)) {
            (Some(secrets), _) => secrets,
            (None, true) => "another literal value".to_owned(),
            (None, false) => format!("{before} → {after}"),
        },
        (_, Some(value), None) | (_, None, Some(value)) => value.to_owned(),
        (_, None, None) => return None,
    };
    (!words.contains('\n')).then_some(words)
}

/// Whether a value of a Secret is one that a template writes out.
fn literal(text: &str) -> bool {
    text.trim_matches('"').strip_prefix("<literal ").is_some_and(|rest| rest.ends_with('>') && !rest.contains(' '))
}

/// The sign of a change.
pub(super) fn sign(change: FieldChangeKind) -> char {
    match change {
        FieldChangeKind::Added => '+',
        FieldChangeKind::Removed => '-',
        FieldChangeKind::Changed | FieldChangeKind::Reordered | FieldChangeKind::Follows => '~',
    }
}

/// The fields of an object that are not only names that follow.
pub(super) fn own(object: &ObjectDiff) -> impl Iterator<Item = &FieldDiff> {
    object.fields.iter().filter(|field| field.change != FieldChangeKind::Follows)
}

/// The names of an object that only follow others, line by line.
pub(super) fn follow(object: &ObjectDiff) -> Vec<String> {
    object.fields.iter().filter(|field| field.change == FieldChangeKind::Follows).flat_map(lines).collect()
}

/// What differs of an object, line by line.
pub(super) fn of_object(object: &ObjectDiff, detail: Detail) -> Vec<String> {
    let whole = |sign: char, text: &str| text.lines().map(|line| format!("{sign}{line}")).collect();
    match object.object.change {
        ChangeKind::Added => whole('+', &object.after),
        ChangeKind::Removed if detail == Detail::All => whole('-', &object.before),
        ChangeKind::Removed => Vec::new(),
        ChangeKind::Changed if detail == Detail::All => object.fields.iter().flat_map(lines).collect(),
        ChangeKind::Changed => own(object).flat_map(lines).collect(),
    }
}

/// The lines of a change: its own with sign and place, then those of values that have several.
fn lines(field: &FieldDiff) -> Vec<String> {
    let (sign, place) = (sign(field.change), place(field));
    if let Some(words) = short(field).filter(|words| words.chars().count() <= LONGEST) {
        return vec![format!("{sign} {place}: {words}")];
    }
    let mut lines = vec![format!("{sign} {place}:")];
    // Where the first part begins is of no use in a text of a few lines.
    lines.extend(field.lines.iter().skip(1).cloned());
    for (sign, value) in [('-', &field.before), ('+', &field.after)] {
        let other = if sign == '-' { &field.after } else { &field.before };
        lines.extend(value.iter().flat_map(|value| value.lines()).map(|line| format!("{sign}   {}", around(line, other.as_deref()))));
    }
    lines
}

/// Characters of a line that is shown whole.
const LONGEST: usize = 400;

/// A long line, cut around where it differs from `other`.
fn around(line: &str, other: Option<&str>) -> String {
    let count = line.chars().count();
    if count <= LONGEST {
        return line.to_owned();
    }
    let same = other.map_or(0, |other| line.chars().zip(other.chars()).take_while(|(one, other)| one == other).count());
    let start = same.saturating_sub(LONGEST / 4).min(count - LONGEST);
    let part: String = line.chars().skip(start).take(LONGEST).collect();
    let (before, after) = (if start > 0 { "…" } else { "" }, if start + LONGEST < count { "…" } else { "" });
    format!("{before}{part}{after} ({count} characters)")
}

#[cfg(test)]
mod tests {
    use cloze::report::FieldChangeKind;
    use cloze::report::FieldDiff;

    use super::lines;
    use super::name;
    use super::place;

    fn field(path: &str, before: Option<&str>, after: Option<&str>) -> FieldDiff {
        let change = match (before, after) {
            (None, Some(_)) => FieldChangeKind::Added,
            (Some(_), None) => FieldChangeKind::Removed,
            _ => FieldChangeKind::Changed,
        };
        FieldDiff { path: path.to_owned(), change, before: before.map(str::to_owned), after: after.map(str::to_owned), lines: Vec::new() }
    }

    #[test]
    fn a_field_is_called_by_its_last_key() {
        for (path, word, at) in [
            ("spec.replicas", "replicas", "spec.replicas"),
            ("spec.containers[name=a.b].image", "image", "spec.containers[name=a.b].image"),
            ("spec.args[0]", "args[0]", "spec.args[0]"),
            ("spec.containers[name=a.b]", "containers[name=a.b]", "spec.containers[name=a.b]"),
            ("args[1]", "args[1]", "args[1]"),
            ("data.LOG", "LOG", "LOG"),
            ("data[\"a.conf\"]", "a.conf", "a.conf"),
            ("stringData[\"a.json\"].x.y", "a.json", "stringData[\"a.json\"].x.y"),
            ("metadata.annotations[\"a.io/b\"]", "a.io/b", "metadata.annotations[\"a.io/b\"]"),
            ("data", "data", "data"),
        ] {
            let field = field(path, Some("a"), Some("b"));
            assert_eq!((name(&field), place(&field)), (word, at));
        }
    }

    #[test]
    fn a_change_is_a_line_where_that_has_room() {
        assert_eq!(lines(&field("spec.replicas", Some("1"), Some("2"))), ["~ spec.replicas: 1 → 2"]);
        assert_eq!(lines(&field("data.A", None, Some("x"))), ["+ A: x"]);
        assert_eq!(lines(&field("data.A", Some("x"), None)), ["- A: x"]);
        assert_eq!(lines(&field("spec.list", None, Some("- a\n- b"))), ["+ spec.list:", "+   - a", "+   - b"]);
        assert_eq!(lines(&field("stringData.A", Some("<literal 1>"), Some("<literal 2>"))), ["~ A: another literal value"]);
        let text = FieldDiff { lines: ["@@ -1 +1 @@", "-a", "+b"].map(str::to_owned).into(), ..field("data[\"a.conf\"]", None, None) };
        assert_eq!(lines(&text), ["~ a.conf:", "-a", "+b"]);
        let order = FieldDiff { change: FieldChangeKind::Reordered, ..field("spec.args", None, None) };
        assert_eq!(lines(&order), ["~ spec.args: in another order"]);
    }

    #[test]
    fn a_long_line_is_cut_around_the_change() {
        let text = |middle: &str| format!("{}{middle}{}", "a".repeat(1000), "b".repeat(1000));
        let found = lines(&field("data.A", Some(&text("x")), Some(&text("y"))));
        assert_eq!(found.len(), 3);
        assert!(found[1].starts_with("-   …a") && found[1].contains("axb") && found[1].ends_with("b… (2001 characters)"), "{found:?}");
        assert!(found[2].contains("ayb") && found[2].chars().count() < 440);
    }
}
