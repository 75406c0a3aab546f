//! `cloze diff`

use std::collections::BTreeMap;
use std::process::ExitCode;

use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::stage::diff::Change;
use cloze::wiring::Founding;
use cloze::workflow::build::Filling;
use cloze::workflow::compare::Against;
use cloze::workflow::compare::compare_project;
use cloze::workflow::lock;
use cloze::workflow::prepare::prepare;
use serde_json::Value;
use serde_json::json;
use similar::TextDiff;

use crate::args::Values;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;

/// Who is asked, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Vaults behind a network too.
    pub(crate) online: bool,
    /// For the versions of the lock file.
    pub(crate) locked: bool,
}

/// Shows what a deploy would change against a release.
pub(crate) fn diff(run: &Run, values: &Values, against: Option<u64>, asked: Asked, exit_code: bool) -> Result<ExitCode, Problems> {
    let desk = Desk::open(run, values)?.unlock()?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let workbench = desk.workbench();
    let prepared = prepare(&workbench)?;
    let used = prepared.vaults();
    let ask = asked.online || wiring.is_offline(&used);
    if asked.locked && !ask {
        let reason = "`--locked` compares values, and vaults behind a network are not asked for any";
        return Err(Problem::new(Fault::Usage, reason, "give `--online` too").into());
    }
    let lock = if asked.locked { Some(lock::load(&workbench)?) } else { None };
    let compared = run.wait(async {
        let trust = desk.keys(&store, Founding::Refused).await?;
        let vaults = if ask { wiring.vaults(&used, &trust.keys)? } else { BTreeMap::new() };
        if !ask {
            run.ui.warn(&Problem::new(
                Fault::Vault,
                "vaults behind a network were not asked: their secrets show as they were recorded",
                "give `--online` to compare their values",
            ));
        }
        let past = desk.past(&store, &trust)?;
        let filling = Filling { vaults: &vaults, keys: &trust.keys, lock: lock.as_ref() };
        let against_what = if ask { Against::Values(filling) } else { Against::Record };
        closing(run, &vaults, compare_project(&workbench, prepared, &past, against_what, against)).await
    })?;
    print(run, &compared.changes)?;
    Ok(ExitCode::from(if exit_code && !compared.changes.is_empty() { exit::DIFFERENCES } else { exit::DONE }))
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
        let name = clean(&name);
        let (old, new) = (if before.is_empty() { "nothing" } else { &*name }, if after.is_empty() { "nothing" } else { &name });
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
