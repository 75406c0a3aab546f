//! Provoked errors: a change of the project, a command, and exactly what a tired user reads then: place, reason, next step.

mod asks;
mod blanks;
mod files;
mod keys;
mod kubernetes;
mod references;
mod templates;
mod usage;
mod yaml;

use std::fs;

use crate::support::Sandbox;

/// One provoked error.
struct Case {
    /// What is changed in the starter project.
    change: &'static [Change],
    /// The command.
    command: &'static str,
    /// The exit code.
    code: i32,
    /// All of stderr.
    says: &'static str,
}

/// A change of a project.
enum Change {
    /// A file becomes this.
    Write(&'static str, &'static str),
    /// In a file, this becomes that.
    Replace(&'static str, &'static str, &'static str),
    /// A file gets this before its first line.
    Prepend(&'static str, &'static str),
    /// A file goes.
    Delete(&'static str),
}

/// Provokes each error; all that is wrong with any is told at the end.
fn provoke(area: &str, cases: &[Case]) {
    let mut wrong = String::new();
    for Case { change, command, code, says } in cases {
        let sandbox = Sandbox::shop();
        for change in *change {
            match change {
                Change::Write(path, text) => sandbox.write(path, text),
                Change::Replace(path, from, to) => {
                    let text = sandbox.read(path);
                    assert!(text.contains(from), "{from}");
                    sandbox.write(path, text.replacen(from, to, 1));
                }
                Change::Prepend(path, text) => sandbox.write(path, format!("{text}{}", sandbox.read(path))),
                Change::Delete(path) => fs::remove_file(sandbox.shop_path(path)).unwrap(),
            }
        }
        let outcome = sandbox.cloze(["-q"].into_iter().chain(command.split(' ')));
        let err = outcome.err();
        if outcome.code != Some(*code) || err.trim_end() != *says {
            wrong.push_str(&format!("{command}: {:?}, not {code}\n{err}instead of\n{says}\n\n", outcome.code));
        }
        assert!(err.starts_with("error: ") && err.contains("\n  ") && !err.contains("(rendered)"), "{err}");
        assert!(outcome.stdout.is_empty(), "{}", outcome.out());
    }
    println!("{area}: {} errors provoked", cases.len());
    assert!(wrong.is_empty(), "{wrong}");
}
