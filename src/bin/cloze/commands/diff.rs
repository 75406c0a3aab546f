//! `cloze diff`

use std::process::ExitCode;

use cloze::event::Event;
use cloze::event::Observer;
use cloze::event::WarningCount;
use cloze::manifest::Identity;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Settings;
use cloze::stage::diff::Change;
use cloze::stage::diff::ChangeKind;
use cloze::wiring::Founding;
use cloze::wiring::OpenVaults;
use cloze::workflow::build::Filling;
use cloze::workflow::compare::Against;
use cloze::workflow::compare::Comparison;
use cloze::workflow::compare::compare_project;
use cloze::workflow::context::Context;
use cloze::workflow::lock;
use cloze::workflow::prepare::prepare;
use serde_json::Value;
use serde_json::json;
use similar::TextDiff;

use crate::args::Values;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::commands::render::Waived;
use crate::commands::render::waiver_in_json;
use crate::context::Run;
use crate::exit;
use crate::ui::clean;

/// The version of every report.
pub(crate) const API_VERSION: &str = "cloze.dev/v1";

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
    let warnings = WarningCount::new(&run.ui);
    let workbench = Context { observer: &warnings, ..desk.workbench() };
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
        let vaults = if ask { wiring.vaults(&used, &trust.keys)? } else { OpenVaults::default() };
        if !ask {
            warnings.observe(Event::Warned(Problem::new(
                Fault::Vault,
                "vaults behind a network were not asked: their secrets show as they were recorded",
                "give `--online` to compare their values",
            )));
        }
        let past = desk.past(&store, &trust)?;
        let filling = Filling { vaults: &vaults, keys: &trust.keys, lock: lock.as_ref() };
        let against_what = if ask { Against::Values(filling) } else { Against::Record };
        closing(run, &vaults, compare_project(&workbench, prepared, &past, against_what, against)).await
    })?;
    print(run, &desk.settings, &compared, warnings.get())?;
    Ok(ExitCode::from(if exit_code && !compared.changes.is_empty() { exit::DIFFERENCES } else { exit::DONE }))
}

/// Prints what a release would change: a unified diff for people, a list for programs.
pub(crate) fn print(run: &Run, settings: &Settings, compared: &Comparison, warnings: usize) -> Result<(), Problems> {
    let Comparison { release, changes, waivers } = compared;
    if run.ui.is_json() {
        return run.ui.json(&json!({
            "apiVersion": API_VERSION,
            "kind": "DiffReport",
            "project": settings.project,
            "environment": settings.environment,
            "against": release.as_ref().map(|release| release.summary.number),
            "changes": changes.iter().map(in_json).collect::<Vec<Value>>(),
            "waivers": waivers.iter().map(waiver_in_json).collect::<Vec<Value>>(),
            "warnings": warnings,
        }));
    }
    for waiver in waivers {
        run.ui.status(&Waived(waiver).to_string());
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
    let mut json = object_in_json(change.kind(), change.identity());
    json["before"] = before.into();
    json["after"] = after.into();
    json
}

/// An object and what happens to it.
pub(crate) fn object_in_json(kind: ChangeKind, object: &Identity) -> Value {
    json!({
        "change": kind.word(),
        "apiVersion": object.api_version,
        "kind": object.kind,
        "namespace": object.namespace,
        "name": object.name,
    })
}

fn sides(change: &Change) -> (&str, &str) {
    match change {
        Change::Added(object) => ("", &object.text),
        Change::Removed(object) => (&object.text, ""),
        Change::Changed { before, after, .. } => (before, after),
    }
}
