//! Where a command's manifests go.

use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::target::Directory;
use cloze::target::Exposure;
use cloze::target::Kept;
use cloze::target::Stream;
use cloze::target::Target;
use cloze::target::exposed_to_git;

use crate::args::Emit;
use crate::commands::desk::Desk;
use crate::context::Run;

/// Where the manifests of a release go: stdout, the directory that was named, or `dist/ENV` of the project. Refuses before any work is
/// done a place that secrets must not be written to.
pub(crate) fn target(run: &Run, desk: &Desk<'_>, emit: &Emit) -> Result<Box<dyn Target>, Problems> {
    let path = match emit.output.as_deref() {
        Some("-") => return Ok(Box::new(Stream::new("stdout", Box::new(io::stdout())))),
        Some(path) => PathBuf::from(path),
        None => desk.wiring().beneath(&desk.settings.output)?,
    };
    hidden(&path)?;
    Ok(Box::new(Directory::at(&path, Arc::clone(&run.entropy))?))
}

/// That git would not take what is written to `path`.
fn hidden(path: &Path) -> Result<(), Problem> {
    match exposed_to_git(path, Kept::Directory) {
        None => Ok(()),
        Some(Exposure { top, .. }) => Err(Problem::new(
            Fault::Usage,
            format!("`{}` lies in the git work tree `{}`, which does not ignore it", path.display(), top.display()),
            "add it to .gitignore, or name a directory outside with -o: manifests hold secrets",
        )),
    }
}
