//! A new project: to the side first, so that a new directory is there whole or not at all.

use std::fs;
use std::fs::DirBuilder;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use crate::file;
use crate::file::LockMode;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Flags;
use crate::project::GENERATED;
use crate::project::Root;
use crate::project::STARTER_ENVIRONMENT;
use crate::project::StarterFile;
use crate::project::bare_starter;
use crate::project::starter;
use crate::report::InitReport;
use crate::secret::Secret;
use crate::wiring::Ports;
use crate::wiring::Session;
use crate::wiring::placement;

/// Which project to create, and where.
#[derive(Debug, Clone, Copy)]
pub struct NewProject<'a> {
    /// Its name; the directory's where none is given.
    pub name: Option<&'a str>,
    /// In the directory itself, in place of one of the project's name in it.
    pub here: bool,
    /// Without the example.
    pub bare: bool,
}

impl NewProject<'_> {
    /// Creates the project in `directory`, with its first keys. No file is overwritten.
    pub async fn create(self, directory: &Path, ports: Ports<'_>) -> Result<InitReport, Problems> {
        drop(Root::open(directory)?);
        let name = match self.name {
            Some(name) => name.to_owned(),
            None if self.here => name_of(directory, self.bare)?,
            None => return Err(Problem::new(Fault::Usage, "the project needs a name", NAME_IT).into()),
        };
        let files = starter_files(&name, self.bare)?;
        let target = if self.here { directory.to_owned() } else { directory.join(&name) };
        if self.here { placement::is_free(&target, &[]) } else { is_new(&target) }?;
        let entropy = ports.entropy.clone();
        let side = directory.join(file::side_name(&name, entropy.as_ref()));
        let lock = file::lock(directory, LockMode::Exclusive).map_err(|error| file::unwritten(directory, &error))?;
        let left = file::sweep(directory, &name).map_err(|error| file::unwritten(directory, &error))?;
        if let Some((path, error)) = left.first() {
            return Err(file::unwritten(path, error).into());
        }
        let written: Result<Vec<PathBuf>, Problems> = async {
            write(&side, &files).map_err(|error| file::unwritten(&side, &error))?;
            make_keys(&side, self.bare, ports).await?;
            let files = placement::files(&side)?;
            if self.here {
                placement::place(&side, &target, &files, entropy.as_ref())?;
            } else {
                is_new(&target)?;
                fs::rename(&side, &target).map_err(|error| file::unwritten(&target, &error))?;
            }
            Ok(files)
        }
        .await;
        if written.is_err() || self.here {
            // The first error is the one to tell; the next run removes what this cannot.
            let _ = fs::remove_dir_all(&side);
        }
        drop(lock);
        Ok(InitReport {
            project: name,
            environment: STARTER_ENVIRONMENT.to_owned(),
            directory: target.to_string_lossy().into_owned(),
            files: written?.iter().map(|path| path.to_string_lossy().into_owned()).collect(),
        })
    }
}

/// What to do when no name was given.
const NAME_IT: &str = "give the project a name, e.g. `cloze init acme`, or use `cloze init --here`";

/// The name of an existing directory, as a project's.
fn name_of(directory: &Path, bare: bool) -> Result<String, Problem> {
    let real = directory.canonicalize().map_err(|error| file::unwritten(directory, &error))?;
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    starter_files(&name, bare).map(drop).map_err(|problem| {
        let reason = format!("the project cannot have the directory's name: {}", problem.reason);
        Problem::new(Fault::Usage, reason, "give it another with `cloze init --here NAME`")
    })?;
    Ok(name)
}

fn starter_files(name: &str, bare: bool) -> Result<Vec<StarterFile>, Problem> {
    if bare { bare_starter(name) } else { starter(name) }
}

/// Makes the key and the keyring, and generates the values that the example's templates ask for.
async fn make_keys(side: &Path, bare: bool, ports: Ports<'_>) -> Result<(), Problems> {
    let entropy = ports.entropy.clone();
    let flags = Flags { environment: Some(STARTER_ENVIRONMENT.to_owned()), ..Flags::default() };
    let session = Session::open(side, &flags, ports)?;
    session.create_keys().await?;
    if bare {
        return Ok(());
    }
    let values: Vec<(&str, Secret)> = GENERATED.iter().map(|generated| (generated.name, generated.value(entropy.as_ref()))).collect();
    let borrowed: Vec<(&str, &Secret)> = values.iter().map(|(name, value)| (*name, value)).collect();
    session.set_secrets("default", &borrowed).await.map(drop)
}

fn write(side: &Path, files: &[StarterFile]) -> io::Result<()> {
    for starter in files {
        let path = side.join(starter.path);
        if let Some(parent) = path.parent() {
            DirBuilder::new().recursive(true).mode(0o755).create(parent)?;
        }
        OpenOptions::new().write(true).create_new(true).mode(starter.mode).open(path)?.write_all(&starter.bytes)?;
    }
    Ok(())
}

fn is_new(target: &Path) -> Result<(), Problem> {
    if fs::symlink_metadata(target).is_err() {
        return Ok(());
    }
    let next = format!("choose another name, or run `{} init --here` to create the project in it", command_in(target));
    Err(Problem::new(Fault::Usage, format!("{} already exists", target.display()), next))
}

/// How cloze is started in a directory, as one types it.
pub fn command_in(directory: &Path) -> String {
    let directory = directory.strip_prefix(".").unwrap_or(directory);
    let shown = directory.to_string_lossy();
    if shown.is_empty() {
        "cloze".to_owned()
    } else if shown.chars().all(|character| character.is_ascii_alphanumeric() || "/._-+@%".contains(character)) {
        format!("cloze -C {shown}")
    } else {
        format!("cloze -C '{}'", shown.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::command_in;

    #[test]
    fn a_command_is_as_one_types_it() {
        assert_eq!(command_in(Path::new(".")), "cloze");
        assert_eq!(command_in(Path::new("./shop")), "cloze -C shop");
        assert_eq!(command_in(Path::new("/a b/it's")), r"cloze -C '/a b/it'\''s'");
    }
}
