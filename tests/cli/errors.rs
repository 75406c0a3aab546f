//! Provoked errors: a change of the starter project, a command, and exactly what a tired user reads then: place, reason, next step.
//!
//! The catalogue is the text files in `errors/cases`. A blank line ends a case, and each case gets a project of its own:
//!
//! ```text
//! # What begins with a hash is a remark.
//! templates/x.yaml
//! 1 | kind: ConfigMap
//! 2 | metadata: { name: x }
//! $ cloze check
//! error: templates/x.yaml:1:1: the manifest has no `apiVersion`
//!   add it; every object has apiVersion, kind and metadata.name
//! exit 4
//! ```
//!
//! Below a path are the lines that the file gets, with their numbers: `|` a file that is written whole; `-` a line that the starter
//! project has and that goes, `+` one that comes. `PATH is gone` and `PATH is empty` say the rest. Lines without a command are the head
//! that cases below go on from, until the next path. To add a case, write it with any answer: the failing test shows the one it gets.

mod case;
mod keys;

use std::fs;
use std::path::Path;
use std::thread;

use crate::errors::case::Case;
use crate::support::Sandbox;

#[test]
fn every_error_says_its_words() {
    let wrong = wrong(Path::new("tests/cli/errors/cases"));
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Provokes every error in the files of a folder; what is wrong with any, each with its file and line.
fn wrong(folder: &Path) -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    if files.is_empty() {
        return vec![format!("{}: there is no file", folder.display())];
    }
    let (mut cases, mut wrong) = (Vec::new(), Vec::new());
    for path in files {
        let name = path.display();
        match Case::all(&fs::read_to_string(&path).unwrap()) {
            Ok(list) => {
                println!("{name}: {} errors to provoke", list.len());
                cases.extend(list.into_iter().map(|case| (format!("{name}:{}", case.line), case)));
            }
            Err((line, why)) => wrong.push(format!("{name}:{line}: {why}")),
        }
    }
    let tell = |(place, case): &(String, Case)| case.wrong().map(|wrong| format!("{place}: {wrong}"));
    let cores = thread::available_parallelism().unwrap().get();
    thread::scope(|scope| {
        let share = |first| cases.iter().skip(first).step_by(cores).filter_map(tell).collect::<Vec<_>>();
        let running: Vec<_> = (0..cores).map(|first| scope.spawn(move || share(first))).collect();
        wrong.extend(running.into_iter().flat_map(|thread| thread.join().unwrap()));
    });
    wrong
}

const CASE: &str = "\
templates/x.yaml
1 | kind: ConfigMap
2 | metadata: { name: x }
$ cloze check
error: templates/x.yaml:1:1: the manifest has no `apiVersion`
  add it; every object has apiVersion, kind and metadata.name
exit 4
";

/// What is reported of a folder with one file.
fn complaint(text: &str) -> String {
    let sandbox = Sandbox::new();
    fs::write(sandbox.work().join("a.txt"), text).unwrap();
    wrong(&sandbox.work()).join("\n\n").replace(&format!("{}/", sandbox.work().display()), "")
}

#[test]
fn a_wrong_answer_is_told_with_both_texts() {
    assert_eq!(complaint(CASE), "");
    let (_, answer) = CASE.trim_end().split_once("check\n").unwrap();
    for (from, to) in
        [("has no", "lacks"), ("exit 4", "exit 5"), ("add it; every", "add it, every"), ("name\nexit", "name\n2 problems\nexit")]
    {
        let complaint = complaint(&CASE.replace(from, to));
        assert_eq!(complaint, format!("a.txt:4: `cloze check` answers\n{answer}\ninstead of\n{}", answer.replace(from, to)));
    }
    let version = complaint(&CASE.replace("check", "--version"));
    assert!(version.starts_with("a.txt:4: `cloze --version` writes to stdout\n"), "{version}");
    for (edit, place) in [("3 - project: shop\n3 + project: Shop", 3), ("9 + a: b\n4 + c: d", 9), ("99 + a: b", 99)] {
        let complaint =
            complaint(&CASE.replace("templates/x.yaml\n1 | kind: ConfigMap\n2 | metadata: { name: x }", &format!("cloze.yaml\n{edit}")));
        assert!(complaint.ends_with(&format!(": cloze.yaml:{place}: the line is another one")), "{complaint}");
    }
    assert_eq!(complaint(&format!("b is gone\n{CASE}")), "a.txt:5: b: No such file or directory (os error 2)");
}

#[test]
fn what_is_no_case_is_refused() {
    let sandbox = Sandbox::new();
    assert!(wrong(&sandbox.work())[0].ends_with(": there is no file"));
    let answer = "an answer is `error: …`, a next step beneath it, and `exit CODE` at the end";
    for (from, to, line, why) in [
        (CASE, "# nothing\n", 1, "there is no case in this file"),
        ("$ cloze", "$ echo", 4, "only `cloze` can be run"),
        ("exit 4\n", "", 4, answer),
        ("exit 4", "exit 0", 4, answer),
        ("  add it", "add it", 4, answer),
        ("error: ", "", 4, answer),
        ("$ cloze check\n", "", 4, "neither a path, nor a numbered line, nor a command"),
        ("$ cloze check\n", "\n", 1, "no case goes on from here, and there is no command"),
        ("templates/x.yaml\n", "", 1, "numbered lines need a path, or a block above that they go on from"),
        ("2 | ", "3 | ", 3, "the line has another number"),
        ("2 | ", "2 + ", 3, "a file is either written with `|`, or changed with `-` and `+`"),
        ("templates", "b is gone\n\ntemplates", 1, "only the lines of one file can stand without a command"),
        ("templates/x.yaml", "templates/x.yaml is gone", 2, "the file is gone or empty"),
        ("$ cloze", "cloze.yaml\n$ cloze", 1, "a path has no numbered lines below it"),
    ] {
        assert_eq!(complaint(&CASE.replacen(from, to, 1)), format!("a.txt:{line}: {why}"), "{to}");
    }
}
