//! `cloze diff`

use std::path::Path;
use std::process::ExitCode;

use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::quote;
use cloze::report::DiffReport;
use cloze::wiring::Revision;
use cloze::wiring::Session;
use cloze::workflow::revision::of_revision;

use crate::args::Diff;
use crate::args::OutputFormat;
use crate::args::Templates;
use crate::commands::session;
use crate::context::Run;
use crate::environment;
use crate::exit;
use crate::review;
use crate::review::Detail;
use crate::review::View;

/// Shows what a deploy would change against a release, or what one release has in place of another.
pub(crate) fn diff(run: &Run, asked: &Diff) -> Result<ExitCode, Problems> {
    let Diff { templates, before, after, against, base, git, online, live, locked, stat, all, exit_code } = asked;
    let report = match (git, base, after) {
        (Some(name), ..) => {
            let revision = Revision::of(&Session::find(&run.directory), name, &environment::temporary())?;
            against_project(run, templates, revision.path(), name)?
        }
        (_, Some(base), _) => {
            if !base.is_dir() {
                let reason = format!("there is no directory {}", quote(&base.to_string_lossy()));
                return Err(Problem::new(Fault::Usage, reason, "check out the other revision there").into());
            }
            against_project(run, templates, base, &base.to_string_lossy())?
        }
        (_, _, Some(_)) => run.wait(session::past(run, None)?.diff_releases(*before, *after))?,
        _ if *live => run.wait(session::of(run, templates, None)?.diff_live(*locked))?,
        _ => run.wait(session::of(run, templates, None)?.diff(before.or(*against), *online, *locked))?,
    };
    let detail = match (stat, all) {
        (true, _) => Detail::Stat,
        (_, true) => Detail::All,
        _ => Detail::Usual,
    };
    print(run, &report, detail)?;
    Ok(ExitCode::from(if *exit_code && !report.changes.is_empty() { exit::DIFFERENCES } else { exit::DONE }))
}

/// What the project changes against another revision of it in `directory`, which is called `name`.
fn against_project(run: &Run, templates: &Templates, directory: &Path, name: &str) -> Result<DiffReport, Problems> {
    let other = session::at(run, directory, templates).map_err(|failed| of_revision(failed, name))?;
    session::of(run, templates, None)?.diff_base(&other, name)
}

/// Shows what a release changed against the one before it.
pub(crate) fn of_release(run: &Run, number: Option<u64>) -> Result<(), Problems> {
    print(run, &run.wait(session::past(run, None)?.diff_releases(None, number))?, Detail::Usual)
}

/// Prints what a release would change, in the format that is asked for.
pub(crate) fn print(run: &Run, report: &DiffReport, detail: Detail) -> Result<(), Problems> {
    match run.ui.format() {
        OutputFormat::Json => run.ui.report(report, |_| String::new()),
        OutputFormat::Markdown => run.ui.text(&review::markdown(report)),
        OutputFormat::Html => run.ui.text(&review::html(report)),
        _ => {
            report.waivers.iter().for_each(|waiver| run.ui.status(&waiver.to_string()));
            run.ui.changes(&review::text(report, View { detail, width: run.ui.width(), now: run.clock.now() }))
        }
    }
}
