//! The session of a command: the project, with what the command line and the process say.

use std::path::Path;
use std::sync::Arc;

use cloze::event::Observer;
use cloze::problem::Problems;
use cloze::project::Flags;
use cloze::project::Set;
use cloze::vault::announced::Listener;
use cloze::wiring::Ports;
use cloze::wiring::Session;

use crate::args::Masking;
use crate::args::Templates;
use crate::args::Values;
use crate::commands::mask::Masker;
use crate::commands::prompt::TerminalPrompt;
use crate::commands::trust::TrustFile;
use crate::context::Run;
use crate::revision;

/// The project of this run: the one that its directory is in.
pub(crate) fn open(run: &Run) -> Result<Session<'_>, Problems> {
    with(run, &Values::default(), None)
}

/// The same for a command that reads templates.
pub(crate) fn of<'r>(run: &'r Run, templates: &Templates, masking: Option<Masking>) -> Result<Session<'r>, Problems> {
    Ok(with(run, &templates.values, masking)?.strict(templates.strict))
}

/// The same with values on top of the project's files, and with each secret value masked in the CI runner's log before it is used, where
/// `masking` can ask for it.
pub(crate) fn with<'r>(run: &'r Run, values: &Values, masking: Option<Masking>) -> Result<Session<'r>, Problems> {
    let masker = masking.map(|masking| Masker::of(run, masking)).transpose()?.flatten();
    let listener = masker.map(|masker| masker as Arc<dyn Listener>);
    observed(run, &Session::find(&run.directory), flags(values, run.environment.clone()), &run.ui, listener)
}

/// What the command line says of values, for that environment.
pub(crate) fn flags(values: &Values, environment: Option<String>) -> Flags {
    let sets = |list: &[String], literal| list.iter().map(|text| Set { text: text.clone(), literal }).collect::<Vec<_>>();
    Flags {
        environment,
        values: values.files.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        sets: sets(&values.set, false).into_iter().chain(sets(&values.set_string, true)).collect(),
        ..Flags::default()
    }
}

/// The project in that directory, with an observer of what happens.
pub(crate) fn observed<'r>(
    run: &'r Run,
    project: &Path,
    flags: Flags,
    observer: &'r dyn Observer,
    listener: Option<Arc<dyn Listener>>,
) -> Result<Session<'r>, Problems> {
    let trust = TrustFile::find(project).as_ref().map(TrustFile::entries).transpose()?.unwrap_or_default();
    let flags = Flags { trust, deadline: run.deadline.clone(), history: run.history.clone(), ..flags };
    Session::open(project, &flags, ports(run, project, observer, listener))
}

/// What the session of a project takes from the process.
pub(crate) fn ports<'r>(run: &'r Run, project: &Path, observer: &'r dyn Observer, listener: Option<Arc<dyn Listener>>) -> Ports<'r> {
    Ports {
        observer,
        listener,
        prompt: Box::new(TerminalPrompt::new(run, TrustFile::find(project))),
        renderer: &run.program,
        variables: &run.variables,
        home: run.home.as_deref(),
        tools: &run.tools,
        #[cfg(any(feature = "env", feature = "exec"))]
        surroundings: &run.surroundings,
        allow_exec: run.allow_exec,
        missing_keys: run.without_keys(),
        ephemeral: run.is_ci,
        meters: &run.meters,
        clock: &run.clock,
        entropy: &run.entropy,
        actor: &run.actor,
        revision: run.revision.clone().or_else(|| revision::checked_out(project)),
    }
}
