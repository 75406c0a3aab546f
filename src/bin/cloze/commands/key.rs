//! `cloze key`

use cloze::problem::Problems;
use cloze::report::document;

use crate::args::Key;
use crate::commands::session;
use crate::context::Run;

/// Makes the keys of an environment.
pub(crate) fn key(run: &Run, command: &Key) -> Result<(), Problems> {
    match command {
        Key::Init => init(run),
    }
}

fn init(run: &Run) -> Result<(), Problems> {
    let report = run.wait(session::open(run)?.create_keys())?;
    if run.ui.is_json() {
        return run.ui.json(&document(&report));
    }
    if !report.created {
        run.ui.status(&format!("environment `{}` has keys already, and they open `{}`", report.environment, report.keyring));
    }
    Ok(())
}
