//! Where a command's manifests go.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::secret::SecretBuffer;
use cloze::target::Directory;
use cloze::target::Exposure;
use cloze::target::Hold;
use cloze::target::Kept;
use cloze::target::OutputFile;
use cloze::target::Sink;
use cloze::target::exposed_to_git;

use crate::args::Emit;
use crate::args::Syntax;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::ui::Ui;

/// Where the manifests of a release go: stdout, the directory that was named, or `dist/ENV` of the project. Refuses before any work is
/// done a place that secrets must not be written to.
pub(crate) fn sink(run: &Run, desk: &Desk<'_>, emit: &Emit) -> Result<Box<dyn Sink>, Problems> {
    let path = match emit.output.as_deref() {
        Some("-") => return Ok(Box::new(Stream { ui: run.ui.clone(), syntax: emit.syntax })),
        Some(path) => PathBuf::from(path),
        None => desk.wiring().beneath(&desk.settings.output)?,
    };
    hidden(&path)?;
    Ok(Box::new(Directory::at(&path)?))
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

/// Stdout: the documents one after the other.
#[derive(Debug)]
struct Stream {
    ui: Ui,
    syntax: Syntax,
}

impl Sink for Stream {
    fn hold(&self) -> Result<Hold, Problem> {
        Ok(Hold::of_nothing())
    }

    fn emit(&self, _hold: &Hold, files: &[OutputFile<'_>], _attempt: &str) -> Result<Vec<Problem>, Problem> {
        let size: usize = files.iter().map(|file| file.bytes.len() + SEPARATOR.len()).sum();
        let mut stream = SecretBuffer::with_capacity(size);
        for file in files {
            if self.syntax == Syntax::Yaml {
                stream.extend(SEPARATOR);
            }
            stream.extend(file.bytes);
        }
        self.ui.bytes(stream.expose()).map(|()| Vec::new()).map_err(|failed| failed.list()[0].clone())
    }
}

impl fmt::Display for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stdout")
    }
}

/// Begins each document of a stream.
const SEPARATOR: &[u8] = b"---\n";
