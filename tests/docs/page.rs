//! The fenced blocks of a page of Markdown, as a script and as what it must print.

use std::fmt::Write;
use std::fs;
use std::path::Path;

/// How README starts cloze from its source.
const FROM_SOURCE: &str = "cargo run --release -- ";

/// A fenced block.
#[derive(Debug)]
pub(crate) enum Block {
    /// Commands that are run.
    Shell { line: usize, text: String, exit: i32 },
    /// What the commands before it print.
    Output { line: usize, text: String },
    /// A file that the page writes.
    File { path: String, text: String },
    /// YAML that is only shown.
    Yaml { line: usize, text: String },
    /// Commands that are only shown.
    Shown { line: usize, text: String },
}

/// The blocks of a page that mean something to the test.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, fence)) = lines.next() {
        let indent = fence.len() - fence.trim_start().len();
        let Some(info) = fence.trim_start().strip_prefix("```") else { continue };
        let mut text = String::new();
        for (_, line) in lines.by_ref().take_while(|(_, line)| line.trim_start() != "```") {
            let _ = writeln!(text, "{}", line.get(indent..).unwrap_or_default());
        }
        let line = number + 1;
        let (language, rest) = info.trim().split_once(' ').unwrap_or((info.trim(), ""));
        blocks.push(match (language, rest) {
            ("sh", "norun") => Block::Shown { line, text },
            ("sh", "") if text.starts_with(FROM_SOURCE) => Block::Shell { line, text: text.replace(FROM_SOURCE, "cloze "), exit: 0 },
            ("sh", _) if text.starts_with("cargo ") => Block::Shown { line, text },
            ("sh", rest) => Block::Shell { line, text, exit: rest.strip_prefix("exit=").map_or(0, |code| code.parse().unwrap()) },
            ("text", "") => Block::Output { line, text },
            (_, path) if !path.is_empty() => Block::File { path: path.to_owned(), text },
            ("yaml", _) => Block::Yaml { line, text },
            _ => continue,
        });
    }
    blocks
}

/// One script that writes the files and runs the commands, the output of block N in `out/N`; `None` when nothing is run.
pub(crate) fn script(blocks: &[Block], out: &Path) -> Option<String> {
    let mut script = "set -uo pipefail\nexec 3>&2\n".to_owned();
    for (number, block) in blocks.iter().enumerate() {
        match block {
            Block::File { path, text } => {
                let _ = write!(script, "mkdir -p \"$(dirname '{path}')\"\ncat > '{path}' <<'END OF FILE'\n{text}END OF FILE\n");
            }
            Block::Shell { line, text, exit } => {
                let _ = writeln!(script, "exec >'{}' 2>&1", out.join(number.to_string()).display());
                // The commands run in this shell, so that `cd` stays; a failure ends the block only.
                script.push_str("status=0\n");
                for command in commands(text) {
                    let _ = write!(script, "if [ $status = 0 ]; then\n{command}\nstatus=$?\nfi\n");
                }
                let file = out.join(number.to_string());
                let _ = writeln!(
                    script,
                    "if [ $status != {exit} ]; then echo \"line {line}: exit $status\" >&3; cat '{}' >&3; exit 9; fi",
                    file.display()
                );
            }
            _ => {}
        }
    }
    blocks.iter().any(|block| matches!(block, Block::Shell { .. })).then_some(script)
}

/// The commands of a block: a line each, continued lines and here-documents kept together.
fn commands(text: &str) -> Vec<String> {
    let mut list: Vec<String> = Vec::new();
    let mut open: Option<String> = None;
    let mut continued = false;
    for line in text.lines() {
        match list.last_mut().filter(|_| continued || open.is_some()) {
            Some(command) => *command += &format!("\n{line}"),
            None if line.trim().is_empty() || line.starts_with('#') => continue,
            None => list.push(line.to_owned()),
        }
        match &open {
            Some(word) if line == word => open = None,
            Some(_) => {}
            None => open = line.split_once("<<").map(|(_, word)| word.trim().trim_matches(['\'', '"']).to_owned()),
        }
        continued = line.ends_with('\\');
    }
    list
}

/// The first block whose output is not what the page says.
pub(crate) fn compare(blocks: &[Block], out: &Path) -> Option<String> {
    blocks.windows(2).enumerate().find_map(|(number, pair)| {
        let [Block::Shell { .. }, Block::Output { line, text }] = pair else { return None };
        let printed = fs::read_to_string(out.join(number.to_string())).unwrap();
        let (expected, printed_lines): (Vec<&str>, Vec<&str>) = (text.lines().collect(), printed.lines().collect());
        (!lines_match(&expected, &printed_lines)).then(|| format!("line {line}: the page says\n{text}\nand it prints\n{printed}"))
    })
}

fn lines_match(expected: &[&str], printed: &[&str]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first.trim() == "…" => (0..=printed.len()).any(|skip| lines_match(rest, &printed[skip..])),
        Some((first, rest)) => printed.split_first().is_some_and(|(line, more)| line_matches(first, line) && lines_match(rest, more)),
    }
}

/// Whether `line` is `pattern`, in which `…` stands for any text.
fn line_matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.trim_end().split('…');
    let Some(mut rest) = line.trim_end().strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut last = None;
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
        last = Some(part);
    }
    rest.is_empty() || last.is_some_and(str::is_empty)
}

#[test]
fn an_ellipsis_stands_for_any_text_and_nothing_else_does() {
    assert!(lines_match(&["a … c", "…", "z"], &["a b c", "1", "2", "z"]));
    assert!(lines_match(&["…"], &[]));
    assert!(lines_match(&["release …"], &["release 1 recorded"]));
    assert!(!lines_match(&["a … c"], &["a b d"]));
    assert!(!lines_match(&["a"], &["a", "b"]));
    assert!(!lines_match(&["a", "b"], &["a"]));
}
