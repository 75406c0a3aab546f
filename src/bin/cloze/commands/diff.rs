//! `cloze diff`

use std::process::ExitCode;

use cloze::clock::Machine;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::stage::diff::Change;
use cloze::story::build::Filling;
use cloze::story::compare::Against;
use cloze::story::compare::compare_project;
use cloze::wiring::Founding;
use serde_json::Value;
use serde_json::json;
use similar::TextDiff;

use crate::args::Values;
use crate::commands::desk::Desk;
use crate::exit;
use crate::run::Run;

/// Shows what a deploy would change against a release.
pub(crate) fn diff(run: &Run, values: &Values, against: Option<u64>, online: bool, exit_code: bool) -> Result<ExitCode, Problems> {
    let desk = Desk::open(run, values)?.unlock()?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let changes = run.wait(async {
        let trust = wiring.trust(&store, Founding::Refused).await?;
        let ask = online || wiring.is_offline();
        let vaults = if ask { wiring.vaults(&trust.keys)? } else { wiring.local_vaults(&trust.keys)? };
        if !ask {
            run.ui.warn(&Problem::new(
                Fault::Vault,
                "vaults behind a network were not asked: their secrets show as they were recorded",
                "give `--online` to compare their values",
            ));
        }
        let past = desk.past(&store, &trust)?;
        let filling = Filling { vaults: &vaults, keys: &trust.keys, clock: &Machine };
        compare_project(&desk.workbench(), &past, if ask { Against::Values(filling) } else { Against::Record }, against).await
    })?;
    print(run, &changes)?;
    Ok(ExitCode::from(if exit_code && !changes.is_empty() { exit::DIFFERENCES } else { exit::DONE }))
}

/// Prints changes: a unified diff for people, a list for programs.
pub(crate) fn print(run: &Run, changes: &[Change]) -> Result<(), Problems> {
    if run.ui.is_json() {
        let list: Vec<Value> = changes.iter().map(in_json).collect();
        return run.ui.json(&json!({ "changes": list }));
    }
    run.ui.text(&in_words(changes))
}

/// Changes as a unified diff; a line when there is none.
pub(crate) fn in_words(changes: &[Change]) -> String {
    if changes.is_empty() {
        return "no differences\n".to_owned();
    }
    let mut text = String::new();
    for change in changes {
        let (before, after) = sides(change);
        let name = change.identity().to_string();
        let (old, new) = (if before.is_empty() { "nothing" } else { &name }, if after.is_empty() { "nothing" } else { &name });
        text.push_str(&TextDiff::from_lines(before, after).unified_diff().context_radius(3).header(old, new).to_string());
    }
    text
}

fn in_json(change: &Change) -> Value {
    let (before, after) = sides(change);
    let identity = change.identity();
    let what = match change {
        Change::Added(_) => "added",
        Change::Removed(_) => "removed",
        Change::Changed { .. } => "changed",
    };
    json!({
        "change": what,
        "apiVersion": identity.api_version,
        "kind": identity.kind,
        "namespace": identity.namespace,
        "name": identity.name,
        "before": before,
        "after": after,
    })
}

fn sides(change: &Change) -> (&str, &str) {
    match change {
        Change::Added(object) => ("", &object.text),
        Change::Removed(object) => (&object.text, ""),
        Change::Changed { before, after, .. } => (before, after),
    }
}
