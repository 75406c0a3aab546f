//! The shape of the repository: who imports whom, how long files are, what never stands in them.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

#[path = "tidy/circles.rs"]
mod circles;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

/// Lines that a source file may have before its tests.
const HARD_LIMIT: usize = 400;
/// What half of the files must stay under.
const MEDIAN_LIMIT: usize = 150;

#[test]
fn imports_follow_the_table_in_the_architecture() {
    let table = import_table();
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let Some(room) = room_of(&path) else { continue };
        let Some(allowed) = table.get(&room) else {
            wrong.push(format!("{}: `{room}` is not in ARCHITECTURE.md's table", path.display()));
            continue;
        };
        for target in imports(&text) {
            if target != room && target != "fuzz" && !allowed.contains(&target) {
                wrong.push(format!("{}: `{room}` imports `{target}`", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports that the table does not allow:\n{}", wrong.join("\n"));
}

#[test]
fn the_table_has_no_cycle_and_no_stale_room() {
    let table = import_table();
    for (room, allowed) in &table {
        for target in allowed {
            assert!(table.contains_key(target), "`{room}` may import `{target}`, which is no room");
            assert!(!reaches(&table, target, room), "`{room}` and `{target}` could import each other");
        }
        let stands = Path::new("src").join(format!("{room}.rs")).exists() || Path::new("src").join(room).is_dir();
        assert!(stands, "`{room}` stands in the table only");
    }
}

#[test]
fn files_import_each_other_in_no_circle() {
    let circles = circles::circles(&sources("src"));
    let files = |(room, files): (&String, &Vec<Vec<String>>)| {
        format!("`{room}`: {}", files.iter().map(|module| module.join("/")).collect::<Vec<_>>().join(" "))
    };
    let wrong: Vec<String> = circles.iter().map(files).collect();
    assert!(wrong.is_empty(), "files that import each other in a circle:\n{}", wrong.join("\n"));
}

#[test]
fn files_are_short_and_say_what_they_are() {
    let mut lengths = Vec::new();
    let mut wrong = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("vault-mock")).chain(sources("tests")) {
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        if !text.starts_with("//!") {
            wrong.push(format!("{}: does not begin with a line of `//!`", path.display()));
        }
        if path.starts_with("tests") {
            continue;
        }
        if lines > HARD_LIMIT {
            wrong.push(format!("{}: {lines} lines before its tests", path.display()));
        }
        lengths.push(lines);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median < MEDIAN_LIMIT, "the median file has {median} lines");
}

#[test]
fn nothing_forbidden_stands_in_the_source() {
    let forbidden = [
        ("use super::*", "imports are how layers are read"),
        ("todo!(", "unfinished"),
        ("unimplemented!(", "unfinished"),
        ("#[ignore", "a test runs or goes"),
        ("#[should_panic", "assert on the error instead"),
        ("FIXME", "unfinished"),
        ("XXX", "unfinished"),
        ("mod utils", "name the noun"),
        ("mod helpers", "name the noun"),
        ("prelude::*", "imports are how layers are read"),
    ];
    let silent = ["println!", "eprintln!", "std::env::var", "std::io::stdout", "std::io::stderr", "io::stdout()", "io::stderr()"];
    let mut wrong = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("vault-mock")).chain(sources("tests")) {
        // This file names them, and a process that a test starts runs one of its functions as a test.
        let text = text.replace("#[ignore = \"started by the other tests\"]", "");
        for (word, reason) in forbidden {
            if path != Path::new("tests/tidy.rs") && text.contains(word) {
                wrong.push(format!("{}: `{word}` ({reason})", path.display()));
            }
        }
        if path.starts_with("src") && !path.starts_with("src/bin") {
            for word in silent {
                if text.contains(word) {
                    wrong.push(format!("{}: `{word}` (the library cannot talk)", path.display()));
                }
            }
        }
        let is_tests = |(at, _): &(usize, &str)| text[*at..].find(['{', ';']).is_some_and(|end| text[at + end..].starts_with('{'));
        let own = text.match_indices("\n#[cfg(test)]").find(is_tests).map_or(text.as_str(), |(at, _)| &text[..at]);
        if path.starts_with("src") && own.contains("super::") {
            wrong.push(format!("{}: `super::` (circles and layers are looked for in whole paths)", path.display()));
        }
        for (number, line) in text.lines().enumerate() {
            if line.ends_with(' ') || line.contains('\t') && !path.starts_with("tests") {
                wrong.push(format!("{}:{}: white space at the end or a tab", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_kind_of_vault_is_named_where_the_architecture_says() {
    let sources = sources("src");
    for (kind, variant) in
        [("aws", "Aws"), ("azure", "Azure"), ("env", "Env"), ("exec", "Exec"), ("gcp", "Gcp"), ("hashicorp", "Hashicorp")]
    {
        let own = format!("src/vault/{kind}/");
        let words = [format!("crate::vault::{kind}"), format!("VaultKind::{variant}"), format!("pub mod {kind};")];
        let names =
            |text: &str| words.iter().any(|word| text.split("#[cfg(test)]\nmod tests").next().is_some_and(|code| code.contains(word)));
        let mut found: Vec<String> = sources.iter().filter(|(_, text)| names(text)).map(|(path, _)| path.display().to_string()).collect();
        // Ways in, keys and object stores of the same provider are no part of the vault.
        let others =
            ["src/identity/", "src/key/", "src/project/vault/key_kind.rs", "src/project/vault/settings.rs", "src/wiring/history.rs"];
        found.retain(|path| !path.starts_with(&own) && !others.iter().any(|other| path.starts_with(other)));
        found.sort();
        let known = ["src/project/vault/kind.rs", "src/vault/mod.rs", "src/wiring/vaults.rs", &format!("src/wiring/vaults/{kind}.rs")];
        assert_eq!(found, known, "`{kind}` is named elsewhere than under \"How to add a kind of vault\" in ARCHITECTURE.md");
    }
}

#[test]
fn messages_are_plain_english() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src") {
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code {
            // Between the quotes of a line; an escaped quote ends none.
            let strings = line.replace("\\\"", "'").split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
            if let Some(form) = strings.iter().find_map(|string| calque(string)) {
                wrong.push(format!("{}:{}: `{form}`", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "say it as kubectl, cargo and gh would:\n{}", wrong.join("\n"));
}

#[test]
fn comments_are_plain_english() {
    let mut wrong = Vec::new();
    for (path, text) in sources("src").into_iter().chain(sources("vault-mock")).chain(sources("tests")) {
        for (number, line) in text.lines().enumerate().filter(|(_, line)| line.trim_start().starts_with("//")) {
            let outdated = ["anew", "heeded", "heeds", "whoever"]
                .into_iter()
                .find(|word| line.split(|c: char| !c.is_alphabetic()).any(|part| part == *word));
            if let Some(word) = outdated.filter(|_| path != Path::new("tests/tidy.rs")) {
                wrong.push(format!("{}:{}: `{word}`", path.display(), number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "say it as it is said today:\n{}", wrong.join("\n"));
}

/// The first form in a text that is translated rather than written: "is no X" for "is not a X", "anew" for "again", "heeded" for "used".
fn calque(text: &str) -> Option<&'static str> {
    let text = format!(" {text} ").replace("there is no ", "").replace("there are no ", "").replace(" no longer ", " ");
    [" is no ", " are no ", " anew ", " heeded ", " heeds ", " is none ", " stands ", " whoever ", " tells of "]
        .into_iter()
        .find(|form| text.contains(form))
}

#[test]
fn vault_mock_knows_nothing_of_cloze() {
    let manifest = fs::read_to_string("vault-mock/Cargo.toml").unwrap();
    assert!(!manifest.contains("cloze"), "vault-mock depends on cloze");
    for (path, text) in sources("vault-mock") {
        assert!(!text.contains("use cloze"), "{} imports cloze", path.display());
    }
}

/// Room → rooms that it may import, from the table in ARCHITECTURE.md under "Who may import whom".
fn import_table() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string("ARCHITECTURE.md").unwrap();
    let section = text.split("## Who may import whom").nth(1).expect("the section is there");
    let section = section.split("\n## ").next().unwrap();
    let mut table = BTreeMap::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let rooms = words(cells[0]);
        let allowed: BTreeSet<String> = words(cells[1]);
        for room in rooms {
            table.insert(room, allowed.clone());
        }
    }
    assert!(table.len() > 10, "the table was not found");
    table
}

fn words(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

fn reaches(table: &BTreeMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    from == to || table.get(from).is_some_and(|next| next.iter().any(|room| reaches(table, room, to)))
}

/// The first part of a path below `src`, without its ending; `None` for the crate's root and the binary.
fn room_of(path: &Path) -> Option<String> {
    let below = path.strip_prefix("src").ok()?;
    let first = below.components().next()?.as_os_str().to_str()?;
    let room = first.strip_suffix(".rs").unwrap_or(first);
    (room != "lib" && room != "bin").then(|| room.to_owned())
}

/// The rooms that a file imports: `use crate::room…` and inline `crate::room…`, comments and doc links left out.
fn imports(text: &str) -> BTreeSet<String> {
    let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut rooms = BTreeSet::new();
    for line in code {
        for part in line.split("crate::").skip(1) {
            let room: String = part.chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
            if !room.is_empty() {
                rooms.insert(room);
            }
        }
    }
    rooms
}

/// Every `.rs` file below a folder, with its text.
fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut list = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path != Path::new("vault-mock/target") {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                list.push((path, text));
            }
        }
    }
    list
}
