//! What a change comes to, in a line.

use cloze::blank::mask;
use cloze::clock::Timestamp;
use cloze::count::count;
use cloze::report::DiffReport;
use cloze::report::FieldChangeKind;
use cloze::report::FieldDiff;
use cloze::report::ObjectDiff;
use cloze::report::ObjectReport;
use cloze::report::RecordedBy;
use cloze::report::SecretDiff;
use cloze::stage::diff::ChangeKind;

use crate::review::field;
use crate::ui::expiry;
use crate::ui::span;

/// How many objects come, change and go, against what.
pub(super) fn heading(report: &DiffReport) -> String {
    let of = |kind| report.changes.iter().filter(|object| object.object.change == kind).count();
    let [added, changed, removed] = [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Removed].map(of);
    let against = match (&report.live, report.against, &report.base) {
        (Some(cluster), ..) => format!(" against {}", cluster.target),
        (None, Some(number), _) => format!(" against {}", release(number, report.recorded.as_ref())),
        (None, None, Some(base)) => format!(" against {base}"),
        (None, None, None) => String::new(),
    };
    match report.changes.len() {
        0 => format!("no differences{against}"),
        objects => format!("{}{against}: {added} added, {changed} changed, {removed} removed", count(objects, "object")),
    }
}

/// A release, with when and by whom it was recorded.
fn release(number: u64, recorded: Option<&RecordedBy>) -> String {
    let recorded = recorded.map(|by| format!(" of {} by {}", date(&by.time), by.actor)).unwrap_or_default();
    format!("release {number}{recorded}")
}

/// The day of a time.
pub(super) fn date(time: &str) -> &str {
    time.split_once('T').map_or(time, |(day, _)| day)
}

/// What a vault said of the version of a secret that comes: how old it is, and until when it may be used. `!` marks an end that is near.
pub(super) fn ages(SecretDiff { created, expires, .. }: &SecretDiff, now: Timestamp) -> String {
    let age = created.as_deref().and_then(Timestamp::from_rfc3339).map(|created| match now.0 - created.0 {
        ..DAY => "made today".to_owned(),
        age => format!("{} old", span(age)),
    });
    let end = expires.as_deref().and_then(|expires| expiry(expires, now));
    age.into_iter().chain(end).collect::<Vec<_>>().join(", ")
}

/// Seconds.
const DAY: i64 = 86_400;

/// The versions of a secret, and what a vault said of the one that comes in days, which stay true in a document that is kept.
pub(super) fn dated_versions(secret: &SecretDiff) -> String {
    let versions = Some(versions(secret)).filter(|versions| !versions.is_empty());
    let made = secret.created.as_deref().map(|created| format!("made {}", date(created)));
    let end = secret.expires.as_deref().map(|expires| format!("expires {}", date(expires)));
    versions.into_iter().chain(made).chain(end).collect::<Vec<_>>().join(", ")
}

/// The sign of what happens to an object or a secret.
pub(super) fn sign(change: ChangeKind) -> char {
    match change {
        ChangeKind::Added => '+',
        ChangeKind::Changed => '~',
        ChangeKind::Removed => '-',
    }
}

/// Whether nothing of an object changes but names that follow.
pub(super) fn is_names_only(object: &ObjectDiff) -> bool {
    object.object.change == ChangeKind::Changed && !object.fields.is_empty() && field::own(object).next().is_none()
}

/// The objects of which nothing changes but names that follow, and the others.
pub(super) fn parted(report: &DiffReport) -> (Vec<&ObjectDiff>, Vec<&ObjectDiff>) {
    report.changes.iter().partition(|object| is_names_only(object))
}

/// The objects that are in a cluster, and not in the release.
pub(super) fn left(report: &DiffReport) -> &[ObjectReport] {
    report.live.as_ref().map(|live| live.left.as_slice()).unwrap_or_default()
}

/// What changes of an object: the one field with its values, or the names of several; nothing of one that comes or goes.
pub(super) fn of_object(object: &ObjectDiff) -> String {
    let own: Vec<&FieldDiff> = field::own(object).collect();
    if let [one] = own.as_slice() {
        return of_field(one);
    }
    let mut names: Vec<String> = Vec::new();
    for field in own {
        let name = match field.change {
            FieldChangeKind::Added => format!("+{}", field::name(field)),
            FieldChangeKind::Removed => format!("-{}", field::name(field)),
            _ => field::name(field).to_owned(),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let rest = names.len().saturating_sub(NAMES);
    let shown = names[..names.len() - rest].join(", ");
    if rest > 0 { format!("{shown} and {rest} more") } else { shown }
}

/// Whether its line says all that changes of an object: one field, in which a secret has another value.
pub(super) fn is_said(object: &ObjectDiff) -> bool {
    let own: Vec<&FieldDiff> = field::own(object).collect();
    let [FieldDiff { before: Some(before), after: Some(after), .. }] = own.as_slice() else { return false };
    object.object.change == ChangeKind::Changed && mask::changed(before, after).is_some_and(|words| words.chars().count() <= ROOM)
}

/// Names of fields in a line.
const NAMES: usize = 5;
/// Characters of a change in a line.
const ROOM: usize = 60;

fn of_field(field: &FieldDiff) -> String {
    let name = field::name(field);
    let sign = match field.change {
        FieldChangeKind::Added => "+",
        FieldChangeKind::Removed => "-",
        _ => "",
    };
    let changed = field.lines.iter().filter(|line| line.starts_with(['-', '+'])).count();
    match field::short(field).filter(|words| words.chars().count() <= ROOM && field.change != FieldChangeKind::Added) {
        Some(words) if sign.is_empty() => format!("{name}: {words}"),
        _ if changed > 0 => format!("{name}: {}", lines(field)),
        _ => format!("{sign}{name}"),
    }
}

/// How many lines of a text come, go or change.
fn lines(field: &FieldDiff) -> String {
    let with = |sign| field.lines.iter().filter(|line| line.starts_with(sign)).count();
    count(with('-').max(with('+')), "line")
}

/// A secret, without its versions.
pub(super) fn secret(SecretDiff { vault, name, key, .. }: &SecretDiff) -> String {
    let key = key.as_ref().map(|key| format!("#{key}")).unwrap_or_default();
    format!("{vault}/{name}{key}")
}

/// The versions of a secret, as far as its vault has any.
pub(super) fn versions(SecretDiff { before, after, .. }: &SecretDiff) -> String {
    match (before.join(" and "), after.join(" and ")) {
        (before, after) if before == after => String::new(),
        (before, after) if before.is_empty() => after,
        (before, after) if after.is_empty() => before,
        (before, after) => format!("{before} → {after}"),
    }
}

/// Objects in a row, the first `most` by name.
pub(super) fn row<'o>(objects: impl IntoIterator<Item = &'o ObjectReport>, most: usize) -> String {
    let names: Vec<String> = objects.into_iter().map(ObjectReport::to_string).collect();
    let rest = names.len().saturating_sub(most);
    let shown = names[..names.len() - rest].join(", ");
    if rest > 0 { format!("{shown} and {rest} more") } else { shown }
}
