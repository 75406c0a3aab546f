//! Problems are told all at once, and quote no value.

use serde_json::json;

use crate::bench::engines;
use crate::bench::masked;
use crate::bench::render_with;
use crate::bench::request;
use crate::bench::told;

#[test]
fn all_problems_are_told_at_once() {
    let templates = [
        ("a.yaml", "{{ one }}"),
        ("b.yaml", "{{ text | nope }}{{ text | neither }}"),
        ("c.yaml", "{{ (1 }}"),
        ("d.yaml", "{{ text }}"),
        ("_e.yaml", "{% x %}"),
    ];
    let problems = render_with(&templates).unwrap_err();
    assert_eq!(problems.len(), 4 + usize::from(problems.iter().any(|problem| problem.reason.contains("one"))), "{}", told(&problems));
    let problems = render_with(&templates[..4]).unwrap_err();
    assert_eq!(problems.len(), 4, "{}", told(&problems));
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
            let message = format!("{problems} {problems:?} {}", told(problems.list()));
            assert!(!message.contains(CANARY) && !message.contains("hunter2"), "{name} {source}: {message}");
            assert!(problems.list()[0].place.is_some(), "{name} {source}: {message}");
        }
    }
}
