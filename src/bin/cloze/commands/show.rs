//! `cloze show`

use std::fmt::Write;

use cloze::history::Release;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::secret::SecretBuffer;
use cloze::stage::diff::Reviewed;
use cloze::wiring::Founding;
use cloze::workflow::compare::reviewed;
use serde_json::Value;
use serde_json::json;

use crate::args::Masking;
use crate::args::Values;
use crate::commands::desk::Desk;
use crate::commands::history::about;
use crate::commands::history::action;
use crate::commands::mask::Masker;
use crate::context::Run;
use crate::ui::clean;

/// Shows a release: what it was made of and its manifests, masked, or with `reveal` the manifests byte for byte.
pub(crate) fn show(run: &Run, number: Option<u64>, reveal: bool, masking: Masking) -> Result<(), Problems> {
    let desk = Desk::open(run, &Values::default())?.unlock()?;
    let masker = if reveal { Masker::of(run, masking)? } else { None };
    let wiring = desk.wiring();
    let store = wiring.store()?;
    run.wait(async {
        let trust = desk.keys(&store, Founding::Refused).await?;
        let past = desk.past(&store, &trust)?;
        let history = past.open(&desk.workbench()).await?;
        let release = match number {
            Some(number) => history.release(number).await.map_err(Problem::from)?,
            None => history.head().await.map_err(Problem::from)?.ok_or_else(|| Problem::from(history.reader().empty()))?,
        };
        if reveal {
            let manifests = history.manifests(&release).await.map_err(Problem::from)?;
            if let Some(masker) = &masker {
                masker.hear_recorded(&manifests);
            }
            let mut stream = SecretBuffer::with_capacity(manifests.iter().map(|stored| stored.content.expose().len() + 4).sum());
            for stored in &manifests {
                stream.extend(b"---\n");
                stream.extend(stored.content.expose());
            }
            return run.ui.bytes(stream.expose());
        }
        let objects = reviewed(&history, &release).await?;
        if run.ui.is_json() { run.ui.json(&in_json(&release, &objects)) } else { run.ui.text(&in_words(&release, &objects)) }
    })
}

fn in_words(release: &Release, objects: &[Reviewed]) -> String {
    let summary = &release.summary;
    let mut text = String::new();
    let mut remark = |line: &str| {
        let _ = writeln!(text, "# {}", clean(line));
    };
    remark(&format!("release {}: {}, {}, by {}", summary.number, action(summary.action), summary.time, summary.actor));
    if let Some(revision) = &summary.revision {
        remark(&format!("revision {revision}"));
    }
    for line in summary.note.iter().flat_map(|note| note.lines()) {
        remark(line);
    }
    for blank in &release.body.blanks {
        let fingerprint = blank.fingerprint.to_string();
        let key = blank.key.as_ref().map(|key| format!("#{key}")).unwrap_or_default();
        remark(&format!("secret {}/{}{key} version {} fingerprint {}", blank.vault, blank.name, blank.version, &fingerprint[..12]));
    }
    for object in objects {
        let _ = write!(text, "---\n{}", object.text);
    }
    text
}

fn in_json(release: &Release, objects: &[Reviewed]) -> Value {
    let blanks: Vec<Value> = release
        .body
        .blanks
        .iter()
        .map(|blank| {
            json!({
                "vault": blank.vault,
                "name": blank.name,
                "key": blank.key,
                "version": blank.version,
                "pinned": blank.pinned,
                "fingerprint": blank.fingerprint.to_string(),
                "places": blank.places.iter().map(ToString::to_string).collect::<Vec<_>>(),
            })
        })
        .collect();
    let mut json = about(&release.summary);
    json["secrets"] = blanks.into();
    json["manifests"] = objects.iter().map(|object| object.text.as_str()).collect();
    json
}
