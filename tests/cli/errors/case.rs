//! A case of the catalogue: what is changed in the starter project, a command, and what it answers.

use std::fs;

use crate::support::Sandbox;

/// One provoked error.
pub(super) struct Case {
    /// The line of its command in the catalogue's file.
    pub(super) line: usize,
    changes: Vec<Change>,
    command: String,
    /// All of stderr, and the exit code.
    answer: String,
}

/// What becomes of a file of the project.
#[derive(Clone)]
enum Change {
    Gone(String),
    Empty(String),
    Rows(String, Vec<Row>),
}

/// A line of a project's file, with its number there and one of `|`, `-` and `+`.
#[derive(Clone)]
struct Row {
    number: usize,
    mark: char,
    text: String,
}

/// The block that the cases below it go on from.
struct Head {
    line: usize,
    change: Change,
    used: bool,
}

impl Case {
    /// All cases of a file of the catalogue, or the first line that cannot be understood, and why.
    pub(super) fn all(text: &str) -> Result<Vec<Self>, (usize, &'static str)> {
        let mut cases = Vec::new();
        let mut head: Option<Head> = None;
        let lines: Vec<(usize, &str)> = (1..).zip(text.lines()).collect();
        for block in lines.split(|(_, line)| line.is_empty()) {
            let remarks = block.iter().take_while(|(_, line)| line.starts_with('#')).count();
            let (_, block) = block.split_at(remarks);
            let Some(&(first, begin)) = block.first() else { continue };
            let (before, session) = block.split_at(block.iter().take_while(|(_, line)| !line.starts_with("$ ")).count());
            if !before.is_empty() && Row::read(begin).is_none() {
                refuse_unused(head.take().as_ref())?;
            }
            let changes = changes(before, head.as_mut())?;
            match (session, &changes[..]) {
                ([], [change @ Change::Rows(_, rows)]) if rows[0].mark == '|' && Row::read(begin).is_none() => {
                    head = Some(Head { line: first, change: change.clone(), used: false });
                }
                ([], _) => return Err((first, "only the lines of one file can stand without a command")),
                ([(line, command), answer @ ..], _) => {
                    let command = command.strip_prefix("$ cloze ").ok_or((*line, "only `cloze` can be run"))?.to_owned();
                    let answer: Vec<&str> = answer.iter().map(|(_, line)| *line).collect();
                    if !is_answer(&answer) {
                        return Err((*line, "an answer is `error: …`, a next step beneath it, and `exit CODE` at the end"));
                    }
                    cases.push(Self { line: *line, changes, command, answer: answer.join("\n") });
                }
            }
        }
        refuse_unused(head.as_ref())?;
        if cases.is_empty() { Err((1, "there is no case in this file")) } else { Ok(cases) }
    }

    /// Provokes the error in a project of its own; what is wrong with the answer, if anything.
    pub(super) fn wrong(&self) -> Option<String> {
        let Self { changes, command, answer, .. } = self;
        let sandbox = Sandbox::shop();
        if let Some(wrong) = changes.iter().find_map(|change| change.make(&sandbox).err()) {
            return Some(wrong);
        }
        let outcome = sandbox.cloze(["-q"].into_iter().chain(command.split(' ')));
        let code = outcome.code.map_or("no exit".to_owned(), |code| format!("exit {code}"));
        let given = format!("{}{code}", outcome.err());
        let out = outcome.out();
        if !out.is_empty() {
            return Some(format!("`cloze {command}` writes to stdout\n{out}"));
        }
        (given != *answer).then(|| format!("`cloze {command}` answers\n{given}\ninstead of\n{answer}"))
    }
}

impl Change {
    fn make(&self, sandbox: &Sandbox) -> Result<(), String> {
        match self {
            Self::Gone(path) => fs::remove_file(sandbox.shop_path(path)).map_err(|error| format!("{path}: {error}"))?,
            Self::Empty(path) => sandbox.write(path, ""),
            Self::Rows(path, rows) if rows[0].mark == '|' => {
                sandbox.write(path, rows.iter().map(|row| format!("{}\n", row.text)).collect::<String>());
            }
            Self::Rows(path, rows) => {
                let text = fs::read_to_string(sandbox.shop_path(path)).map_err(|error| format!("{path}: {error}"))?;
                let edited = edited(&text, rows).map_err(|number| format!("{path}:{number}: the line is another one"))?;
                sandbox.write(path, edited);
            }
        }
        Ok(())
    }
}

impl Row {
    /// `NUMBER MARK TEXT`, with one space between each.
    fn read(line: &str) -> Option<Self> {
        let (number, rest) = line.trim_start().split_once(' ')?;
        let (mark, text) = rest.split_once(' ').unwrap_or((rest, ""));
        let mark = mark.chars().next().filter(|_| matches!(mark, "|" | "-" | "+"))?;
        Some(Self { number: number.parse().ok()?, mark, text: text.to_owned() })
    }
}

/// What the lines before a command change. Numbered lines below no path go on from the head.
fn changes(lines: &[(usize, &str)], mut head: Option<&mut Head>) -> Result<Vec<Change>, (usize, &'static str)> {
    let mut changes = Vec::new();
    for &(line, text) in lines {
        if let Some(row) = Row::read(text) {
            if changes.is_empty() {
                let head = head.take().ok_or((line, "numbered lines need a path, or a block above that they go on from"))?;
                head.used = true;
                changes.push(head.change.clone());
            }
            let Some(Change::Rows(_, rows)) = changes.last_mut() else { return Err((line, "the file is gone or empty")) };
            let whole = rows.first().map_or(row.mark, |first| first.mark) == '|';
            if whole != (row.mark == '|') {
                return Err((line, "a file is either written with `|`, or changed with `-` and `+`"));
            }
            if whole && row.number != rows.len() + 1 {
                return Err((line, "the line has another number"));
            }
            rows.push(row);
        } else if let Some(path) = text.strip_suffix(" is gone") {
            changes.push(Change::Gone(path.to_owned()));
        } else if let Some(path) = text.strip_suffix(" is empty") {
            changes.push(Change::Empty(path.to_owned()));
        } else if text.contains(' ') {
            return Err((line, "neither a path, nor a numbered line, nor a command"));
        } else {
            changes.push(Change::Rows(text.to_owned(), Vec::new()));
        }
    }
    match lines.first() {
        Some(&(line, _)) if changes.iter().any(|change| matches!(change, Change::Rows(_, rows) if rows.is_empty())) => {
            Err((line, "a path has no numbered lines below it"))
        }
        _ => Ok(changes),
    }
}

fn refuse_unused(head: Option<&Head>) -> Result<(), (usize, &'static str)> {
    match head {
        Some(Head { line, used: false, .. }) => Err((*line, "no case goes on from here, and there is no command")),
        _ => Ok(()),
    }
}

fn is_answer(lines: &[&str]) -> bool {
    let [first, next, .., exit] = lines else { return false };
    let exits = exit.strip_prefix("exit ").is_some_and(|code| code.parse().is_ok_and(|code: u8| code != 0));
    first.starts_with("error: ") && next.starts_with("  ") && exits && !lines.iter().any(|line| line.contains("(rendered)"))
}

/// A text without its lines marked `-`, and with those marked `+` at their numbers; the number of the first that is not so.
fn edited(text: &str, rows: &[Row]) -> Result<String, usize> {
    let mut lines: Vec<Option<&str>> = text.split('\n').map(Some).collect();
    for row in rows.iter().filter(|row| row.mark == '-') {
        let line = row.number.checked_sub(1).and_then(|index| lines.get_mut(index)).filter(|line| **line == Some(&row.text));
        *line.ok_or(row.number)? = None;
    }
    let mut lines: Vec<&str> = lines.into_iter().flatten().collect();
    for row in rows.iter().filter(|row| row.mark == '+') {
        let index = row.number.checked_sub(1).filter(|index| *index <= lines.len()).ok_or(row.number)?;
        lines.insert(index, &row.text);
    }
    if let Some(row) = rows.iter().find(|row| row.mark == '+' && lines[row.number - 1] != row.text) {
        return Err(row.number);
    }
    Ok(lines.join("\n"))
}
