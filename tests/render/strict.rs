//! What is rendered is what Tera renders, made strict.

use std::sync::Arc;

use cloze::blank::BlankId;
use cloze::blank::Piece;
use cloze::blank::Source;
use cloze::clock::Machine;
use cloze::render::Engine as _;
use cloze::render::Rendered;
use cloze::render::TeraEngine;
use cloze::secret::Secret;
use proptest::prelude::ProptestConfig;
use proptest::proptest;
use tera::Context;
use tera::Kwargs;
use tera::State;
use tera::Tera;

use crate::bench::messages;
use crate::bench::request;
use crate::bench::values;
use crate::grammar::COMPONENTS;
use crate::grammar::template;

/// What Tera alone makes of a template, with `secret` giving `secret`.
fn tera_alone(secret: &str, source: &str) -> Option<String> {
    let secret = secret.to_owned();
    let mut tera = Tera::default();
    tera.autoescape_on(Vec::<&str>::new());
    tera.register_function("secret", move |_: Kwargs, _: &State<'_>| secret.clone());
    tera.add_raw_templates([("t.yaml", source), ("_c.yaml", COMPONENTS), ("_p.yaml", "p\n {{ text }}")]).ok()?;
    tera.render("t.yaml", &Context::from_serialize(&values()).unwrap()).ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is rendered is what Tera renders, whatever the secret; and what Tera renders and we refuse is refused for a reason of ours.
    #[test]
    fn the_engine_is_tera_made_strict(source in template()) {
        let source = source.replace('S', "secret(name='s')");
        let templates = [("t.yaml", source.as_str()), ("_c.yaml", COMPONENTS), ("_p.yaml", "p\n {{ text }}")];
        let request = request(&templates, values());
        let engine = TeraEngine::new(Arc::new(Machine));
        match engine.render(&request) {
            Ok(rendered) => {
                for secret in ["", "some-text", "0", "a"] {
                    let fill = |piece: &Piece| match piece {
                        Piece::Text(text) => text.clone(),
                        Piece::Blank(id) => filled(&rendered, *id, secret),
                    };
                    let pieces = rendered.tokens.split(&rendered.texts[0].text).unwrap();
                    let text: String = pieces.iter().map(fill).collect();
                    assert_eq!(Some(text), tera_alone(secret, &source), "{source} with {secret:?}");
                }
                let map = engine.lines(&request, "t.yaml");
                let text = &rendered.texts[0].text;
                let traced = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty()).all(|(line, _)| map.place(line, 1).is_some());
                assert!(traced, "{source}");
            }
            Err(problems) => {
                let message = messages(problems.list());
                if tera_alone("some-text", &source).is_some() {
                    let ours = ["is not defined", "a blank ", "know blanks", "blank does not reach", "with a blank in it", "to a blank", "cannot be an index"];
                    assert!(ours.iter().any(|word| message.contains(word)), "{source}: {message}");
                }
            }
        }
    }
}

fn filled(rendered: &Rendered, id: BlankId, secret: &str) -> String {
    match &rendered.blanks.get(id).source {
        Source::Vault { .. } => secret.to_owned(),
        Source::Derived { filter, input } => {
            let text: String = input
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.clone(),
                    Piece::Blank(id) => filled(rendered, *id, secret),
                })
                .collect();
            filter.apply(&Secret::copy_of(text.as_bytes())).unwrap().expose_text().unwrap().to_owned()
        }
    }
}
