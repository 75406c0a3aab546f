//! A review for a terminal.

use std::fmt::Write as _;

use cloze::clock::Timestamp;
use cloze::report::DiffReport;
use cloze::report::ObjectDiff;
use cloze::report::ObjectReport;
use cloze::report::SecretDiff;

use crate::review::Detail;
use crate::review::field;
use crate::review::gist;
use crate::ui::Cell;
use crate::ui::clean;
use crate::ui::rows;

/// Objects that are named in one line.
const IN_A_LINE: usize = 10;

/// How a review is shown at a terminal.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// How much of it.
    pub(crate) detail: Detail,
    /// How many characters a row of its tables has room for; `None` where it goes to no terminal.
    pub(crate) width: Option<usize>,
    /// The time.
    pub(crate) now: Timestamp,
}

/// The review as text, a line when nothing changes. Its lines are clean, and begin with `+`, `-` or `~` where something comes, goes or changes.
pub(crate) fn text(report: &DiffReport, view: View) -> String {
    if report.changes.is_empty() {
        return format!("no differences\n{}", left(report));
    }
    let (mut text, is_whole) = summary(report, view);
    if view.detail == Detail::Stat {
        return text;
    }
    let is_said = |object: &&ObjectDiff| is_whole && view.detail != Detail::All && gist::is_said(object);
    for object in report.changes.iter().filter(|object| !is_said(object)) {
        let lines = field::of_object(object, view.detail);
        if !lines.is_empty() {
            let _ = writeln!(text, "\n{}", clean(&object.object.object.to_string()));
            for line in lines {
                let _ = writeln!(text, "{}", clean(&line));
            }
        }
    }
    text
}

/// What the changes come to: secrets with other values, objects, workloads that replace their pods; and whether there was room for what is said of each
/// object.
fn summary(report: &DiffReport, View { detail, width, now }: View) -> (String, bool) {
    let DiffReport { secrets, restarts, .. } = report;
    let most = if detail == Detail::All { usize::MAX } else { IN_A_LINE };
    let mut text = format!("{}\n", clean(&gist::heading(report)));
    if !secrets.is_empty() {
        text.push_str("secrets:\n");
        let version = |versions: String| if versions.is_empty() { versions } else { format!("version {versions}") };
        let users = |users: &[ObjectReport]| match (users.is_empty(), width) {
            (true, _) => vec![Cell::Text(String::new())],
            (false, None) => vec![Cell::Text(format!("used by {}", gist::row(users, most)))],
            // Words of their own, of which nothing is left out.
            (false, Some(_)) => {
                vec![Cell::Text("used by".to_owned()), Cell::List(users.iter().map(ObjectReport::to_string).collect())]
            }
        };
        let row = |secret: &SecretDiff| {
            let said = [gist::secret(secret), version(gist::versions(secret)), gist::ages(secret, now)].map(Cell::Text);
            (gist::sign(secret.change), said.into_iter().chain(users(&secret.used_by)).collect())
        };
        table(secrets.iter().map(row), width, &mut text);
    }
    let mut is_whole = true;
    let (follow, own) = gist::parted(report);
    if !own.is_empty() {
        text.push_str("objects:\n");
        let row = |object: &&ObjectDiff| {
            (gist::sign(object.object.change), [object.object.object.to_string(), gist::of_object(object)].map(Cell::Text).into())
        };
        is_whole = table(own.iter().map(row), width, &mut text);
    }
    let mut line = |words: &str, objects: String| {
        if !objects.is_empty() {
            let _ = writeln!(text, "{words}: {}", clean(&objects));
        }
    };
    line("names only", gist::row(follow.iter().map(|object| &object.object.object), most));
    line("restarts", gist::row(restarts, most));
    text.push_str(&left(report));
    (text, is_whole)
}

/// Rows behind their signs; whether none was cut.
fn table(signed: impl Iterator<Item = (char, Vec<Cell>)>, width: Option<usize>, text: &mut String) -> bool {
    let (signs, cells): (Vec<char>, Vec<Vec<Cell>>) = signed.unzip();
    let shown = rows(&cells, width.map(|width| width.saturating_sub(2)));
    for (sign, row) in signs.iter().zip(&shown) {
        let _ = writeln!(text, "{sign} {row}");
    }
    width.is_none() || shown == rows(&cells, None)
}

/// The objects that earlier releases left in the cluster.
fn left(report: &DiffReport) -> String {
    let lines: String = gist::left(report).iter().map(|object| format!("  {}\n", clean(&object.to_string()))).collect();
    if lines.is_empty() { lines } else { format!("in the cluster, and not in the release:\n{lines}") }
}

#[cfg(test)]
mod tests {
    use cloze::clock::Timestamp;

    use super::View;
    use super::text;
    use crate::review::Detail;
    use crate::review::sample::reports;

    /// The first words of all lines, with as many characters as signs can have.
    fn beginnings(text: &str) -> Vec<String> {
        text.lines().map(|line| line.chars().take(2).filter(char::is_ascii_punctuation).collect()).collect()
    }

    #[test]
    fn no_text_begins_a_line_or_moves_a_cursor() {
        let views = [Detail::Usual, Detail::All]
            .into_iter()
            .flat_map(|detail| [None, Some(60)].map(|width| View { detail, width, now: Timestamp(0) }));
        for view in views {
            let plain = reports("plain").map(|report| text(&report, view).lines().count());
            for naughty in naughty_strings::BLNS.iter().filter(|text| !text.is_empty()) {
                // A long one has lines of its own.
                let naughty: String = naughty.chars().take(150).collect();
                let shown = reports(&naughty).map(|report| text(&report, view));
                assert_eq!(shown.each_ref().map(|shown| shown.lines().count()), plain, "{naughty:?} in {shown:#?}");
                assert!(shown.iter().all(|shown| !shown.chars().any(|c| c.is_control() && c != '\n' && c != '\t')), "{naughty:?}");
            }
        }
        let signs = beginnings(&text(&reports("plain")[1], View { detail: Detail::All, width: None, now: Timestamp(0) }));
        assert!(["~", "+", "-"].iter().all(|sign| signs.iter().any(|found| found == sign)), "{signs:?}");
    }
}
