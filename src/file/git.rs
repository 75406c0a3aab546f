//! git, asked about a repository that is not trusted: nothing of its configuration makes git run a program or reach a network.

use std::ffi::OsStr;
use std::io;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;
use std::thread;

/// What git says in the work tree at `top` when it is given `arguments`, and `input` on stdin; `None` where no git is found or it cannot be started.
pub fn git(top: &Path, arguments: &[&OsStr], input: &[u8]) -> Option<Output> {
    for program in PROGRAMS {
        let mut command = Command::new(program);
        command.env_clear().env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_NO_LAZY_FETCH", "1");
        // A `.git` that is no repository must not make git look above it.
        command.env("GIT_CEILING_DIRECTORIES", top.parent().unwrap_or(top)).env("GIT_OPTIONAL_LOCKS", "0");
        for setting in ["core.fsmonitor=false", "core.excludesFile=/dev/null", "core.hooksPath=/dev/null", "safe.directory=*"] {
            command.args(["-c", setting]);
        }
        command.args(arguments).current_dir(top).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        match command.spawn() {
            Ok(mut child) => {
                let stdin = child.stdin.take();
                return thread::scope(|scope| {
                    // It may answer before it has read all; what it does not want to read, its exit code speaks of.
                    scope.spawn(move || stdin.map(|mut stdin| stdin.write_all(input)));
                    child.wait_with_output().ok()
                });
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(_) => return None,
        }
    }
    None
}

/// The work tree that a path without links is in: the nearest folder from it upwards that has a `.git`.
pub fn work_tree(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())
}

/// Where git lies: in the system's own folders, whatever the environment says, or where others put it.
const PROGRAMS: [&str; 4] = ["git", "/usr/local/bin/git", "/opt/homebrew/bin/git", "/run/current-system/sw/bin/git"];
