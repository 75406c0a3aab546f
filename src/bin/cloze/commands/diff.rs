//! `cloze diff`

use std::fmt::Write;
use std::process::ExitCode;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::DiffReport;
use cloze::report::ObjectDiff;
use cloze::report::ObjectReport;
use cloze::report::SecretDiff;
use cloze::stage::diff::ChangeKind;

use crate::args::Diff;
use crate::commands::session;
use crate::commands::unified::unified;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;

/// Shows what a deploy would change against a release, or what one release has in place of another.
pub(crate) fn diff(run: &Run, asked: &Diff) -> Result<ExitCode, Problems> {
    let Diff { templates, before, after, against, online, live, locked, exit_code } = asked;
    let report = match after {
        Some(_) => run.wait(session::past(run, None)?.diff_releases(*before, *after))?,
        None if *live => run.wait(session::of(run, templates, None)?.diff_live(*locked))?,
        None => run.wait(session::of(run, templates, None)?.diff(before.or(*against), *online, *locked))?,
    };
    print(run, &report)?;
    Ok(ExitCode::from(if *exit_code && !report.changes.is_empty() { exit::DIFFERENCES } else { exit::DONE }))
}

/// Shows what a release changed against the one before it.
pub(crate) fn of_release(run: &Run, number: Option<u64>) -> Result<(), Problems> {
    print(run, &run.wait(session::past(run, None)?.diff_releases(None, number))?)
}

/// Prints what a release would change: a summary and a unified diff for people, a list for programs.
pub(crate) fn print(run: &Run, report: &DiffReport) -> Result<(), Problems> {
    report.waivers.iter().for_each(|waiver| run.ui.status(&waiver.to_string()));
    if run.ui.is_json() { run.ui.report(report, in_words) } else { run.ui.changes(&in_words(report)) }
}

/// Changes as a summary and a unified diff; a line when nothing changes.
pub(crate) fn in_words(report: &DiffReport) -> String {
    if report.changes.is_empty() {
        return format!("no differences\n{}", left(report));
    }
    let mut text = summary(report);
    for ObjectDiff { object, before, after } in &report.changes {
        let name = object.object.to_string();
        let name = clean(&name);
        let (old, new) = (if before.is_empty() { "nothing" } else { &*name }, if after.is_empty() { "nothing" } else { &name });
        text.push_str(&unified((old, before), (new, after)));
    }
    text
}

/// The objects that earlier releases left in the cluster.
fn left(report: &DiffReport) -> String {
    let objects = report.live.iter().flat_map(|live| &live.left);
    let lines: String = objects.map(|object| format!("  {}\n", clean(&object.to_string()))).collect();
    if lines.is_empty() { lines } else { format!("in the cluster, and not in the release:\n{lines}") }
}

/// What the changes come to: secrets with other values, objects, workloads that replace their pods.
fn summary(report: &DiffReport) -> String {
    let DiffReport { against, secrets, changes, restarts, live: cluster, .. } = report;
    let mut text = String::new();
    let mut line = |sign: &str, words: &str| {
        let _ = writeln!(text, "{sign}{}", clean(words));
    };
    let objects = |kind| changes.iter().filter(|object| object.object.change == kind).count();
    let [added, changed, removed] = [ChangeKind::Added, ChangeKind::Changed, ChangeKind::Removed].map(objects);
    let against = match (cluster, against) {
        (Some(cluster), _) => format!(" against {}", cluster.target),
        (None, Some(number)) => format!(" against release {number}"),
        (None, None) => String::new(),
    };
    line("", &format!("{}{against}: {added} added, {changed} changed, {removed} removed", count(changes.len(), "object")));
    for ObjectDiff { object, .. } in changes {
        line(sign(object.change), &object.object.to_string());
    }
    if !secrets.is_empty() {
        line("", "secrets:");
    }
    for secret in secrets {
        line(sign(secret.change), &versions(secret));
    }
    if !restarts.is_empty() {
        let names: Vec<String> = restarts.iter().map(ObjectReport::to_string).collect();
        line("", &format!("restarts: {}", names.join(", ")));
    }
    text.push_str(&left(report));
    text.push('\n');
    text
}

fn sign(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Added => "+ ",
        ChangeKind::Changed => "~ ",
        ChangeKind::Removed => "- ",
    }
}

/// A secret and its versions, as far as its vault has any.
fn versions(SecretDiff { vault, name, key, before, after, .. }: &SecretDiff) -> String {
    let key = key.as_ref().map(|key| format!("#{key}")).unwrap_or_default();
    let versions = match (before.join(" and "), after.join(" and ")) {
        (before, after) if before == after => String::new(),
        (before, after) if before.is_empty() => format!("  version {after}"),
        (before, after) if after.is_empty() => format!("  version {before}"),
        (before, after) => format!("  version {before} → {after}"),
    };
    format!("{vault}/{name}{key}{versions}")
}
