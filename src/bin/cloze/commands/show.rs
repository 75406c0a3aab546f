//! `cloze show`

use std::fmt::Write;

use cloze::problem::Problems;
use cloze::report::ReleaseReport;
use cloze::report::ShowReport;
use cloze::report::UsedSecret;
use cloze::secret::SecretBuffer;
use cloze::wiring::IfMissing;
use cloze::workflow::compare::reviewed;

use crate::args::Masking;
use crate::args::Values;
use crate::commands::desk::Desk;
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
        let opened = desk.keys(&store, IfMissing::Fail).await?;
        let past = desk.past(&store, &opened)?;
        let history = past.open(&desk.workbench()).await?;
        let release = match number {
            Some(number) => history.release(number).await?,
            None => history.head().await?.ok_or_else(|| history.reader().empty())?,
        };
        if reveal {
            let manifests = history.manifests(&release).await?;
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
        let outcome = history.reader().outcome(release.summary.number).await?;
        let report = ShowReport {
            project: desk.settings.project.clone(),
            environment: desk.settings.environment.clone(),
            summary: ReleaseReport::new(&release.summary, &outcome),
            secrets: release.body.blanks.iter().map(UsedSecret::from).collect(),
            manifests: objects.into_iter().map(|object| object.text).collect(),
        };
        run.ui.report(&report, in_words)
    })
}

fn in_words(report: &ShowReport) -> String {
    let ReleaseReport { release, time, actor, revision, note, action, outcome, .. } = &report.summary;
    let mut text = String::new();
    let mut remark = |line: &str| {
        let _ = writeln!(text, "# {}", clean(line));
    };
    remark(&format!("release {release}: {action}, {time}, by {actor}, {outcome}"));
    if let Some(revision) = revision {
        remark(&format!("revision {revision}"));
    }
    note.iter().flat_map(|note| note.lines()).for_each(&mut remark);
    for UsedSecret { vault, name, key, version, fingerprint, .. } in &report.secrets {
        let key = key.as_ref().map(|key| format!("#{key}")).unwrap_or_default();
        remark(&format!("secret {vault}/{name}{key} version {version} fingerprint {}", &fingerprint[..12]));
    }
    for manifest in &report.manifests {
        let _ = write!(text, "---\n{manifest}");
    }
    text
}
