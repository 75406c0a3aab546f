//! `cloze deploy`

use std::collections::BTreeSet;
use std::io;
use std::io::IsTerminal as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::report::DiffReport;
use cloze::report::document;
use cloze::stage::diff::ChangeKind;
use cloze::target::RolloutObserver;
use cloze::target::Stream;
use cloze::target::Target;
use cloze::wiring::DeployResult;
use cloze::wiring::RolloutRequest;
use cloze::wiring::Session;
use cloze::workflow::deploy::Emission;

use crate::args::Emit;
use crate::args::Templates;
use crate::commands::diff;
use crate::commands::question::ask;
use crate::commands::session;
use crate::context::Run;
use crate::exit;
use crate::review::Detail;

/// Deploys the environment.
pub(crate) fn deploy(run: &Run, templates: &Templates, locked: bool, emit: &Emit) -> Result<ExitCode, Problems> {
    release(run, &session::of(run, templates, Some(emit.masking))?, locked, emit)
}

/// Deploys the environment of a session.
pub(crate) fn release(run: &Run, session: &Session<'_>, locked: bool, emit: &Emit) -> Result<ExitCode, Problems> {
    let preview = async |cluster: Option<&dyn Target>| session.preview_deploy(locked, cluster).await;
    carry_out(run, session, emit, preview, async |emission| session.deploy(locked, emit.note.as_deref(), emission).await)
}

/// Releases what a plan holds.
pub(crate) fn deploy_plan(run: &Run, path: &Path, online: bool, emit: &Emit) -> Result<ExitCode, Problems> {
    let session = session::past(run, Some(emit.masking))?;
    let preview = async |cluster: Option<&dyn Target>| session.preview_plan(path, online, cluster).await;
    carry_out(run, &session, emit, preview, async |emission| session.deploy_plan(path, online, emit.note.as_deref(), emission).await)
}

/// Makes a release and reports what came of it; in a dry run, shows what it would change of what is live in the cluster, where there is one.
pub(crate) fn carry_out(
    run: &Run,
    session: &Session<'_>,
    emit: &Emit,
    preview: impl AsyncFnOnce(Option<&dyn Target>) -> Result<DiffReport, Problems>,
    release: impl AsyncFnOnce(Emission<'_>) -> Result<DeployResult, Problems>,
) -> Result<ExitCode, Problems> {
    if emit.dry_run {
        let report = run.wait(async {
            let cluster = previewed(session, emit)?;
            preview(cluster.as_deref()).await
        })?;
        diff::print(run, &report, Detail::Usual)?;
        return Ok(ExitCode::from(exit::DONE));
    }
    let result = run.wait(async {
        let target = target(run, session, emit)?;
        let confirm = || confirm_adoption(run, emit, target.as_ref());
        let emission = Emission { target: target.as_ref(), syntax: emit.syntax.into(), confirm: &confirm };
        Box::pin(release(emission)).await
    })?;
    finish(run, emit, result)
}

/// The cluster whose live objects a dry run is compared with; `None` where manifests are only written.
fn previewed(session: &Session<'_>, emit: &Emit) -> Result<Option<Box<dyn Target>>, Problem> {
    match &emit.output {
        Some(_) => Ok(None),
        None => session.cluster(RolloutRequest {
            adopt: &emit.adopt,
            force: emit.force_conflicts,
            proves: emit.wait,
            ..RolloutRequest::default()
        }),
    }
}

/// Where the manifests of a release go: stdout, the directory that was named, the environment's cluster, or its directory.
fn target(run: &Run, session: &Session<'_>, emit: &Emit) -> Result<Box<dyn Target>, Problems> {
    match emit.output.as_deref() {
        Some("-") => Ok(Box::new(Stream::new("stdout", Box::new(io::stdout())))),
        Some(path) => Ok(Box::new(session.directory(Some(path.as_ref()))?)),
        None => {
            let observer: Arc<dyn RolloutObserver> = Arc::new(run.ui.clone());
            let rollout = RolloutRequest {
                adopt: &emit.adopt,
                force: emit.force_conflicts,
                proves: emit.wait,
                // In the log of a CI runner, what programs say stays for everybody who may read that.
                logs: emit.logs || io::stderr().is_terminal(),
                observer: Some(&observer),
            };
            match session.cluster(rollout)? {
                Some(cluster) => Ok(cluster),
                None => Ok(Box::new(session.directory(None)?)),
            }
        }
    }
}

/// Asks before fields of others become cloze's in a cluster.
fn confirm_adoption(run: &Run, emit: &Emit, target: &dyn Target) -> Result<(), Problem> {
    let mut names: Vec<&str> = emit.adopt.iter().map(String::as_str).collect();
    names.dedup();
    let question = || format!("Take over {}? What kubectl, Helm or others set there becomes cloze's.", names.join(", "));
    if names.is_empty() || emit.yes || !target.runs() || !run.can_answer() || ask(&question()) {
        return Ok(());
    }
    Err(Problem::new(Fault::Usage, "nothing was released: `--adopt` asks first", "answer yes, or add `--yes`"))
}

/// Prints what came of a deploy or a rollback, and where it failed, why.
fn finish(run: &Run, emit: &Emit, (report, result): DeployResult) -> Result<ExitCode, Problems> {
    if run.ui.is_json() {
        if emit.output.as_deref() != Some("-") {
            run.ui.json(&document(&report))?;
        }
        result?;
        return Ok(ExitCode::from(exit::DONE));
    }
    if let Err(problem) = result {
        let code = run.ui.fail(&problem.into());
        let failed = report.failure.iter().flat_map(|failure| &failure.objects);
        let denied: BTreeSet<&String> = failed.clone().filter_map(|object| object.log_denied.as_ref()).collect();
        for denied in denied {
            run.ui.status(denied);
        }
        for log in failed.filter_map(|object| object.log.as_ref()) {
            run.ui.status(&format!("last lines of container `{}` of pod `{}`:", log.container, log.pod));
            log.lines.iter().for_each(|line| run.ui.status(&format!("  | {line}")));
        }
        return Ok(code);
    }
    for object in report.changes.iter().filter(|object| report.pruned.is_none() && object.change == ChangeKind::Removed) {
        run.ui.status(&format!("removed {}: a cluster that has it keeps it until you delete it there", object.object));
    }
    report.waivers.iter().for_each(|waiver| run.ui.status(&waiver.to_string()));
    Ok(ExitCode::from(exit::DONE))
}
