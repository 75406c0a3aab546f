//! `cloze secrets`

use std::process::ExitCode;

use cloze::clock::Timestamp;
use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::SecretUsage;
use cloze::report::SecretsAllReport;
use cloze::report::SecretsReport;
use cloze::report::UnusedSecret;
use cloze::report::document;
use cloze::stage::ask::NEAR;
use cloze::wiring::SecretsRequest;
use cloze::wiring::Session;

use crate::args::SecretsArgs;
use crate::args::ValueArgs;
use crate::commands::session;
use crate::context::Run;
use crate::exit;
use crate::ui::Cell;
use crate::ui::Ui;
use crate::ui::span;
use crate::ui::table;

/// Lists the secrets of the environment and who uses them, or what its vaults hold and nobody uses.
pub(crate) fn secrets(run: &Run, asked: &SecretsArgs) -> Result<ExitCode, Problems> {
    let (report, outcome) = examine(run, &session::with(run, &asked.values, None)?, asked)?;
    if run.ui.is_json() {
        run.ui.json(&document(&report))?;
    } else {
        show(run, asked, &[&report])?;
        say(&run.ui, asked, &report, run.clock.now());
    }
    outcome?;
    Ok(ExitCode::from(exit::DONE))
}

/// The same for every environment, one after the other.
pub(crate) fn secrets_all(run: &Run, asked: &SecretsArgs) -> Result<ExitCode, Problems> {
    let mut environments = Vec::new();
    let (project, code) = session::every(run, &asked.values, |ui, _, session| {
        let (report, outcome) = session.and_then(|session| examine(run, &session, asked))?;
        say(ui, asked, &report, run.clock.now());
        environments.push(report);
        outcome
    })?;
    if run.ui.is_json() {
        run.ui.json(&document(&SecretsAllReport { project, environments }))?;
    } else {
        show(run, asked, &environments.iter().collect::<Vec<_>>())?;
    }
    Ok(code)
}

fn examine(run: &Run, session: &Session<'_>, asked: &SecretsArgs) -> Result<(SecretsReport, Result<(), Problems>), Problems> {
    let request = SecretsRequest { online: asked.online, unused: asked.unused };
    let others = if asked.unused { others(run, session)? } else { Vec::new() };
    run.wait(session.secrets(request, &others))
}

/// The project's other environments, which may use what is in the same vault.
fn others<'r>(run: &'r Run, session: &Session<'_>) -> Result<Vec<Session<'r>>, Problems> {
    let found = Session::find(&run.directory);
    let (_, names) = Session::environments(&found)?;
    let others = names.into_iter().filter(|name| *name != session.settings().environment);
    others.map(|name| session::observed(run, &found, session::flags(&ValueArgs::default(), Some(name)), &run.ui, None)).collect()
}

/// What makes the rows of a report.
type RowsOf = fn(&SecretsReport, Timestamp) -> Vec<Vec<Cell>>;

fn show(run: &Run, asked: &SecretsArgs, reports: &[&SecretsReport]) -> Result<(), Problems> {
    let now = run.clock.now();
    let (heading, of): (Vec<&str>, RowsOf) = match (asked.unused, asked.online) {
        (true, _) => (vec!["SECRET", "VAULT", "VERSION", "AGE"], unused),
        (false, true) => (vec!["SECRET", "VAULT", "DEPLOYED", "CURRENT", "AGE", "EXPIRES", "USED BY"], used),
        (false, false) => (vec!["SECRET", "VAULT", "DEPLOYED", "WHERE", "USED BY"], used),
    };
    let rows = reports.iter().flat_map(|report| of(report, now).into_iter().map(|row| (report.environment.clone(), row)));
    let (rows, heading): (Vec<Vec<Cell>>, _) = if asked.all {
        let with = |(environment, row): (String, Vec<Cell>)| [Cell::Text(environment)].into_iter().chain(row).collect();
        (rows.map(with).collect(), [vec!["ENVIRONMENT"], heading].concat())
    } else {
        (rows.map(|(_, row)| row).collect(), heading)
    };
    if rows.is_empty() { Ok(()) } else { run.ui.text(&table(&heading, &rows, run.ui.width())) }
}

fn used(report: &SecretsReport, now: Timestamp) -> Vec<Vec<Cell>> {
    let row = |secret: &SecretUsage| {
        let SecretUsage { vault, name, key, asked, deployed, created, places, .. } = secret;
        let key = key.as_ref().map(|key| format!("#{key}")).unwrap_or_default();
        let asked = asked.as_ref().map(|asked| format!("@{asked}")).unwrap_or_default();
        let deployed = if report.unknown.is_some() { "?".to_owned() } else { version(deployed.as_deref()) };
        let mut row = vec![Cell::Text(format!("{name}{key}{asked}")), Cell::Text(vault.clone()), Cell::Text(deployed)];
        if report.online {
            let current = match &secret.problem {
                Some(_) => "?".to_owned(),
                None if is_newer(secret) => format!("{} !", version(secret.current.as_deref())),
                None => version(secret.current.as_deref()),
            };
            row.extend([current, age(created.as_deref(), now), end(secret, now)].map(Cell::Text));
        }
        let gone = report.release.filter(|_| places.is_empty()).map(|release| vec![format!("only in release {release}")]);
        if !report.online {
            row.push(Cell::List(places.iter().map(|place| line(place)).collect()));
        }
        row.push(Cell::List(gone.unwrap_or_else(|| users(secret))));
        row
    };
    report.secrets.iter().map(row).collect()
}

fn unused(report: &SecretsReport, now: Timestamp) -> Vec<Vec<Cell>> {
    let row = |UnusedSecret { vault, secret }: &UnusedSecret| {
        let age = age(secret.created.as_deref(), now);
        [secret.name.clone(), vault.clone(), version(secret.version.as_deref()), age].map(Cell::Text).into()
    };
    report.unused.iter().flatten().map(row).collect()
}

/// A version; those of some vaults are long, and their beginnings differ.
fn version(version: Option<&str>) -> String {
    match version.unwrap_or_default() {
        "" => "-".to_owned(),
        version if version.chars().count() > LONGEST => format!("{}…", version.chars().take(LONGEST - 1).collect::<String>()),
        version => version.to_owned(),
    }
}

/// Characters of a version.
const LONGEST: usize = 12;

/// Whether a deploy would take another version than the one that is deployed.
fn is_newer(secret: &SecretUsage) -> bool {
    let versions = secret.deployed.as_ref().filter(|_| secret.asked.is_none()).zip(secret.current.as_ref());
    versions.is_some_and(|(deployed, current)| deployed != current)
}

/// Seconds until the end of a secret, where it has one.
fn left(secret: &SecretUsage, now: Timestamp) -> Option<i64> {
    Some(Timestamp::from_rfc3339(secret.expires.as_deref()?)?.0 - now.0)
}

fn end(secret: &SecretUsage, now: Timestamp) -> String {
    match left(secret, now) {
        None => "-".to_owned(),
        Some(left) if left <= 0 => format!("{} ago !", span(-left)),
        Some(left) if left <= NEAR => format!("in {} !", span(left)),
        Some(left) => format!("in {}", span(left)),
    }
}

fn age(created: Option<&str>, now: Timestamp) -> String {
    created.and_then(Timestamp::from_rfc3339).map_or("-".to_owned(), |created| span((now.0 - created.0).max(0)))
}

/// A place without its column.
fn line(place: &str) -> String {
    place.rsplit_once(':').filter(|(file, _)| file.contains(':')).map_or(place, |(line, _)| line).to_owned()
}

/// What refers to the objects with the value, and these, each once.
fn users(secret: &SecretUsage) -> Vec<String> {
    let referring = secret.used_by.iter().flat_map(|user| &user.used_by);
    let mut users = Vec::new();
    for object in referring.chain(secret.used_by.iter().map(|user| &user.object)) {
        let user = format!("{}/{}", object.kind, object.name);
        if !users.contains(&user) {
            users.push(user);
        }
    }
    users
}

/// Says what the marks in the table come to.
fn say(ui: &Ui, asked: &SecretsArgs, report: &SecretsReport, now: Timestamp) {
    if asked.unused {
        let unused = count(report.unused.as_ref().map_or(0, Vec::len), "unused secret");
        let gaps =
            if report.unlisted.is_empty() { String::new() } else { format!(", {} not listed", count(report.unlisted.len(), "vault")) };
        ui.status(&format!("{}: {unused}{gaps}", report.environment));
        return;
    }
    let number = |wanted: &dyn Fn(&SecretUsage) -> bool| report.secrets.iter().filter(|secret| wanted(secret)).count();
    let ends = |from: i64, to: i64| number(&|secret| left(secret, now).is_some_and(|left| from < left && left <= to));
    let notes = [
        (number(&is_newer), "newer in the vault than deployed"),
        (ends(i64::MIN, 0), "expired"),
        (ends(0, NEAR), "expiring within 14 days"),
    ];
    let mut words = format!("{}: {}", report.environment, count(report.secrets.len(), "secret"));
    for (number, note) in notes.into_iter().filter(|(number, _)| *number > 0) {
        words.push_str(&format!(", {number} {note}"));
    }
    ui.status(&words);
    if let Some(reason) = &report.unknown {
        ui.status(&format!("deployed versions are not known: {reason}"));
    }
}
