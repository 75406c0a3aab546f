//! Every example of README and docs/ is run as written.
//!
//! A page is one shell script: its fenced blocks in their order, in a folder and a HOME of their own.
//!
//! - ```` ```sh ```` is run and must succeed; `sh exit=4` must end with that code; `sh norun` is for what needs a cluster or a CI system:
//!   only its `cloze` commands are checked, as those of YAML blocks are.
//! - ```` ```text ```` after it is what the block prints, stdout and stderr together; `…` stands for any text, on a line of its own for
//!   any lines.
//! - ```` ```yaml path/of/file.yaml ```` (or any other language) is a file that the page writes. YAML without a path must be YAML.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not as expected")]

mod page;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use crate::page::Block;
use crate::page::blocks;

#[test]
fn every_example_runs_and_prints_what_the_page_says() {
    let mut wrong = Vec::new();
    let pages = pages();
    assert!(pages.len() > 5, "the pages were not found");
    let mut run = 0;
    for page in &pages {
        let blocks = blocks(&fs::read_to_string(page).unwrap());
        run += blocks.iter().filter(|block| matches!(block, Block::Shell { .. })).count();
        wrong.extend(run_page(&blocks).into_iter().map(|problem| format!("{}: {problem}", page.display())));
    }
    assert!(run > 10, "{run} blocks were run");
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn every_command_that_is_only_shown_has_a_known_shape() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            let (line, text) = match &block {
                Block::Shown { line, text } => (line, text),
                Block::Yaml { line, text } => {
                    if let Err(error) = serde_yaml::from_str::<serde_yaml::Value>(text) {
                        wrong.push(format!("{}:{line}: not YAML: {error}", page.display()));
                    }
                    (line, text)
                }
                _ => continue,
            };
            for arguments in text.lines().filter_map(command) {
                seen += 1;
                // `--help` is reached only when every word before it is known.
                let output = Command::new(env!("CARGO_BIN_EXE_cloze")).args(&arguments).arg("--help").env_clear().output().unwrap();
                if !output.status.success() {
                    let said = String::from_utf8_lossy(&output.stderr).into_owned();
                    wrong.push(format!("{}:{line}: cloze {}: {said}", page.display(), arguments.join(" ")));
                }
            }
        }
    }
    assert!(seen > 5, "{seen} commands were seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_project_file_that_is_shown_can_be_read() {
    let mut wrong = Vec::new();
    let mut seen = 0;
    for page in pages() {
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            let Block::Yaml { line, text } = block else { continue };
            let Some(project) = project(&text) else { continue };
            seen += 1;
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("cloze.yaml"), &project).unwrap();
            fs::create_dir(folder.path().join("values")).unwrap();
            for name in ["common", "dev", "prod"] {
                fs::write(folder.path().join(format!("values/{name}.yaml")), "").unwrap();
            }
            let names: serde_yaml::Value = serde_yaml::from_str(&project).unwrap();
            for (name, _) in names["environments"].as_mapping().unwrap() {
                let mut command = Command::new(env!("CARGO_BIN_EXE_cloze"));
                command.args(["config", "-e", name.as_str().unwrap()]).current_dir(folder.path());
                command.env_clear().env("VAULT_ADDR", "https://vault.example.com");
                let output = command.output().unwrap();
                if !output.status.success() {
                    wrong.push(format!("{}:{line}: {}", page.display(), String::from_utf8_lossy(&output.stderr)));
                }
            }
        }
    }
    assert!(seen > 8, "{seen} project files were seen");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A whole project file from one that is shown, or from a part of one.
fn project(text: &str) -> Option<String> {
    const HEAD: &str = "apiVersion: cloze.dev/v1\nproject: shop\n";
    let indented = |text: &str| text.lines().map(|line| format!("    {line}\n")).collect::<String>();
    if text.starts_with("apiVersion: cloze.dev/v1\n") {
        return Some(text.to_owned());
    }
    match text.lines().find(|line| !line.starts_with('#'))?.split(':').next()? {
        "environments" => Some(format!("{HEAD}{text}")),
        "templates" | "config" | "external" | "references" => Some(format!("{HEAD}{text}environments:\n  dev:\n")),
        "vaults" | "keys" | "history" => Some(format!("{HEAD}environments:\n  dev:\n{}", indented(text))),
        _ => None,
    }
}

#[test]
fn every_link_leads_to_a_page() {
    let mut wrong = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
            if path.contains("://") {
                continue;
            }
            let target = if path.is_empty() { page.clone() } else { page.parent().unwrap().join(path) };
            let Ok(text) = fs::read_to_string(&target) else {
                wrong.push(format!("{}: {path} does not exist", page.display()));
                continue;
            };
            if !anchor.is_empty() && !headings(&text).contains(anchor) {
                wrong.push(format!("{}: {path} has no heading #{anchor}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_attempt_that_is_prevented_has_its_test() {
    let page = fs::read_to_string("docs/security.md").unwrap();
    let table = page.split("## What a pull request may try").nth(1).unwrap().split("\n## ").next().unwrap();
    let sources: String =
        ["src", "tests"].into_iter().flat_map(|folder| files(Path::new(folder))).map(|file| fs::read_to_string(file).unwrap()).collect();
    let mut wrong = Vec::new();
    let (mut prevented, mut inherent) = (0, 0);
    for row in table.lines().filter(|line| line.starts_with("| ")).skip(1) {
        // A bar in code is written `\|`.
        let row = row.replace("\\|", "\u{1}");
        let [attempt, outcome, tests] = row.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>()[..] else {
            wrong.push(format!("not three cells: {row}"));
            continue;
        };
        if outcome.starts_with("inherent: ") {
            inherent += 1;
            continue;
        }
        prevented += 1;
        let (paths, names): (Vec<&str>, Vec<&str>) = tests.split('`').skip(1).step_by(2).partition(|word| word.contains('/'));
        wrong.extend(paths.iter().filter(|path| !Path::new(path).is_file()).map(|path| format!("{attempt}: {path} does not exist")));
        wrong.extend(
            names.iter().filter(|name| !sources.contains(&format!("fn {name}("))).map(|name| format!("{attempt}: no test is {name}")),
        );
        if names.is_empty() {
            wrong.push(format!("{attempt}: no test is named"));
        }
    }
    assert!(prevented > 15 && inherent > 3, "{prevented} attempts are prevented, {inherent} are not");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Every Rust file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        .collect()
}

/// README and the pages of docs/.
fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = fs::read_dir("docs")
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "md"))
        .collect();
    pages.push(PathBuf::from("README.md"));
    pages.sort();
    pages
}

/// The arguments of a line that calls cloze.
fn command(line: &str) -> Option<Vec<String>> {
    let at = line.find("cloze ").filter(|at| !line[..*at].ends_with(|before: char| before.is_alphanumeric() || "/-.@".contains(before)))?;
    let rest = line[at + "cloze ".len()..].split(['|', '>', '#', ';', '&', ']', '`']).next()?;
    let words: Vec<String> = rest.split_whitespace().map(|word| word.trim_matches(['"', '\'', ',']).to_owned()).collect();
    words.first().is_some_and(|first| first.starts_with(|c: char| c.is_ascii_lowercase() || c == '-')).then_some(words)
}

/// The anchors of a page's headings, as code hosts make them.
fn headings(text: &str) -> BTreeSet<String> {
    let anchor = |heading: &str| -> String {
        let kept = heading.trim().to_lowercase().replace(' ', "-");
        kept.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    text.lines().filter(|line| line.starts_with('#')).map(|line| anchor(line.trim_start_matches('#'))).collect()
}

/// Runs the blocks of a page and says what went another way than written.
fn run_page(blocks: &[Block]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    for name in ["home", "work", "out"] {
        fs::create_dir(folder.path().join(name)).unwrap();
    }
    let script = page::script(blocks, &folder.path().join("out"))?;
    let program = Path::new(env!("CARGO_BIN_EXE_cloze")).parent().unwrap();
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-c", &script])
        .current_dir(folder.path().join("work"))
        .env_clear()
        .env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", program.display()))
        .env("HOME", folder.path().join("home"))
        .env("USER", "ada")
        .env("COLUMNS", "100")
        .output()
        .unwrap();
    if !output.status.success() {
        return Some(format!("the script ended with {}:\n{}", output.status, String::from_utf8_lossy(&output.stderr)));
    }
    page::compare(blocks, &folder.path().join("out"))
}
