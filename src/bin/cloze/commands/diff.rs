//! `cloze diff`

use std::process::ExitCode;

use cloze::event::Event;
use cloze::event::Observer;
use cloze::event::WarningCount;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::DiffReport;
use cloze::report::ObjectDiff;
use cloze::wiring::IfMissing;
use cloze::wiring::OpenVaults;
use cloze::workflow::build::Filling;
use cloze::workflow::compare::Against;
use cloze::workflow::compare::compare_project;
use cloze::workflow::context::Context;
use cloze::workflow::lock;
use cloze::workflow::prepare::prepare;
use similar::TextDiff;

use crate::args::Templates;
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
pub(crate) fn diff(run: &Run, templates: &Templates, against: Option<u64>, asked: Asked, exit_code: bool) -> Result<ExitCode, Problems> {
    let desk = Desk::open(run, &templates.values)?.strict(templates.strict).unlock()?;
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
        let opened = desk.keys(&store, IfMissing::Fail).await?;
        let vaults = if ask { wiring.vaults(&used, &opened.keys)? } else { OpenVaults::default() };
        if !ask {
            warnings.observe(Event::Warned(Problem::new(
                Fault::Vault,
                "vaults behind a network were not asked: their secrets show as they were recorded",
                "give `--online` to compare their values",
            )));
        }
        let past = desk.past(&store, &opened)?;
        let filling = Filling { vaults: &vaults, keys: &opened.keys, lock: lock.as_ref() };
        let against_what = if ask { Against::Values(filling) } else { Against::Record };
        closing(run, &vaults, compare_project(&workbench, prepared, &past, against_what, against)).await
    })?;
    let report = compared.report(&desk.settings, warnings.get());
    print(run, &report)?;
    Ok(ExitCode::from(if exit_code && !report.changes.is_empty() { exit::DIFFERENCES } else { exit::DONE }))
}

/// Prints what a release would change: a unified diff for people, a list for programs.
pub(crate) fn print(run: &Run, report: &DiffReport) -> Result<(), Problems> {
    report.waivers.iter().for_each(|waiver| run.ui.status(&waiver.to_string()));
    run.ui.report(report, |report| in_words(&report.changes))
}

/// Changes as a unified diff; a line when nothing changes.
pub(crate) fn in_words(changes: &[ObjectDiff]) -> String {
    if changes.is_empty() {
        return "no differences\n".to_owned();
    }
    let mut text = String::new();
    for ObjectDiff { object, before, after } in changes {
        let name = object.identity().to_string();
        let name = clean(&name);
        let (old, new) = (if before.is_empty() { "nothing" } else { &*name }, if after.is_empty() { "nothing" } else { &name });
        text.push_str(&TextDiff::from_lines(before.as_str(), after).unified_diff().context_radius(3).header(old, new).to_string());
    }
    text
}
