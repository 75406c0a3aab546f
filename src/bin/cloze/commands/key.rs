//! `cloze key`

use cloze::problem::Problems;
use cloze::report::KeyEntry;
use cloze::report::KeyListReport;
use cloze::report::KeyRecipient;

use crate::args::KeyCommand;
use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Makes the keys of an environment, lists them, or changes who opens its keyring.
pub(crate) fn key(run: &Run, command: &KeyCommand) -> Result<(), Problems> {
    match command {
        KeyCommand::Init => init(run),
        KeyCommand::List => run.ui.report(&run.wait(session::open(run)?.list_keys())?, in_words),
        KeyCommand::Add => add(run),
        KeyCommand::Remove => remove(run),
        KeyCommand::Rotate { names } => rotate(run, *names),
    }
}

fn init(run: &Run) -> Result<(), Problems> {
    let report = run.wait(session::open(run)?.create_keys())?;
    run.ui.report(&report, |_| String::new())?;
    if report.restored {
        run.ui.status(&format!("restored `{}` from the history: commit it", report.keyring));
    } else if !report.created {
        run.ui.status(&format!("environment `{}` has keys already, and they open `{}`", report.environment, report.keyring));
    }
    Ok(())
}

fn add(run: &Run) -> Result<(), Problems> {
    let report = run.wait(session::open(run)?.add_keys())?;
    run.ui.report(&report, |_| String::new())?;
    for key in &report.added {
        run.ui.status(&format!("{} opens `{}` from now on", named(key), report.keyring));
    }
    run.ui.status(&match report.added.len() {
        0 => format!("nothing to add: each key that `keys:` names opens `{}`", report.keyring),
        _ => format!("commit `{}`", report.keyring),
    });
    Ok(())
}

fn remove(run: &Run) -> Result<(), Problems> {
    let report = run.wait(session::open(run)?.remove_keys())?;
    run.ui.report(&report, |_| String::new())?;
    for key in &report.removed {
        run.ui.status(&format!("{} does not open `{}` any more", named(key), report.keyring));
    }
    run.ui.status(&match report.removed.len() {
        0 => format!("nothing to remove: `keys:` names each key that opens `{}`", report.keyring),
        _ => format!(
            "commit `{}`; anybody who has such a key and an earlier copy of the keyring still reads every secret and release, also those to come: \
             run `cloze key rotate -e {}`, then change the secrets that they knew",
            report.keyring, report.environment
        ),
    });
    Ok(())
}

fn rotate(run: &Run, names: bool) -> Result<(), Problems> {
    let report = run.wait(session::open(run)?.rotate_keys(names))?;
    run.ui.report(&report, |_| String::new())?;
    let files: Vec<String> = [&report.keyring].into_iter().chain(&report.vaults).map(|path| format!("`{path}`")).collect();
    run.ui.status(&format!("environment `{}` has a new root key: commit {}", report.environment, files.join(" and ")));
    run.ui.status(if names {
        "every Secret gets a new name with the next deploy, once, and what uses it restarts"
    } else {
        "names of Secrets stay: anybody who had the earlier keys can test guesses of values against them until `cloze key rotate --names`"
    });
    Ok(())
}

fn named(key: &KeyRecipient) -> String {
    if key.kind == key.id { key.kind.clone() } else { format!("{} {}", key.kind, key.id) }
}

fn in_words(report: &KeyListReport) -> String {
    let rows = report.keys.iter().map(|key| [key.kind.clone(), key.id.clone().unwrap_or_else(|| "-".to_owned()), state(key).to_owned()]);
    let rows: Vec<[String; 3]> = rows.collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (kinds, ids) = (width(0), width(1));
    rows.iter().map(|[kind, id, state]| format!("{}\n", clean(&format!("{kind:<kinds$}  {id:<ids$}  {state}")))).collect()
}

fn state(key: &KeyEntry) -> &'static str {
    match (key.in_keyring, key.expected, key.at_hand) {
        (true, true, true) => "opens the keyring",
        (true, true, false) => "opens the keyring, not at hand",
        (true, false, _) => "opens the keyring, and `keys:` does not name it: run `cloze key remove`",
        (false, _, true) => "does not open the keyring: run `cloze key add`",
        (false, _, false) => "does not open the keyring, not at hand: run `cloze key add`",
    }
}
