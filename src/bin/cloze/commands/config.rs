//! `cloze config`

use std::fmt::Write;

use cloze::problem::Problems;
use cloze::report::ConfigReport;

use crate::args::ValueArgs;
use crate::commands::session;
use crate::context::Run;
use crate::ui::clean;

/// Shows each effective setting and value, where it comes from, and what it overrides.
pub(crate) fn config(run: &Run, values: &ValueArgs) -> Result<(), Problems> {
    run.ui.report(&session::with(run, values, None)?.config()?, in_words)
}

fn in_words(report: &ConfigReport) -> String {
    let mut text = String::new();
    for setting in &report.settings {
        let _ = writeln!(text, "{}", clean(&format!("{} = {}  ({})", setting.key, setting.value, setting.origin)));
        for overridden in &setting.overridden {
            let _ = writeln!(text, "{}", clean(&format!("    overrides {}  ({})", overridden.value, overridden.origin)));
        }
    }
    text
}
