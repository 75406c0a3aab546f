//! A review as Markdown (GitHub Flavored Markdown 0.29): for a comment on a pull or merge request, or the summary of a job.

use std::fmt::Write as _;

use cloze::count::count;
use cloze::report::DiffReport;
use cloze::report::ObjectDiff;
use cloze::report::ObjectReport;
use cloze::report::SecretDiff;
use cloze::stage::diff::ChangeKind;

use crate::review::Detail;
use crate::review::escape::escaped;
use crate::review::field;
use crate::review::gist;
use crate::ui::clean;

/// Bytes of a review. GitHub refuses comments of more than 65,536 characters, GitLab ones of more than 1,000,000.
const MOST: usize = 60_000;
/// Bytes of the line that counts what has no room.
const REST: usize = 200;
/// Bytes that its tables may have.
const TABLES: usize = 30_000;
/// Objects that are named in one cell.
const IN_A_CELL: usize = 5;

/// The review. Its first line is a comment that finds it again: `<!-- cloze:PROJECT/ENVIRONMENT -->`.
pub(crate) fn markdown(report: &DiffReport) -> String {
    let DiffReport { project, environment, secrets, changes, restarts, .. } = report;
    let mut text =
        format!("<!-- cloze:{project}/{environment} -->\n### {}\n", span(&format!("{project}/{environment}: {}", gist::heading(report))));
    if !secrets.is_empty() {
        text.push_str("\n| | secret | version | used by |\n|---|---|---|---|\n");
        rows(secrets, "secret", &mut text, |secret| {
            let SecretDiff { change, used_by, .. } = secret;
            let version = gist::dated_versions(secret);
            format!(
                "| {} | {} | {} | {} |",
                gist::sign(*change),
                cell(&gist::secret(secret)),
                cell(&version),
                cell(&gist::row(used_by, IN_A_CELL))
            )
        });
    }
    let (follow, own) = gist::parted(report);
    if !own.is_empty() {
        text.push_str("\n| | object | what changes |\n|---|---|---|\n");
        rows(&own, "object", &mut text, |object| {
            format!(
                "| {} | {} | {} |",
                gist::sign(object.object.change),
                cell(&object.object.object.to_string()),
                cell(&gist::of_object(object))
            )
        });
    }
    for (words, objects) in [
        ("Names only", follow.iter().map(|object| &object.object.object).collect::<Vec<&ObjectReport>>()),
        ("Restarts", restarts.iter().collect()),
        ("In the cluster, and not in the release", gist::left(report).iter().collect()),
    ] {
        if !objects.is_empty() {
            let _ = writeln!(text, "\n**{words}:** {}", span(&gist::row(objects, 4 * IN_A_CELL)));
        }
    }
    let waivers: Vec<String> = report.waivers.iter().map(|waiver| format!("- {}", span(&waiver.to_string()))).collect();
    if !waivers.is_empty() {
        let _ = writeln!(text, "\n**Waived:**\n\n{}", waivers.join("\n"));
    }
    if report.warnings > 0 {
        let _ = writeln!(text, "\n**{}**, in the log of this run.", count(report.warnings, "warning"));
    }
    details(changes, &mut text);
    text
}

/// Rows of a table, as many as have room.
fn rows<T>(all: &[T], noun: &str, text: &mut String, row: impl Fn(&T) -> String) {
    for (at, one) in all.iter().enumerate() {
        let row = row(one);
        if text.len() + row.len() > TABLES {
            let _ = writeln!(text, "\n… and {} more", count(all.len() - at, noun));
            return;
        }
        text.push_str(&row);
        text.push('\n');
    }
}

/// What differs, a folded part for each object; as many as have room.
fn details(changes: &[ObjectDiff], text: &mut String) {
    let shown = changes.iter().filter(|object| object.object.change != ChangeKind::Removed && !gist::is_names_only(object));
    let mut left = 0;
    for object in shown {
        let part = part(object);
        if left > 0 || text.len() + part.len() > MOST - REST {
            left += 1;
        } else {
            text.push_str(&part);
        }
    }
    if left > 0 {
        let _ = writeln!(text, "\n… and {} more: `cloze diff` shows all", count(left, "object"));
    }
}

fn part(object: &ObjectDiff) -> String {
    let lines = field::of_object(object, Detail::Usual);
    // `!` is what changes, where diffs are coloured.
    let signed = |line: &String| clean(&line.strip_prefix('~').map_or_else(|| line.clone(), |rest| format!("!{rest}"))).into_owned();
    let lines = lines.iter().map(signed).collect::<Vec<_>>().join("\n");
    let fence = "`".repeat(longest_run(&lines).max(2) + 1);
    let name = escaped(&object.object.object.to_string());
    format!(
        "\n<details><summary>{} <code>{name}</code></summary>\n\n{fence}diff\n{lines}\n{fence}\n\n</details>\n",
        gist::sign(object.object.change)
    )
}

/// A text as a code span, which nothing in it ends or is obeyed in.
fn span(text: &str) -> String {
    let text = clean(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    let pad = if text.starts_with(['`', ' ']) || text.ends_with(['`', ' ']) { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The same in a table; nothing for an empty text.
fn cell(text: &str) -> String {
    if text.is_empty() { String::new() } else { span(text).replace('|', "\\|") }
}

/// The longest run of backticks.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::cell;
    use super::longest_run;
    use super::markdown;
    use super::span;
    use crate::review::sample::reports;

    /// What is outside of fences and code spans, as `CommonMark` 0.31 reads both; elements have no text.
    fn outside(text: &str) -> Vec<String> {
        let mut fence: Option<usize> = None;
        let mut found = Vec::new();
        for line in text.lines() {
            let ticks = line.len() - line.trim_start_matches('`').len();
            match fence {
                Some(open) if ticks >= open && ticks == line.trim_end().len() => fence = None,
                Some(_) => {}
                None if ticks >= 3 && !line[ticks..].contains('`') => fence = Some(ticks),
                None => found.push(without_spans(line)),
            }
        }
        assert_eq!(fence, None, "{text}");
        found
    }

    fn without_spans(line: &str) -> String {
        if let Some((start, rest)) = line.split_once("<code>") {
            let (name, end) = rest.rsplit_once("</code>").unwrap();
            assert!(!name.contains(['<', '>', '"']), "{line}");
            return format!("{start}{end}");
        }
        let (mut rest, mut text) = (line, String::new());
        while let Some(at) = rest.find('`') {
            let (before, ticked) = rest.split_at(at);
            let ticks = ticked.len() - ticked.trim_start_matches('`').len();
            let inside = &ticked[ticks..];
            let mut end = 0;
            let close = inside.split_inclusive(|c| c != '`').find_map(|part| {
                let run = longest_run(&part[..part.trim_end_matches(|c| c != '`').len()]);
                let start = end;
                end += part.len();
                (run == ticks).then_some(start + ticks)
            });
            let Some(close) = close.or_else(|| (longest_run(&inside[end.min(inside.len())..]) == ticks).then_some(inside.len())) else {
                panic!("a code span is not closed: {line}")
            };
            text.push_str(before);
            rest = &inside[close..];
        }
        text + rest
    }

    #[test]
    fn no_text_becomes_markup() {
        let plain = reports("plain").map(|report| outside(&markdown(&report)));
        for text in naughty_strings::BLNS.iter().filter(|text| !text.is_empty()) {
            let written = reports(text).map(|report| markdown(&report));
            assert_eq!(written.each_ref().map(|written| outside(written)), plain, "{text:?} in\n{written:#?}");
        }
    }

    #[test]
    fn what_is_named_is_not_obeyed() {
        assert_eq!(span("a"), "`a`");
        assert_eq!(span("a`b``c"), "```a`b``c```");
        assert_eq!(span("`"), "`` ` ``");
        assert_eq!(cell("a|b"), "`a\\|b`");
        assert_eq!(cell(""), "");
        assert_eq!(span("a\nb"), "`a\\nb`");
    }
}
