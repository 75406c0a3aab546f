//! `cloze deploy`

use cloze::event::Event;
use cloze::event::Observer;
use cloze::event::WarningCount;
use cloze::history::HistoryStore;
use cloze::history::Reader;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Location;
use cloze::report::DeployReport;
use cloze::report::document;
use cloze::stage::diff::ChangeKind;
use cloze::stage::literal::literals;
use cloze::target::Syntax;
use cloze::vault::announced::Listener;
use cloze::workflow::access::owner;
use cloze::workflow::build::Filling;
use cloze::workflow::compare::Against;
use cloze::workflow::compare::compare_project;
use cloze::workflow::context::Context;
use cloze::workflow::deploy;
use cloze::workflow::deploy::Emission;
use cloze::workflow::lock;
use cloze::workflow::prepare::prepare;

use crate::args;
use crate::args::Emit;
use crate::args::Templates;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::commands::diff;
use crate::commands::key;
use crate::commands::mask::Masker;
use crate::commands::target::target;
use crate::context::Run;

/// Deploys the environment.
pub(crate) fn deploy(run: &Run, templates: &Templates, locked: bool, emit: &Emit) -> Result<(), Problems> {
    let desk = Desk::open(run, &templates.values)?.strict(templates.strict);
    let store = desk.wiring().store()?;
    let desk = desk.unlock_for(run.without_keys(), &store)?;
    let target = target(run, &desk, emit)?;
    let masker = Masker::of(run, emit.masking)?;
    let lock = if locked { Some(lock::load(&desk.workbench())?) } else { None };
    let warnings = WarningCount::new(&run.ui);
    if let Some(context) = &desk.settings.cluster {
        warnings.observe(Event::Warned(Problem::new(
            Fault::Project,
            format!("this version does not apply to a cluster; context `{context}` is not touched"),
            "apply what is written with `kubectl apply`",
        )));
    }
    let wiring = desk.wiring();
    let workbench = Context { observer: &warnings, ..desk.workbench() };
    run.wait(async {
        let prepared = prepare(&workbench)?;
        if let Some(masker) = &masker {
            for value in literals(prepared.parsed.objects()) {
                masker.hear(&value);
            }
        }
        let opened = desk.keys(&store, run.without_keys()).await?;
        match &opened.created {
            Some(created) => key::tell(run, &desk, created),
            None if emit.dry_run => {}
            None => warn_of_a_new_history(run, &desk, &store).await?,
        }
        let vaults = Masker::over(masker.as_ref(), wiring.vaults(&prepared.vaults(), &opened.keys)?);
        let past = desk.past(&store, &opened)?;
        let filling = Filling { vaults: &vaults, keys: &opened.keys, lock: lock.as_ref() };
        if emit.dry_run {
            let compared = compare_project(&workbench, prepared, &past, Against::Values(filling), None);
            return diff::print(run, &closing(run, &vaults, compared).await?.report(&desk.settings, warnings.get()));
        }
        let emission = Emission { target: target.as_ref(), syntax: syntax(emit.syntax) };
        let deployed = deploy::deploy(&workbench, prepared, &past, filling, emit.note.as_deref(), emission);
        let (released, waivers) = closing(run, &vaults, deployed).await?;
        tell(run, emit, &released.report(&desk.settings, &waivers, target.as_ref(), warnings.get()))
    })
}

/// Warns where keys exist and no release does: a fresh checkout has lost its history, and what a CI runner writes ends with it.
async fn warn_of_a_new_history(run: &Run, desk: &Desk<'_>, store: &dyn HistoryStore) -> Result<(), Problems> {
    let reader = Reader::new(store, owner(&desk.settings));
    if reader.newest().await.map_err(Problem::from)? > 0 {
        return Ok(());
    }
    if run.is_ci && matches!(desk.settings.history, Location::Beneath(_)) {
        run.ui.warn(&Problem::new(
            Fault::History,
            format!("the history `{store}` is empty, and ends with this CI runner: `rollback` will not know this release"),
            "keep that directory from run to run, or name one that outlives the runner: CLOZE_HISTORY_URL=file:///DIR",
        ));
    } else {
        run.ui.status(&format!("release 1 begins a new history in {store}: earlier releases, if there were any, are not in it"));
    }
    Ok(())
}

/// Reports what came of a deploy or a rollback.
pub(crate) fn tell(run: &Run, emit: &Emit, report: &DeployReport) -> Result<(), Problems> {
    if run.ui.is_json() && emit.output.as_deref() != Some("-") {
        return run.ui.json(&document(report));
    }
    for object in report.changes.iter().filter(|object| object.change == ChangeKind::Removed) {
        run.ui.status(&format!("removed {}: a cluster that has it keeps it until you delete it there", object.identity()));
    }
    report.waivers.iter().for_each(|waiver| run.ui.status(&waiver.to_string()));
    Ok(())
}

/// The syntax that the command line asks for.
pub(crate) fn syntax(syntax: args::Syntax) -> Syntax {
    match syntax {
        args::Syntax::Yaml => Syntax::Yaml,
        args::Syntax::Json => Syntax::Json,
    }
}
