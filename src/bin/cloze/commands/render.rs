//! `cloze render`

use std::path::Path;
use std::sync::Arc;

use cloze::problem::Problems;
use cloze::report::WaiverReport;
use cloze::target::Directory;
use cloze::target::Target;
use cloze::target::file_names;
use cloze::workflow::review::ReviewedObject;
use cloze::workflow::review::review;
use serde_json::Value;
use serde_json::json;

use crate::args::Templates;
use crate::commands::desk::Desk;
use crate::context::Run;

/// Prints or writes the manifests with masked values.
pub(crate) fn render(run: &Run, templates: &Templates, output: &str) -> Result<(), Problems> {
    let desk = Desk::open(run, &templates.values)?.strict(templates.strict);
    let review = review(&desk.workbench())?;
    for warning in &review.warnings {
        run.ui.warn(warning);
    }
    let waivers: Vec<WaiverReport> = review.waivers.iter().map(WaiverReport::from).collect();
    for waiver in &waivers {
        run.ui.status(&waiver.to_string());
    }
    let set = review.set();
    let files = file_names(&set);
    if output != "-" {
        let directory = Directory::at(Path::new(output), Arc::clone(&run.entropy))?;
        let put = run.wait(async { Ok(directory.reserve().await?.put(&set).await?) })?;
        for warning in &put.warnings {
            run.ui.warn(warning);
        }
        if run.ui.is_json() {
            return run.ui.json(&json!({ "directory": output, "files": files, "waivers": waivers }));
        }
        run.ui.status(&format!("wrote {} with masked values to {output}", crate::ui::count(files.len(), "manifest")));
        return Ok(());
    }
    if run.ui.is_json() {
        let one = |(file, object): (&String, &ReviewedObject)| json!({ "file": file, "manifest": object.text });
        let objects: Vec<Value> = files.iter().zip(&review.objects).map(one).collect();
        return run.ui.json(&json!({ "manifests": objects, "waivers": waivers }));
    }
    let mut stream = String::with_capacity(review.objects.iter().map(|object| object.text.len() + 4).sum());
    for object in &review.objects {
        stream.push_str("---\n");
        stream.push_str(&object.text);
    }
    run.ui.bytes(stream.as_bytes())
}
