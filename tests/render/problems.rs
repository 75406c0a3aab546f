//! Problems are reported all at once, and quote no value.

use serde_json::json;

use crate::bench::engines;
use crate::bench::masked;
use crate::bench::messages;
use crate::bench::render_with;
use crate::bench::request;

#[test]
fn all_problems_are_told_at_once() {
    let templates = [
        ("a.yaml", "{{ one }}"),
        ("b.yaml", "{{ text | nope }}{{ text | neither }}"),
        ("c.yaml", "{{ (1 }}"),
        ("d.yaml", "{{ text }}"),
        ("_e.yaml", "{% x %}"),
    ];
    let places = |templates: &[(&str, &str)]| -> Vec<String> {
        let problems = render_with(templates).unwrap_err();
        problems.iter().map(|problem| problem.place.as_ref().map_or_else(String::new, ToString::to_string)).collect()
    };
    assert_eq!(places(&templates[..4]), ["a.yaml:1:4", "b.yaml:1:11", "b.yaml:1:28", "c.yaml:1:7"]);
    // What the library may define is not missed while a part of it cannot be read.
    assert_eq!(places(&templates), ["_e.yaml:1:4", "b.yaml:1:11", "b.yaml:1:28", "c.yaml:1:7"]);
}

/// Values must not show in an error either: each source makes Tera quote them.
#[test]
fn no_error_quotes_a_value() {
    const CANARY: &str = "hunter2-canary-4711";
    let values = json!({ "v": CANARY, "l": [CANARY, 1], "m": { "k": CANARY }, "n": 7 });
    for source in [
        "{{ v | int }}",
        "{{ v | float }}",
        "{{ v + 1 }}",
        "{{ n is containing(pat=v) }}",
        "{{ m[v] }}",
        "{{ m | get(key=v) }}",
        "{{ l | sort }}",
        "{{ v | round(method=v) }}",
        "{{ 1.5 | round(method=v) }}",
        "{{ throw(message=v) }}",
        "{{ range(end=v) }}",
        "{{ [m] | sort(attribute=v) }}",
        "{{ v.x.y }}",
        "{{ v | b64decode }}",
        "{{ l | nth(n=v) }}",
        "{{ v | indent(indentation=v) }}",
        "{{ -v }}",
        "{{ v < n }}",
        "{{ secret(name='a', allow=v) }}",
        "{{ secret(name='a', version=m) }}",
    ] {
        for (name, engine) in engines() {
            let problems = engine.render(&request(&[("t.yaml", source)], values.clone())).map(|rendered| masked(&rendered)).unwrap_err();
            let message = format!("{problems} {problems:?} {}", messages(problems.list()));
            assert!(!message.contains(CANARY) && !message.contains("hunter2"), "{name} {source}: {message}");
            assert!(problems.list()[0].place.is_some(), "{name} {source}: {message}");
        }
    }
}
