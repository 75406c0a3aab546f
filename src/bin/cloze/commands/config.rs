//! `cloze config`

use std::fmt::Write;

use cloze::problem::Problems;
use cloze::project::Values;
use cloze::report::ConfigReport;
use cloze::report::SettingReport;

use crate::args;
use crate::commands::desk::Desk;
use crate::context::Run;
use crate::ui::clean;

/// Shows each effective setting and value, where it comes from, and what it overrides.
pub(crate) fn config(run: &Run, values: &args::Values) -> Result<(), Problems> {
    let desk = Desk::open(run, values)?;
    let values = Values::load(desk.root(), &desk.settings)?.effective();
    let settings = desk.settings.effective.iter().chain(&values).map(SettingReport::from).collect();
    let (project, environment) = (desk.settings.project.clone(), desk.settings.environment.clone());
    run.ui.report(&ConfigReport { project, environment, settings }, in_words)
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
