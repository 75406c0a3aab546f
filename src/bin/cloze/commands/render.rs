//! `cloze render`

use std::path::Path;

use cloze::count::count;
use cloze::problem::Problems;
use cloze::report::document;

use crate::args::Templates;
use crate::commands::session;
use crate::context::Run;

/// Prints or writes the manifests with masked values.
pub(crate) fn render(run: &Run, templates: &Templates, output: &str) -> Result<(), Problems> {
    let session = session::of(run, templates, None)?;
    let report = run.wait(session.render(Some(Path::new(output)).filter(|_| output != "-")))?;
    if run.ui.is_json() {
        return run.ui.json(&document(&report));
    }
    report.waivers.iter().for_each(|waiver| run.ui.status(&waiver.to_string()));
    if let Some(directory) = &report.directory {
        run.ui.status(&format!("wrote {} with masked values to {directory}", count(report.manifests.len(), "manifest")));
        return Ok(());
    }
    let texts = || report.manifests.iter().filter_map(|manifest| manifest.manifest.as_deref());
    let mut stream = String::with_capacity(texts().map(|text| text.len() + 4).sum());
    texts().for_each(|text| stream.extend(["---\n", text]));
    run.ui.bytes(stream.as_bytes())
}
