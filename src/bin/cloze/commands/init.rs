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

use cloze::clock::Machine;
use cloze::file;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::project::GENERATED;
use cloze::project::STARTER_ENVIRONMENT;
use cloze::project::starter;
use cloze::secret::Secret;
use cloze::wiring::IfMissing;
use serde_json::json;

use crate::args::Emit;
use crate::args::Masking;
use crate::args::Syntax;
use crate::args::Values;
use crate::commands::deploy;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::ui::Ui;

/// Writes a new project to a directory of its name: to the side first, so that it is there whole or not at all.
pub(crate) fn init(run: &Run, name: &str, and_deploy: bool) -> Result<(), Problems> {
    let files = starter(name)?;
    let target = run.directory.join(name);
    if fs::symlink_metadata(&target).is_ok() {
        return Err(taken(&target).into());
    }
    let side = run.directory.join(file::side_name(name, run.entropy.as_ref()));
    let lock = File::open(&run.directory).map_err(|error| file::unwritten(&run.directory, &error))?;
    rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).map_err(|error| file::unwritten(&run.directory, &error.into()))?;
    let left = file::sweep(&run.directory, name).map_err(|error| file::unwritten(&run.directory, &error))?;
    if let Some((path, error)) = left.first() {
        return Err(file::unwritten(path, error).into());
    }
    let written: Result<(), Problems> = write(&side, &files).map_err(|error| file::unwritten(&side, &error).into()).and_then(|()| {
        let quiet = Run { directory: side.clone(), environment: Some(STARTER_ENVIRONMENT.to_owned()), ui: Ui::silent(), ..run.again()? };
        fill_vault(&quiet)?;
        if fs::symlink_metadata(&target).is_ok() {
            return Err(taken(&target).into());
        }
        fs::rename(&side, &target).map_err(|error| file::unwritten(&target, &error).into())
    });
    if written.is_err() {
        // The first error is the one to tell; the next run removes what this cannot.
        let _ = fs::remove_dir_all(&side);
    }
    written?;
    drop(lock);
    let shown = target.display();
    run.ui.status(&format!("wrote project {name} to {shown}; its key is {shown}/.cloze/{STARTER_ENVIRONMENT}.key, which git ignores"));
    if and_deploy {
        let there = Run { directory: target, environment: None, ..run.again()? };
        let emit = Emit { output: None, syntax: Syntax::Yaml, note: None, dry_run: false, masking: Masking::default() };
        return deploy::deploy(&there, &Values::default(), false, &emit);
    }
    if run.ui.is_json() {
        return run.ui.json(&json!({ "project": name, "directory": target.to_string_lossy() }));
    }
    run.ui.status(&format!("next: cloze -C {name} render, then cloze -C {name} deploy"));
    Ok(())
}

/// Makes the key and the keyring, and generates the values that the starter's templates ask for.
fn fill_vault(run: &Run) -> Result<(), Problems> {
    let desk = Desk::open(run, &Values::default())?;
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let opened = run.wait(async { wiring.keys(&store, IfMissing::Create).await })?;
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

fn taken(target: &Path) -> Problem {
    Problem::new(Fault::Usage, format!("`{}` is there already", target.display()), "name another project, or move it away")
}
