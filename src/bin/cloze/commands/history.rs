//! `cloze history`

use std::fmt::Write;

use cloze::history::Action;
use cloze::history::Outcome;
use cloze::history::Reader;
use cloze::history::Summary;
use cloze::history::What;
use cloze::problem::Fault;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::wiring::Founding;
use cloze::workflow::access::check_remembered;
use cloze::workflow::access::owner;
use serde_json::Value;
use serde_json::json;

use crate::args::Values;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::ui::clean;

/// Lists the releases, newest first, without any key; or proves all of them, with it.
pub(crate) fn history(run: &Run, verify: bool, limit: usize) -> Result<(), Problems> {
    let desk = Desk::open(run, &Values::default())?;
    if verify { prove(run, &desk.unlock()?) } else { list(run, &desk, limit) }
}

fn list(run: &Run, desk: &Desk<'_>, limit: usize) -> Result<(), Problems> {
    let store = desk.wiring().store()?;
    let reader = Reader::new(&store, owner(&desk.settings));
    let checkpoint = desk.wiring().checkpoint()?;
    // What was cut or replayed is listed all the same: who has to find out what happened needs to see what is there.
    let (rows, checked): (Vec<(Summary, Outcome)>, Result<(), Problem>) = run.wait(async {
        reader.check_owner().await.map_err(Problem::from)?;
        let checked = check_remembered(&checkpoint, &reader).await;
        let newest = reader.newest().await.map_err(Problem::from)?;
        let rows = reader.overview(newest, limit as u64).await.into_iter().collect::<Result<_, _>>().map_err(Problem::from)?;
        Ok((rows, checked))
    })?;
    if run.ui.is_json() {
        let list: Vec<Value> = rows.iter().map(|(summary, outcome)| in_json(summary, outcome)).collect();
        run.ui.json(&json!({ "releases": list }))?;
        return Ok(checked?);
    }
    if rows.is_empty() {
        checked?;
        run.ui.status(&format!("no releases in {store}"));
        return Ok(());
    }
    let mut text = format!("{:>8}  {:<20}  {:<24}  {:<24}  {:>9}  ACTOR\n", "RELEASE", "TIME", "ACTION", "OUTCOME", "MANIFESTS");
    for (summary, outcome) in &rows {
        let time = summary.time.to_string();
        let (what, outcome) = (action(summary.action), words(outcome));
        let Summary { number, manifests, actor, .. } = summary;
        let mut row = format!("{number:>8}  {time:<20}  {what:<24}  {outcome:<24}  {manifests:>9}  {actor}");
        if let Some(note) = &summary.note {
            let _ = write!(row, "  {}", note.replace('\n', " "));
        }
        let _ = writeln!(text, "{}", clean(&row));
    }
    run.ui.text(&text)?;
    Ok(checked?)
}

fn prove(run: &Run, desk: &Desk<'_>) -> Result<(), Problems> {
    let wiring = desk.wiring();
    let store = wiring.store()?;
    let report = run.wait(async {
        let trust = desk.keys(&store, Founding::Refused).await?;
        let past = desk.past(&store, &trust)?;
        let history = past.open(&desk.workbench()).await?;
        Ok(history.verify().await.map_err(Problem::from)?)
    })?;
    let problems: Vec<Problem> = report
        .defects
        .iter()
        .map(|defect| {
            Problem::new(Fault::History, format!("`{}`: {}", defect.path, defect.reason), "restore the object from a backup of the store")
        })
        .collect();
    Problems::or((), problems)?;
    if run.ui.is_json() {
        return run.ui.json(&json!({ "releases": report.releases, "objects": report.objects, "defects": 0 }));
    }
    run.ui.text(&format!(
        "proved {} and {} of the history\n",
        crate::ui::count(usize::try_from(report.releases).unwrap_or(usize::MAX), "release"),
        crate::ui::count(usize::try_from(report.objects).unwrap_or(usize::MAX), "object")
    ))
}

fn in_json(summary: &Summary, outcome: &Outcome) -> Value {
    let mut json = about(summary);
    json["outcome"] = words(outcome).into();
    json["manifests"] = summary.manifests.into();
    json["changed"] = summary.changed.into();
    json
}

/// What is said of a release wherever it is shown.
pub(crate) fn about(summary: &Summary) -> Value {
    json!({
        "release": summary.number,
        "time": summary.time.to_string(),
        "actor": summary.actor,
        "revision": summary.revision,
        "note": summary.note,
        "action": action(summary.action),
    })
}

/// What a release was, in words.
pub(crate) fn action(action: Action) -> String {
    match action {
        Action::Deploy => "deploy".to_owned(),
        Action::Rollback { of } => format!("rollback to {of}"),
    }
}

/// What became of a release, in words.
pub(crate) fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Unknown => "outcome unknown".to_owned(),
        Outcome::Known(event) => match event.what {
            What::Emitted => "emitted".to_owned(),
            What::Applied => "applied".to_owned(),
            What::Failed => "failed".to_owned(),
            What::RolledBack { by } => format!("rolled back by {by}"),
        },
    }
}
