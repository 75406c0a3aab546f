//! The engines, the values of every template, and what comes out of both in words.

use std::sync::Arc;

use cloze::blank::Piece;
use cloze::clock::Machine;
use cloze::problem::Problem;
use cloze::problem::Problems;
use cloze::render::Budget;
use cloze::render::Engine;
use cloze::render::ProcessEngine;
use cloze::render::RenderRequest;
use cloze::render::Rendered;
use cloze::render::Template;
use cloze::render::TeraEngine;
use serde_json::Value;
use serde_json::json;

pub(crate) fn engines() -> [(&'static str, Box<dyn Engine>); 2] {
    [("in-process", Box::new(TeraEngine::new(Arc::new(Machine)))), ("process", Box::new(process()))]
}

pub(crate) fn process() -> ProcessEngine {
    ProcessEngine::new(env!("CARGO_BIN_EXE_cloze"), vec!["render-worker".into()], Arc::new(Machine))
}

/// What the process engine says of templates that fail.
pub(crate) fn process_problems(templates: &[(&str, &str)]) -> Vec<String> {
    let problems = process().render(&request(templates, values())).map(drop).unwrap_err();
    problems.list().iter().map(ToString::to_string).collect()
}

pub(crate) fn request(templates: &[(&str, &str)], values: Value) -> RenderRequest {
    let template = |(file, text): &(&str, &str)| Template { file: Arc::from(*file), text: (*text).to_owned() };
    RenderRequest { values, templates: templates.iter().map(template).collect(), budget: Budget::default() }
}

pub(crate) fn values() -> Value {
    json!({
        "app": { "name": "shop", "image": { "tag": "1.2" }, "ports": [80, 443], "debug": false },
        "hosts": ["b.example", "a.example"],
        "empty": [],
        "text": "plain",
        "count": 3,
    })
}

/// The text of the only output, with each blank as its mask.
pub(crate) fn masked(rendered: &Rendered) -> String {
    let [text] = rendered.texts.as_slice() else { panic!("{} texts", rendered.texts.len()) };
    let pieces = rendered.tokens.split(&text.text).unwrap();
    let mask = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Blank(id) => rendered.blanks.mask(*id),
    };
    pieces.iter().map(mask).collect()
}

pub(crate) fn render(source: &str) -> Result<String, Vec<Problem>> {
    render_with(&[("t.yaml", source)])
}

pub(crate) fn render_with(templates: &[(&str, &str)]) -> Result<String, Vec<Problem>> {
    let engine = TeraEngine::new(Arc::new(Machine));
    engine.render(&request(templates, values())).map(|rendered| masked(&rendered)).map_err(Problems::into_list)
}

pub(crate) fn messages(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}; {}", problem.next)).collect::<Vec<_>>().join("\n")
}

/// The one problem of a source.
pub(crate) fn refused(source: &str) -> String {
    match render(source) {
        Ok(text) => panic!("{source} rendered to {text}"),
        Err(problems) => messages(&problems),
    }
}
