//! `cloze init`

use std::path::Path;
use std::process::ExitCode;

use cloze::event::Event;
use cloze::event::Observer;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::Flags;
use cloze::project::STARTER_ENVIRONMENT;
use cloze::project::quote;
use cloze::report::InitReport;
use cloze::wiring::NewProject;
use cloze::wiring::command_in;

use crate::args::Emit;
use crate::args::Init;
use crate::commands::deploy;
use crate::commands::session;
use crate::context::Run;
use crate::exit;

/// Writes a new project to a directory of its name, or to this one.
pub(crate) fn init(run: &Run, asked: &Init) -> Result<ExitCode, Problems> {
    if let Some(other) = run.environment.as_deref().filter(|name| *name != STARTER_ENVIRONMENT) {
        let reason = format!("a new project has the environment `{STARTER_ENVIRONMENT}`, not {}", quote(other));
        return Err(Problem::new(Fault::Usage, reason, "leave out `-e`; add environments in cloze.yaml afterwards").into());
    }
    let name = asked.name.as_deref().filter(|name| !matches!(*name, "." | "./"));
    let here = asked.here || (asked.name.is_some() && name.is_none());
    let (parent, name) = match name.filter(|_| !here).and_then(|name| name.trim_end_matches('/').rsplit_once('/')) {
        Some((parent, name)) => (run.directory.join(if parent.is_empty() { "/" } else { parent }), Some(name)),
        None => (run.directory.clone(), name.map(|name| if here { name } else { name.trim_end_matches('/') })),
    };
    if !parent.is_dir() && parent != run.directory {
        let reason = format!("there is no directory {}", quote(&parent.to_string_lossy()));
        return Err(Problem::new(Fault::Usage, reason, "create it first, or name another").into());
    }
    let project = NewProject { name, here, bare: asked.bare };
    let report = run.wait(project.create(&parent, session::ports(run, &parent, &Silent, None)))?;
    say_where(run, &report);
    let target = Path::new(&report.directory);
    if asked.deploy {
        let flags = Flags { environment: Some(report.environment), ..Flags::default() };
        return deploy::release(run, &session::observed(run, target, flags, &run.ui, None)?, false, &Emit::default());
    }
    run.ui.report(&report, |_| String::new())?;
    let cloze = command_in(target);
    run.ui.status(&if asked.bare {
        format!("next: write manifests to {}, then run {cloze} check", target.join("templates").display())
    } else {
        format!("next: {cloze} render, then {cloze} deploy")
    });
    Ok(ExitCode::from(exit::DONE))
}

/// Says what was written, and where the key is.
fn say_where(run: &Run, report: &InitReport) {
    let key = format!(".cloze/{}.key", report.environment);
    let written = format!("wrote project {} to {}", report.project, report.directory);
    run.ui.status(&if report.files.contains(&key) {
        format!("{written}; its key is {}, which git ignores", Path::new(&report.directory).join(key).display())
    } else {
        written
    });
}

/// What happens to the side is not reported.
#[derive(Debug)]
struct Silent;

impl Observer for Silent {
    fn observe(&self, _: Event) {}
}
