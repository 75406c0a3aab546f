//! A review for a terminal.

use std::fmt::Write as _;

use cloze::report::DiffReport;
use cloze::report::ObjectDiff;
use cloze::report::ObjectReport;
use cloze::report::SecretDiff;

use crate::review::Detail;
use crate::review::field;
use crate::review::gist;
use crate::ui::clean;

/// Objects that are named in one line.
const IN_A_LINE: usize = 10;

/// The review as text, a line when nothing changes. Its lines are clean, and begin with `+`, `-` or `~` where something comes, goes or changes.
pub(crate) fn text(report: &DiffReport, detail: Detail) -> String {
    if report.changes.is_empty() {
        return format!("no differences\n{}", left(report));
    }
    let most = if detail == Detail::All { usize::MAX } else { IN_A_LINE };
    let mut text = summary(report, most);
    if detail == Detail::Stat {
        return text;
    }
    for object in &report.changes {
        let lines = field::of_object(object, detail);
        if !lines.is_empty() {
            let _ = writeln!(text, "\n{}", clean(&object.object.object.to_string()));
            for line in lines {
                let _ = writeln!(text, "{}", clean(&line));
            }
        }
    }
    text
}

/// What the changes come to: secrets with other values, objects, workloads that replace their pods.
fn summary(report: &DiffReport, most: usize) -> String {
    let DiffReport { secrets, restarts, .. } = report;
    let mut text = format!("{}\n", clean(&gist::heading(report)));
    if !secrets.is_empty() {
        text.push_str("secrets:\n");
        let version = |versions: String| if versions.is_empty() { versions } else { format!("version {versions}") };
        let users = |users: &[ObjectReport]| if users.is_empty() { String::new() } else { format!("used by {}", gist::row(users, most)) };
        let row = |secret: &SecretDiff| {
            (gist::sign(secret.change), [gist::secret(secret), version(gist::versions(secret)), users(&secret.used_by)])
        };
        table(secrets.iter().map(row).collect(), &mut text);
    }
    let (follow, own) = gist::parted(report);
    if !own.is_empty() {
        text.push_str("objects:\n");
        let row = |object: &&ObjectDiff| (gist::sign(object.object.change), [object.object.object.to_string(), gist::of_object(object)]);
        table(own.iter().map(row).collect(), &mut text);
    }
    let mut line = |words: &str, objects: String| {
        if !objects.is_empty() {
            let _ = writeln!(text, "{words}: {}", clean(&objects));
        }
    };
    line("names only", gist::row(follow.iter().map(|object| &object.object.object), most));
    line("restarts", gist::row(restarts, most));
    text.push_str(&left(report));
    text
}

/// Rows in columns, each as wide as what is in it.
fn table<const N: usize>(rows: Vec<(char, [String; N])>, text: &mut String) {
    let rows: Vec<(char, [String; N])> = rows.into_iter().map(|(sign, row)| (sign, row.map(|cell| clean(&cell).into_owned()))).collect();
    let width = |column: usize| rows.iter().map(|(_, row)| row[column].chars().count()).max().unwrap_or_default();
    let widths: Vec<usize> = (0..N).map(width).collect();
    for (sign, row) in &rows {
        let cells: String =
            row.iter().zip(&widths).filter(|(_, width)| **width > 0).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        let _ = writeln!(text, "{sign} {}", cells.trim_end());
    }
}

/// The objects that earlier releases left in the cluster.
fn left(report: &DiffReport) -> String {
    let lines: String = gist::left(report).iter().map(|object| format!("  {}\n", clean(&object.to_string()))).collect();
    if lines.is_empty() { lines } else { format!("in the cluster, and not in the release:\n{lines}") }
}
