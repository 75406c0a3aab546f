//! `cloze rollback`

use std::process::ExitCode;

use cloze::problem::Problems;
use cloze::target::Target;
use cloze::wiring::RollbackRequest;
use cloze::workflow::rollback::Values;

use crate::args::Emit;
use crate::args::Secrets;
use crate::commands::deploy;
use crate::commands::question::ask;
use crate::commands::session;
use crate::context::Run;
use crate::review;
use crate::review::Detail;
use crate::review::View;

/// Releases the manifests of an earlier release again, after showing what that changes.
pub(crate) fn rollback(run: &Run, number: Option<u64>, secrets: Secrets, online: bool, emit: &Emit) -> Result<ExitCode, Problems> {
    let session = session::past(run, Some(emit.masking))?;
    let values = match secrets {
        Secrets::Recorded => Values::Recorded,
        Secrets::Current => Values::Current,
        Secrets::Pinned => Values::Pinned,
    };
    let request = RollbackRequest { number, values, online };
    let preview = async |cluster: Option<&dyn Target>| session.preview_rollback(request, cluster).await;
    deploy::carry_out(run, &session, emit, preview, async |emission| {
        let target = emission.target;
        let confirms = |changes: &_| {
            let view = View { detail: Detail::Usual, width: None, now: run.clock.now() };
            run.ui.say_changes(review::text(changes, view).trim_end());
            emit.yes || !target.runs() || !run.can_answer() || ask(&format!("Release that to {target}?"))
        };
        Box::pin(session.rollback(request, emit.note.as_deref(), emission, confirms)).await
    })
}
