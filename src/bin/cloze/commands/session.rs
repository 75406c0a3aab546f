//! The session of a command: the project, with what the command line and the process say.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use cloze::event::Observer;
use cloze::problem::Problems;
use cloze::project::Flags;
use cloze::project::PROJECT_FILE;
use cloze::project::Set;
use cloze::project::normalise;
use cloze::project::variable;
use cloze::vault::announced::Listener;
use cloze::wiring::Ports;
use cloze::wiring::Session;

use crate::args::Masking;
use crate::args::Templates;
use crate::args::ValueArgs;
use crate::commands::mask::Masker;
use crate::commands::prompt::TerminalPrompt;
use crate::commands::trust::TrustFile;
use crate::context::Run;
use crate::exit;
use crate::revision;
use crate::ui::Ui;

/// The project of this run: the one that its directory is in.
pub(crate) fn open(run: &Run) -> Result<Session<'_>, Problems> {
    with(run, &ValueArgs::default(), None)
}

/// The same for a command that reads templates.
pub(crate) fn of<'r>(run: &'r Run, templates: &Templates, masking: Option<Masking>) -> Result<Session<'r>, Problems> {
    Ok(with(run, &templates.values, masking)?.strict(templates.strict))
}

/// The same with values on top of the project's files, and with each secret value masked in the CI runner's log before it is used, where
/// `masking` can ask for it.
pub(crate) fn with<'r>(run: &'r Run, values: &ValueArgs, masking: Option<Masking>) -> Result<Session<'r>, Problems> {
    observed(run, &Session::find(&run.directory), flags(values, run.environment.clone()), &run.ui, listener(run, masking)?)
}

/// The project that is in another directory, with the same environment and values.
pub(crate) fn at<'r>(run: &'r Run, directory: &Path, templates: &Templates) -> Result<Session<'r>, Problems> {
    observed(run, &Session::find(directory), flags(&templates.values, run.environment.clone()), &run.ui, None)
}

/// Does `work` for every environment of the project by its name, one after the other, and prints its problems under that. Gives the project's name, and the
/// exit code: the worst problem of all decides.
pub(crate) fn every(
    run: &Run,
    values: &ValueArgs,
    mut work: impl FnMut(&Ui, String, Result<Session<'_>, Problems>) -> Result<(), Problems>,
) -> Result<(String, ExitCode), Problems> {
    let found = Session::find(&run.directory);
    let (project, names) = Session::environments(&found)?;
    let mut worst = None;
    let mut told = BTreeSet::new();
    for environment in names {
        let ui = run.ui.about(&environment);
        let session = observed(run, &found, flags(values, Some(environment.clone())), &ui, None).map(|session| session.after(&told));
        if let Ok(session) = &session {
            told.extend(session.settings().values.iter().filter_map(|(said, _)| normalise(&said.value).ok()));
        }
        if let Err(problems) = work(&ui, environment, session) {
            let _ = ui.fail(&problems);
            worst = worst.into_iter().chain([problems.fault()]).min();
        }
    }
    Ok((project, worst.map_or(ExitCode::from(exit::DONE), exit::code_of)))
}

fn listener(run: &Run, masking: Option<Masking>) -> Result<Option<Arc<dyn Listener>>, Problems> {
    let masker = masking.map(|masking| Masker::of(run, masking)).transpose()?.flatten();
    Ok(masker.map(|masker| masker as Arc<dyn Listener>))
}

/// The project of this run for a command that looks back. Where there is none, the history whose URL is said is enough.
pub(crate) fn past(run: &Run, masking: Option<Masking>) -> Result<Session<'_>, Problems> {
    let directory = Session::find(&run.directory);
    let is_named = run.history.is_some() || run.variables.get(variable::HISTORY_URL).is_some();
    if !is_named || fs::symlink_metadata(directory.join(PROJECT_FILE)).is_ok() {
        return with(run, &ValueArgs::default(), masking);
    }
    let flags = from_process(run, &directory, flags(&ValueArgs::default(), run.environment.clone()))?;
    run.wait(Session::of_history(&directory, &flags, ports(run, &directory, &run.ui, listener(run, masking)?)))
}

/// What the command line says of values, for that environment.
pub(crate) fn flags(values: &ValueArgs, environment: Option<String>) -> Flags {
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
    Session::open(project, &from_process(run, project, flags)?, ports(run, project, observer, listener))
}

/// The flags with what every command takes, and what the user's own file lists.
fn from_process(run: &Run, project: &Path, flags: Flags) -> Result<Flags, Problems> {
    let trust = TrustFile::find(project).as_ref().map(TrustFile::entries).transpose()?.unwrap_or_default();
    let (deadline, history, store_id, context) = (run.deadline.clone(), run.history.clone(), run.store_id.clone(), run.context.clone());
    Ok(Flags { trust, deadline, history, store_id, context, ..flags })
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
        state: run.state.as_deref(),
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
