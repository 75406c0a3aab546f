//! `cloze config`

use std::fmt::Write;

use cloze::problem::Problems;
use cloze::project::Origin;
use cloze::project::ResolvedSetting;
use cloze::project::Values;
use serde_json::Value;
use serde_json::json;

use crate::args;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::ui::clean;

/// Shows each effective setting and value, where it came from, and what it hides.
pub(crate) fn config(run: &Run, values: &args::Values) -> Result<(), Problems> {
    let desk = Desk::open(run, values)?;
    let mut list = desk.settings.effective.clone();
    list.extend(Values::load(desk.root(), &desk.settings)?.effective());
    if run.ui.is_json() {
        return run.ui.json(&json!({ "settings": list.iter().map(in_json).collect::<Vec<Value>>() }));
    }
    let mut text = String::new();
    for effective in &list {
        let _ = writeln!(text, "{}", clean(&format!("{} = {}  ({})", effective.key, effective.value, words(&effective.origin))));
        for (value, origin) in &effective.overridden {
            let _ = writeln!(text, "{}", clean(&format!("    hides {value}  ({})", words(origin))));
        }
    }
    run.ui.text(&text)
}

fn in_json(effective: &ResolvedSetting) -> Value {
    let overridden: Vec<Value> =
        effective.overridden.iter().map(|(value, origin)| json!({ "value": value, "origin": words(origin) })).collect();
    json!({ "key": effective.key, "value": effective.value, "origin": words(&effective.origin), "overridden": overridden })
}

fn words(origin: &Origin) -> String {
    match origin {
        Origin::Default => "default".to_owned(),
        Origin::File(place) => place.to_string(),
        Origin::Variable(name) => format!("variable {name}"),
        Origin::Flag(name) => format!("flag {name}"),
    }
}
