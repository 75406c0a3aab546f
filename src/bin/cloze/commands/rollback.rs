//! `cloze rollback`

use std::process::ExitCode;

use cloze::problem::Problems;
use cloze::wiring::RollbackRequest;
use cloze::workflow::deploy::Emission;
use cloze::workflow::rollback::Values;

use crate::args::Emit;
use crate::args::Secrets;
use crate::commands::deploy;
use crate::commands::diff;
use crate::commands::question::ask;
use crate::commands::session;
use crate::context::Run;
use crate::exit;
use crate::review;
use crate::review::Detail;

/// Releases the manifests of an earlier release again, after showing what that changes.
pub(crate) fn rollback(run: &Run, number: Option<u64>, secrets: Secrets, online: bool, emit: &Emit) -> Result<ExitCode, Problems> {
    let session = session::past(run, Some(emit.masking))?;
    let values = match secrets {
        Secrets::Recorded => Values::Recorded,
        Secrets::Current => Values::Current,
        Secrets::Pinned => Values::Pinned,
    };
    let request = RollbackRequest { number, values, online };
    if emit.dry_run {
        let report = run.wait(async {
            let cluster = deploy::previewed(&session, emit)?;
            session.preview_rollback(request, cluster.as_deref()).await
        })?;
        diff::print(run, &report, Detail::Usual)?;
        return Ok(ExitCode::from(exit::DONE));
    }
    let result = run.wait(async {
        let target = deploy::target(run, &session, emit)?;
        let confirm = || deploy::confirm_adoption(run, emit, target.as_ref());
        let emission = Emission { target: target.as_ref(), syntax: emit.syntax.into(), confirm: &confirm };
        let confirms = |changes: &_| {
            run.ui.say_changes(review::text(changes, Detail::Usual).trim_end());
            emit.yes || !target.runs() || !run.can_answer() || ask(&format!("Release that to {target}?"))
        };
        Box::pin(session.rollback(request, emit.note.as_deref(), emission, confirms)).await
    })?;
    deploy::finish(run, emit, result)
}
