//! `cloze rollback`

use cloze::event::WarningCount;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::ObjectDiff;
use cloze::wiring::IfMissing;
use cloze::workflow::build::Filling;
use cloze::workflow::compare::Comparison;
use cloze::workflow::context::Context;
use cloze::workflow::deploy::Emission;
use cloze::workflow::rollback;
use cloze::workflow::rollback::RollbackTarget;
use cloze::workflow::rollback::Values;

use crate::args;
use crate::args::Emit;
use crate::args::Secrets;
use crate::commands::close::closing;
use crate::commands::deploy::syntax;
use crate::commands::deploy::tell;
use crate::commands::desk::Desk;
use crate::commands::diff;
use crate::commands::mask::Masker;
use crate::commands::target::target;
use crate::context::Run;

/// Releases the manifests of an earlier release again, after showing what that changes.
pub(crate) fn rollback(run: &Run, number: Option<u64>, secrets: Secrets, online: bool, emit: &Emit) -> Result<(), Problems> {
    let desk = Desk::open(run, &args::Values::default())?.unlock()?;
    let target = target(run, &desk, emit)?;
    let masker = Masker::of(run, emit.masking)?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let warnings = WarningCount::new(&run.ui);
    let workbench = Context { observer: &warnings, ..desk.workbench() };
    run.wait(async {
        let opened = desk.keys(&store, IfMissing::Fail).await?;
        let values = match secrets {
            Secrets::Recorded => Values::Recorded,
            Secrets::Current => Values::Current,
            Secrets::Pinned => Values::Pinned,
        };
        let ask = online || values != Values::Recorded;
        let past = desk.past(&store, &opened)?;
        let history = past.open(&workbench).await?;
        let aim = RollbackTarget::find(&history, number).await?;
        let used = aim.vaults();
        let vaults = if ask { wiring.vaults(&used, &opened.keys)? } else { wiring.local_vaults(&used, &opened.keys)? };
        let vaults = Masker::over(masker.as_ref(), vaults);
        let filling = Filling { vaults: &vaults, keys: &opened.keys, lock: None };
        let plan = closing(run, &vaults, rollback::plan(&workbench, &history, aim, values, filling, syntax(emit.syntax))).await?;
        if emit.dry_run {
            let compared = Comparison { waivers: plan.waivers().to_vec(), release: Some(plan.head), changes: plan.changes };
            return diff::print(run, &compared.report(&desk.settings, warnings.get()));
        }
        if let Some(masker) = &masker {
            masker.hear_recorded(&history.manifests(&plan.target).await.map_err(Problem::from)?);
        }
        run.ui.status(&format!("going back to release {} from release {}:", plan.target.summary.number, plan.head.summary.number));
        let changes: Vec<ObjectDiff> = plan.changes.iter().cloned().map(ObjectDiff::from).collect();
        run.ui.passage(diff::in_words(&changes).trim_end());
        let emission = Emission { target: target.as_ref(), syntax: syntax(emit.syntax) };
        let waivers = plan.waivers().to_vec();
        let released = rollback::execute(&workbench, &past, &history, plan, emit.note.as_deref(), emission).await?;
        tell(run, emit, &released.report(&desk.settings, &waivers, target.as_ref(), warnings.get()))
    })
}
