//! The user's editor, for a value that is never on a disk.

use std::io;
use std::path::Path;
use std::process::Command;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;

use cloze::cause::cause;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::secret::Secret;
use cloze::vault::local::Scratch;
use signal_hook::consts::SIGHUP;
use signal_hook::consts::SIGTERM;
use signal_hook::flag;

use crate::context::Run;
use crate::environment;
use crate::ui::leave_interrupts;

/// What the user makes of a value in their editor. A line end that the editor adds at the end is taken off.
pub(crate) fn edit(run: &Run, name: &str, value: &Secret) -> Result<Secret, Problems> {
    if value.expose_text().is_none() {
        let reason = format!("the value of `{name}` is not UTF-8 text");
        return Err(Problem::new(Fault::Usage, reason, "pipe binary values into `cloze vault set`").into());
    }
    let scratch = Scratch::new(environment::memory(), run.entropy.as_ref())?;
    let path = scratch.write(name.rsplit('/').next().unwrap_or(name), value.expose()).map_err(|error| {
        let reason = format!("the value cannot be handed to the editor: {}", cause(&error));
        Problem::new(Fault::Internal, reason, "free memory, then run the command again")
    })?;
    let editor = environment::editor();
    let unchanged = |reason: String, next: &str| Problems::from(Problem::new(Fault::Usage, format!("{reason}; nothing was changed"), next));
    let (status, ended) = open(&editor, &path)
        .map_err(|error| unchanged(format!("the editor cannot be started: {}", cause(&error)), "set EDITOR to the command of an editor"))?;
    if ended {
        return Err(unchanged("the command was ended".to_owned(), "run it again"));
    }
    if !status.success() {
        return Err(unchanged(format!("the editor failed ({status})"), "set EDITOR to the command of an editor that waits, such as `vim`"));
    }
    let edited = scratch.read(&path)?;
    let ends = |value: &Secret| value.expose().ends_with(b"\n");
    if ends(&edited) && !ends(value) {
        let length = edited.len() - 1;
        return Ok(edited.shortened(length));
    }
    Ok(edited)
}

/// Runs the editor and says how it ended, and whether this program was asked to end meanwhile. A signal does not end this program before the file
/// is wiped.
fn open(editor: &str, path: &Path) -> io::Result<(ExitStatus, bool)> {
    let ended = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGHUP] {
        flag::register(signal, Arc::clone(&ended))?;
    }
    leave_interrupts()?;
    let status = Command::new("sh").args(["-c", &format!("{editor} \"$@\""), editor]).arg(path).status()?;
    Ok((status, ended.load(Ordering::Relaxed)))
}
