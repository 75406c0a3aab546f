//! `cloze deploy`

use cloze::event::Event;
use cloze::event::Observer;
use cloze::event::WarningCount;
use cloze::history::HistoryStore;
use cloze::history::Reader;
use cloze::history::RecordedBlank;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Location;
use cloze::project::Settings;
use cloze::stage::diff::ChangeKind;
use cloze::stage::literal::literals;
use cloze::stage::taint::Waiver;
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
use cloze::workflow::release::Released;
use serde_json::Value;
use serde_json::json;

use crate::args;
use crate::args::Emit;
use crate::args::Values;
use crate::commands::close::closing;
use crate::commands::desk::Desk;
use crate::commands::diff;
use crate::commands::diff::API_VERSION;
use crate::commands::diff::object_in_json;
use crate::commands::key;
use crate::commands::mask::Masker;
use crate::commands::render::Waived;
use crate::commands::render::waiver_in_json;
use crate::commands::target::target;
use crate::context::Run;

/// Deploys the environment.
pub(crate) fn deploy(run: &Run, values: &Values, locked: bool, emit: &Emit) -> Result<(), Problems> {
    let desk = Desk::open(run, values)?;
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
        let trust = desk.keys(&store, run.without_keys()).await?;
        match &trust.created {
            Some(created) => key::tell(run, &desk, created),
            None if emit.dry_run => {}
            None => warn_of_a_new_history(run, &desk, &store).await?,
        }
        let vaults = Masker::over(masker.as_ref(), wiring.vaults(&prepared.vaults(), &trust.keys)?);
        let past = desk.past(&store, &trust)?;
        let filling = Filling { vaults: &vaults, keys: &trust.keys, lock: lock.as_ref() };
        if emit.dry_run {
            let compared = compare_project(&workbench, prepared, &past, Against::Values(filling), None);
            return diff::print(run, &desk.settings, &closing(run, &vaults, compared).await?, warnings.get());
        }
        let emission = Emission { target: target.as_ref(), syntax: syntax(emit.syntax) };
        let deployed = deploy::deploy(&workbench, prepared, &past, filling, emit.note.as_deref(), emission);
        let (released, waivers) = closing(run, &vaults, deployed).await?;
        tell(run, &desk.settings, emit, &Done { released, waivers, target: target.to_string(), warnings: warnings.get() })
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

/// What came of a deploy or a rollback.
#[derive(Debug)]
pub(crate) struct Done {
    /// The release.
    pub(crate) released: Released,
    /// The rules that templates waive.
    pub(crate) waivers: Vec<Waiver>,
    /// Where its manifests went.
    pub(crate) target: String,
    /// How many warnings were printed.
    pub(crate) warnings: usize,
}

/// Reports what came of a deploy or a rollback.
pub(crate) fn tell(run: &Run, settings: &Settings, emit: &Emit, done: &Done) -> Result<(), Problems> {
    let Done { released, waivers, target, warnings } = done;
    let Released { release, recorded, changes, .. } = released;
    if run.ui.is_json() && emit.output.as_deref() != Some("-") {
        return run.ui.json(&json!({
            "apiVersion": API_VERSION,
            "kind": "DeployReport",
            "project": settings.project,
            "environment": settings.environment,
            "release": release.summary.number,
            "recorded": recorded,
            "manifests": release.summary.manifests,
            "target": target,
            "changes": changes.iter().map(|(kind, object)| object_in_json(*kind, object)).collect::<Vec<Value>>(),
            "secrets": release.body.blanks.iter().map(secret_in_json).collect::<Vec<Value>>(),
            "waivers": waivers.iter().map(waiver_in_json).collect::<Vec<Value>>(),
            "warnings": warnings,
        }));
    }
    for (_, object) in changes.iter().filter(|(kind, _)| *kind == ChangeKind::Removed) {
        run.ui.status(&format!("removed {object}: a cluster that has it keeps it until you delete it there"));
    }
    for waiver in waivers {
        run.ui.status(&Waived(waiver).to_string());
    }
    Ok(())
}

fn secret_in_json(blank: &RecordedBlank) -> Value {
    json!({ "vault": blank.vault, "name": blank.name, "key": blank.key, "version": blank.version })
}

/// The syntax that the command line asks for.
pub(crate) fn syntax(syntax: args::Syntax) -> Syntax {
    match syntax {
        args::Syntax::Yaml => Syntax::Yaml,
        args::Syntax::Json => Syntax::Json,
    }
}
