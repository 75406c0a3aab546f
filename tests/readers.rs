//! Values that cloze wrote for their place, read back by the parsers that programs use: ini files by Python's configparser and by go-ini,
//! connection strings by libpq and by go-mssqldb.
//!
//! `tests/readers` has a Go and a Python program that read in bulk. Where Go, Python or libpq is not there, these tests say that they are
//! skipped; with `CLOZE_REQUIRE_ORACLE=1` they fail.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the counts are the result")]
#![allow(clippy::disallowed_methods, reason = "a test may ask whether the readers are required")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::env;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cloze::blank::BlankId;
use cloze::blank::ConnectionStyle;
use cloze::blank::Filter;
use cloze::blank::Piece;
use cloze::embedded::Format;
use cloze::embedded::Treatment;
use cloze::embedded::place;
use cloze::secret::Secret;

/// Values as people have them, and pairs and triples of what means something in one of the formats.
fn values() -> Vec<String> {
    const PIECES: [&str; 24] = [
        "a", " ", ";", "#", "'", "\"", "=", ":", "\\", "%", "%(a)s", "${a}", "$", "`", "{", "}", "[", "]", "é", "\t", "!", ",", "--", "\n",
    ];
    let mut values: Vec<String> =
        ["hunter2", "p#a;b", "Tr0ub4dor&3", "x;Host=evil", "correct horse", "", " a ", "it's \"so\"", "C:\\x\\", "\"\"\"", "a\"\"\"b"]
            .map(str::to_owned)
            .to_vec();
    for one in PIECES {
        for other in PIECES {
            values.push(format!("{one}{other}"));
            values.extend(["x", ";", "\""].map(|last| format!("s{one}{other}{last}")));
        }
    }
    values
}

/// A program that reads: what it finds in each text, or `None` where it refuses it. `None` when the program cannot be had.
fn read(mut program: Command, texts: &[(&str, String)]) -> Vec<Option<BTreeMap<String, String>>> {
    let mut process = program.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = process.stdin.take().unwrap();
    let lines: String = texts.iter().map(|(kind, text)| format!("{kind} {}\n", STANDARD.encode(text))).collect();
    let writer = thread::spawn(move || input.write_all(lines.as_bytes()).unwrap());
    let output = process.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let decoded = |word: &str| {
        let (key, value) = word.split_once('=').unwrap();
        (key.to_owned(), String::from_utf8(STANDARD.decode(value).unwrap()).unwrap())
    };
    let answers = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<_> = answers.lines().map(|line| (line != "!").then(|| line.split_whitespace().map(decoded).collect())).collect();
    assert_eq!(answers.len(), texts.len());
    answers
}

fn skip(what: &str) {
    assert!(env::var_os("CLOZE_REQUIRE_ORACLE").is_none(), "{what} is required and not there");
    eprintln!("SKIPPED: {what} is not there, so nothing was read by it");
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/readers")
}

fn go() -> Option<Command> {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = temporary.join("readers");
    let mut build = Command::new("go");
    build.args(["build", "-mod=readonly", "-o"]).arg(&program).arg(".").current_dir(folder()).env("GOCACHE", temporary.join("go-cache"));
    match build.status() {
        Ok(status) if status.success() => Some(Command::new(program)),
        _ => {
            skip("Go with go-ini and go-mssqldb");
            None
        }
    }
}

fn python() -> Option<Command> {
    let mut python = Command::new("python3");
    if !python.arg("--version").output().is_ok_and(|output| output.status.success()) {
        skip("Python");
        return None;
    }
    let mut python = Command::new("python3");
    python.arg("-B").arg(folder().join("read.py"));
    Some(python)
}

/// The file with the value in its blank, `⟦⟧`; `None` where cloze refuses it there.
fn ini(template: &str, value: &str) -> Option<String> {
    let (before, behind) = template.split_once("⟦⟧").unwrap();
    let pieces = [Piece::Text(before.to_owned()), Piece::Blank(BlankId(0)), Piece::Text(behind.to_owned())];
    let secret = Secret::copy_of(value.as_bytes());
    let filled = place(Format::Ini, &pieces, &|_| Treatment::Escape).ok()?.assemble(&|_| &secret).ok()?;
    Some(filled.expose_text().unwrap().to_owned())
}

/// Every value that is taken is read as it is, by each reader; gives how many were. A reader may refuse a value `loudly`, which then is no
/// value that the program goes on with.
fn assert_read(what: &str, program: Command, written: &[(&str, String, String)], key: &str, loudly: fn(&str) -> bool) -> usize {
    let texts: Vec<(&str, String)> = written.iter().map(|(kind, text, _)| (*kind, text.clone())).collect();
    let mut count = 0;
    for ((_, text, value), found) in written.iter().zip(read(program, &texts)) {
        let Some(found) = found else {
            assert!(loudly(value), "{what} refuses {text:?}");
            continue;
        };
        count += 1;
        assert_eq!(found.get(key), Some(value), "{what} reads {text:?}");
        assert!(found.get("last").is_none_or(|last| last == "1"), "{what} reads {text:?}");
    }
    println!("{what}: {count} of {} values read as they are, the others refused", written.len());
    count
}

#[test]
fn ini_values_are_what_configparser_and_go_ini_read() {
    let values = values();
    let written = |template: &str| -> Vec<(&str, String, String)> {
        values.iter().filter_map(|value| Some(("ini", ini(template, value)?, value.clone()))).collect()
    };
    let bare = written("[a]\nk = ⟦⟧\nlast = 1\n");
    assert!(bare.len() > 200, "{} of {} were taken", bare.len(), values.len());
    if let Some(python) = python() {
        assert!(assert_read("configparser", python, &bare, "k", |_| false) > 200);
    }
    // What go-ini alone reads as it is: the way out where readers differ.
    for (what, template, least) in [
        ("go-ini", "[a]\nk = ⟦⟧\nlast = 1\n", 200),
        ("go-ini, three quotes", "[a]\nk = \"\"\"⟦⟧\"\"\"\nlast = 1\n", 800),
        ("go-ini, backquotes", "[a]\nk = `⟦⟧`\nlast = 1\n", 800),
    ] {
        if let Some(go) = go() {
            assert!(assert_read(what, go, &written(template), "k", |_| false) > least);
        }
    }
}

#[test]
fn connection_strings_are_what_libpq_and_go_mssqldb_read() {
    let written = |kind: &'static str, style: ConnectionStyle, around: &dyn Fn(&str) -> String| -> Vec<(&str, String, String)> {
        let quoted =
            |value: &str| Filter::Connstr(style).apply(&Secret::copy_of(value.as_bytes())).unwrap().expose_text().unwrap().to_owned();
        values().into_iter().map(|value| (kind, around(&quoted(&value)), value)).collect()
    };
    if let Some(go) = go() {
        let ado = written("ado", ConnectionStyle::AdoNet, &|value| format!("Server=db;User Id=app;Password={value};Database=shop"));
        assert!(assert_read("go-mssqldb", go, &ado, "password", |_| false) > 2_000);
    }
    let Some(mut probe) = python() else { return };
    let libpq = written("libpq", ConnectionStyle::Libpq, &|value| format!("host=db password={value} dbname=shop"));
    let there = probe.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().and_then(|mut process| {
        process.stdin.take().unwrap().write_all(b"libpq \n")?;
        process.wait_with_output()
    });
    if there.is_ok_and(|output| output.stdout.starts_with(b"?")) {
        return skip("libpq");
    }
    assert!(assert_read("libpq", python().unwrap(), &libpq, "password", |_| false) > 2_000);
}
