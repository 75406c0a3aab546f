//! `cloze init`

use std::fs;
use std::fs::DirBuilder;
use std::fs::File;
use std::fs::OpenOptions;
use std::io;
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use cloze::clock::Machine;
use cloze::file;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::GENERATED;
use cloze::project::Root;
use cloze::project::STARTER_ENVIRONMENT;
use cloze::project::bare_starter;
use cloze::project::quote;
use cloze::project::starter;
use cloze::report::InitReport;
use cloze::secret::Secret;
use cloze::wiring::IfMissing;

use crate::args::Emit;
use crate::args::Init;
use crate::args::Masking;
use crate::args::Syntax;
use crate::args::Templates;
use crate::args::Values;
use crate::commands::deploy;
use crate::commands::desk::Desk;
use crate::commands::placement;
use crate::context::Run;
use crate::ui::Ui;

/// Writes a new project to a directory of its name, or to this one: to the side first, so that a new directory is there whole or not at all.
pub(crate) fn init(run: &Run, asked: &Init) -> Result<(), Problems> {
    if let Some(other) = run.environment.as_deref().filter(|name| *name != STARTER_ENVIRONMENT) {
        let reason = format!("a new project has the environment `{STARTER_ENVIRONMENT}`, not {}", quote(other));
        return Err(Problem::new(Fault::Usage, reason, "leave out `-e`; add environments in cloze.yaml afterwards").into());
    }
    let written_name = asked.name.as_deref().filter(|name| !matches!(*name, "." | "./"));
    let here = asked.here || (asked.name.is_some() && written_name.is_none());
    drop(Root::open(&run.directory)?);
    let name = match written_name {
        Some(name) => name.to_owned(),
        None if here => name_of(&run.directory, asked.bare)?,
        None => return Err(Problem::new(Fault::Usage, "the project needs a name", NAME_IT).into()),
    };
    let files = if asked.bare { bare_starter(&name)? } else { starter(&name)? };
    let target = if here { run.directory.clone() } else { run.directory.join(&name) };
    if here {
        placement::is_free(&target, &[])?;
    } else {
        is_new(&target)?;
    }
    let side = run.directory.join(file::side_name(&name, run.entropy.as_ref()));
    let lock = File::open(&run.directory).map_err(|error| file::unwritten(&run.directory, &error))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).map_err(|error| file::unwritten(&run.directory, &error.into()))?;
    let left = file::sweep(&run.directory, &name).map_err(|error| file::unwritten(&run.directory, &error))?;
    if let Some((path, error)) = left.first() {
        return Err(file::unwritten(path, error).into());
    }
    let written: Result<Vec<PathBuf>, Problems> =
        write(&side, &files).map_err(|error| file::unwritten(&side, &error).into()).and_then(|()| {
            let quiet =
                Run { directory: side.clone(), environment: Some(STARTER_ENVIRONMENT.to_owned()), ui: Ui::silent(), ..run.again()? };
            make_keys(&quiet, asked.bare)?;
            let files = placement::files(&side)?;
            if here {
                placement::place(&side, &target, &files, run.entropy.as_ref())?;
            } else {
                is_new(&target)?;
                fs::rename(&side, &target).map_err(|error| file::unwritten(&target, &error))?;
            }
            Ok(files)
        });
    if written.is_err() || here {
        // The first error is the one to tell; the next run removes what this cannot.
        let _ = fs::remove_dir_all(&side);
    }
    let files: Vec<String> = written?.iter().map(|path| path.to_string_lossy().into_owned()).collect();
    drop(lock);
    tell(run, &name, &target, &files);
    if asked.deploy {
        let there = Run { directory: target, environment: Some(STARTER_ENVIRONMENT.to_owned()), ..run.again()? };
        let emit = Emit { output: None, syntax: Syntax::Yaml, note: None, dry_run: false, masking: Masking::default() };
        return deploy::deploy(&there, &Templates::default(), false, &emit);
    }
    if run.ui.is_json() {
        let directory = target.to_string_lossy().into_owned();
        let report = InitReport { project: name, environment: STARTER_ENVIRONMENT.to_owned(), directory, files };
        return run.ui.report(&report, |_| String::new());
    }
    let cloze = command(&target);
    run.ui.status(&if asked.bare {
        format!("next: write manifests to {}, then run {cloze} check", target.join("templates").display())
    } else {
        format!("next: {cloze} render, then {cloze} deploy")
    });
    Ok(())
}

/// What to do when no name was given.
const NAME_IT: &str = "give the project a name, e.g. `cloze init acme`, or use `cloze init --here`";

/// The name of an existing directory, as a project's.
fn name_of(directory: &Path, bare: bool) -> Result<String, Problem> {
    let real = directory.canonicalize().map_err(|error| file::unwritten(directory, &error))?;
    let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let checked = if bare { bare_starter(&name) } else { starter(&name) };
    checked.map(drop).map_err(|problem| {
        let reason = format!("the project cannot have the directory's name: {}", problem.reason);
        Problem::new(Fault::Usage, reason, "give it another with `cloze init --here NAME`")
    })?;
    Ok(name)
}

/// Says what was written, and where the key is.
fn tell(run: &Run, name: &str, target: &Path, files: &[String]) {
    let key = format!(".cloze/{STARTER_ENVIRONMENT}.key");
    let written = format!("wrote project {name} to {}", target.display());
    run.ui.status(&if files.contains(&key) {
        format!("{written}; its key is {}, which git ignores", target.join(key).display())
    } else {
        written
    });
}

/// How cloze is started for the project at `target`, as one types it.
fn command(target: &Path) -> String {
    let target = target.strip_prefix(".").unwrap_or(target);
    let shown = target.to_string_lossy();
    if shown.is_empty() {
        "cloze".to_owned()
    } else if shown.chars().all(|character| character.is_ascii_alphanumeric() || "/._-+@%".contains(character)) {
        format!("cloze -C {shown}")
    } else {
        format!("cloze -C '{}'", shown.replace('\'', r"'\''"))
    }
}

/// Makes the key and the keyring, and generates the values that the example's templates ask for.
fn make_keys(run: &Run, bare: bool) -> Result<(), Problems> {
    let desk = Desk::open(run, &Values::default())?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let opened = run.wait(async { wiring.keys(&store, IfMissing::Create).await })?;
    if bare {
        return Ok(());
    }
    let vault = wiring.local_vault("default", &opened.keys)?;
    let values: Vec<(&str, Secret)> = GENERATED.iter().map(|generated| (generated.name, generated.value(run.entropy.as_ref()))).collect();
    let borrowed: Vec<(&str, &Secret)> = values.iter().map(|(name, value)| (*name, value)).collect();
    vault.set_all(&borrowed, &Machine, run.entropy.as_ref())?;
    Ok(())
}

fn write(side: &Path, files: &[cloze::project::StarterFile]) -> io::Result<()> {
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
    let next = format!("choose another name, or run `{} init --here` to create the project in it", command(target));
    Err(Problem::new(Fault::Usage, format!("{} already exists", target.display()), next))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::command;

    #[test]
    fn a_command_is_as_one_types_it() {
        assert_eq!(command(Path::new(".")), "cloze");
        assert_eq!(command(Path::new("./shop")), "cloze -C shop");
        assert_eq!(command(Path::new("/a b/it's")), r"cloze -C '/a b/it'\''s'");
    }
}
