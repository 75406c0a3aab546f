//! `cloze show`

use std::fmt::Write;

use cloze::problem::Problems;
use cloze::report::EventReport;
use cloze::report::ReleaseReport;
use cloze::report::SetValue;
use cloze::report::ShowReport;
use cloze::report::UsedSecret;

use crate::args::Masking;
use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Shows a release: what it was made of and its manifests, masked, or with `reveal` the manifests byte for byte.
pub(crate) fn show(run: &Run, number: Option<u64>, reveal: bool, masking: Masking) -> Result<(), Problems> {
    if reveal {
        let session = session::past(run, Some(masking))?;
        return run.ui.bytes(run.wait(session.reveal(number))?.expose());
    }
    run.ui.report(&run.wait(session::past(run, None)?.show(number))?, in_words)
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
    for EventReport { time, actor, what, detail } in &report.events {
        remark(&format!("{what}, {time}, by {actor}: {}", detail.lines().collect::<Vec<_>>().join(", ")));
    }
    for SetValue { path, value, digest } in &report.values {
        remark(&match value {
            Some(value) => format!("set {path} = {value}"),
            None => format!("set {path}, digest {}", &digest[..12]),
        });
    }
    for UsedSecret { vault, name, key, version, fingerprint, .. } in &report.secrets {
        let key = key.as_ref().map(|key| format!("#{key}")).unwrap_or_default();
        remark(&format!("secret {vault}/{name}{key} version {version} fingerprint {}", &fingerprint[..12]));
    }
    for manifest in &report.manifests {
        let _ = write!(text, "---\n{manifest}");
    }
    text
}
