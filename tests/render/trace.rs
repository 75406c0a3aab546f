//! Lines of the text are traced to the template.

use std::sync::Arc;

use cloze::clock::Machine;
use cloze::render::Engine as _;
use cloze::render::TeraEngine;
use serde_json::json;

use crate::bench::engines;
use crate::bench::request;
use crate::bench::values;

#[test]
fn lines_are_traced_to_the_template() {
    let source = "a: 1\n{% if count > 1 %}\nb:   {{ app.name }} c\n{% endif %}\n{% for h in hosts -%}\n- {{ h }}\n{% endfor %}\n  {%- include '_p.yaml' %}\nlast: {{ multi }}\nend\n";
    let mut values = values();
    values["multi"] = json!("x\ny\nz");
    let request = request(&[("t.yaml", source), ("_p.yaml", "\np: {{ text }}")], values);
    for (name, engine) in engines() {
        let text = engine.render(&request).unwrap().texts.remove(0).text;
        let map = engine.lines(&request, "t.yaml");
        let place = |needle: &str, within: usize| {
            let at = text.find(needle).unwrap() + within;
            let line = text[..at].matches('\n').count() + 1;
            let column = at - text[..at].rfind('\n').map_or(0, |at| at + 1) + 1;
            map.place(u32::try_from(line).unwrap(), u32::try_from(column).unwrap()).map(|place| place.to_string()).unwrap_or_default()
        };
        assert_eq!(place("a: 1", 3), "t.yaml:1:4", "{name}");
        assert_eq!(place("b: ", 0), "t.yaml:3:1", "{name}");
        assert_eq!(place("shop", 2), "t.yaml:3:6", "{name}");
        assert_eq!(place("shop c", 5), "t.yaml:3:21", "{name}");
        assert_eq!(place("- b.example", 0), "t.yaml:6:1", "{name}");
        assert_eq!(place("a.example", 0), "t.yaml:6:3", "{name}");
        assert_eq!(place("p: ", 1), "_p.yaml:2:2", "{name}");
        assert_eq!(place("y\nz", 0), "t.yaml:9:7", "{name}");
        assert_eq!(place("end", 0), "t.yaml:10:1", "{name}");
        assert_eq!(map.place(999, 1), None, "{name}");
    }
}

#[test]
fn lines_that_cannot_be_traced_are_not_guessed() {
    let engine = TeraEngine::new(Arc::new(Machine));
    let request = request(&[("t.yaml", "{{ nope }}"), ("u.yaml", "{% extends 't.yaml' %}")], values());
    assert_eq!(engine.lines(&request, "t.yaml").place(1, 1), None);
    assert_eq!(engine.lines(&request, "nowhere").place(1, 1), None);
}
