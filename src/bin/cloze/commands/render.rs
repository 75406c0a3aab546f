//! `cloze render`

use std::fmt;
use std::path::Path;

use cloze::problem::Problems;
use cloze::stage::taint::Rule;
use cloze::stage::taint::Waiver;
use cloze::target::Directory;
use cloze::target::OutputFile;
use cloze::target::Sink;
use cloze::workflow::review::Review;
use cloze::workflow::review::review;
use serde_json::Value;
use serde_json::json;

use crate::args::Values;
use crate::commands::desk::Desk;
use crate::context::Run;

/// Prints or writes the manifests with masked values.
pub(crate) fn render(run: &Run, values: &Values, output: &str) -> Result<(), Problems> {
    let desk = Desk::open(run, values)?;
    let review = review(&desk.workbench())?;
    for warning in &review.warnings {
        run.ui.warn(warning);
    }
    for waiver in &review.waivers {
        run.ui.status(&Waived(waiver).to_string());
    }
    if output != "-" {
        let files: Vec<OutputFile<'_>> =
            review.objects.iter().map(|object| OutputFile { name: &object.file_name, bytes: object.text.as_bytes() }).collect();
        let mut random = [0; 8];
        run.entropy.fill(&mut random);
        let directory = Directory::at(Path::new(output))?;
        for warning in directory.emit(&directory.hold()?, &files, &format!("{:016x}", u64::from_be_bytes(random)))? {
            run.ui.warn(&warning);
        }
        if run.ui.is_json() {
            let names: Vec<&str> = files.iter().map(|file| file.name).collect();
            return run.ui.json(&json!({ "directory": output, "files": names, "waivers": waivers(&review) }));
        }
        run.ui.status(&format!("wrote {} with masked values to {output}", crate::ui::count(files.len(), "manifest")));
        return Ok(());
    }
    if run.ui.is_json() {
        let objects: Vec<Value> =
            review.objects.iter().map(|object| json!({ "file": object.file_name, "manifest": object.text })).collect();
        return run.ui.json(&json!({ "manifests": objects, "waivers": waivers(&review) }));
    }
    let mut stream = String::with_capacity(review.objects.iter().map(|object| object.text.len() + 4).sum());
    for object in &review.objects {
        stream.push_str("---\n");
        stream.push_str(&object.text);
    }
    run.ui.bytes(stream.as_bytes())
}

/// What the templates waive, for programs.
pub(crate) fn waivers(review: &Review) -> Vec<Value> {
    let one = |waiver: &Waiver| json!({ "place": waiver.place.to_string(), "rule": word(waiver.rule), "object": waiver.object.to_string(), "field": waiver.field });
    review.waivers.iter().map(one).collect()
}

/// A waiver as a line of a review.
pub(crate) struct Waived<'a>(pub(crate) &'a Waiver);

impl fmt::Display for Waived<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Waiver { rule, object, field, mask, place } = self.0;
        write!(f, "{place}: {} lets {mask} into {field} of {object}", word(*rule))
    }
}

fn word(rule: Rule) -> &'static str {
    match rule {
        Rule::Taint => "reveal",
        Rule::Escape => "raw",
    }
}
