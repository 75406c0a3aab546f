//! Every name that is not defined is reported in one run, and none that something else stands for.

use crate::bench::engines;
use crate::bench::request;
use crate::bench::values;

/// `place reason` of each problem, by both engines.
fn problems(templates: &[(&str, &str)]) -> Vec<String> {
    let [one, other] = engines().map(|(_, engine)| {
        let problems = engine.render(&request(templates, values())).map(drop).unwrap_err();
        let message = |problem: &cloze::problem::Problem| format!("{problem}").replace(" is not defined", "");
        problems.list().iter().map(message).collect::<Vec<_>>()
    });
    assert_eq!(one, other);
    one
}

fn of(source: &str) -> Vec<String> {
    problems(&[("t", source)])
}

#[test]
fn every_name_of_every_template_is_told() {
    let a = "x: {{ one }}\ny: {{ app.name }} {{ app.two }}\nz: {{ three.x.y }}\n";
    assert_eq!(
        problems(&[("a", a), ("b", "{{ four }}{{ five }}"), ("c", "{{ text }}")]),
        ["a:1:7: `one`", "a:2:26: `app.two`", "a:3:7: `three`", "b:1:4: `four`", "b:1:14: `five`"]
    );
}

#[test]
fn every_name_of_an_expression_is_told() {
    for (source, expected) in [
        ("{{ a ~ b }}", &["t:1:4: `a`", "t:1:8: `b`"][..]),
        ("{{ a + b * app.c }}", &["t:1:16: `app.c`", "t:1:4: `a`", "t:1:8: `b`"]),
        ("{{ [a, {'k': b}] | join(sep=c) }}", &["t:1:14: `b`", "t:1:29: `c`", "t:1:5: `a`"]),
        ("{{ secret(name=a, key=b) }}", &["t:1:16: `a`", "t:1:23: `b`"]),
        ("{{ hosts[a] }}{{ b[0] }}", &["t:1:10: `a`", "t:1:18: `b`"]),
        ("{% if a and app.name == b %}{% endif %}", &["t:1:7: `a`"]),
        ("{% set x = a ~ b %}{{ x }}", &["t:1:12: `a`", "t:1:16: `b`"]),
        ("{{ a | upper }}{{ b | length }}{{ c | default(value=d) }}", &["t:1:19: `b`", "t:1:53: `d`", "t:1:8: `a`"]),
    ] {
        let mut expected = expected.to_vec();
        let mut found = of(source);
        expected.sort_unstable();
        found.sort_unstable();
        assert_eq!(found, expected, "{source}");
    }
}

/// `{{ gone }}` makes each a template that fails.
#[test]
fn what_is_defined_otherwise_is_not_told() {
    for source in [
        "{% set a = 1 %}{{ a }}",
        "{% set a %}x{% endset %}{{ a }}",
        "{% if text %}{% set_global a = 1 %}{% endif %}{{ a }}",
        "{% for a in hosts %}{{ a }}{{ loop.index }}{% endfor %}",
        "{% for k, v in app.image %}{{ k }}{{ v }}{% endfor %}",
        "{{ [x ~ 1 for x in hosts if x] | join(sep=',') }}",
        "{{ a | default(value=1) }}{{ (a) | default(value=1) }}{{ app.b | default(value=2) }}{{ a?.b | default(value=3) }}",
        "{% if a is defined %}{{ a.b }}{% endif %}{% if a is undefined %}{% endif %}{% if app.b is defined %}{{ app.b }}{% endif %}",
        "{{ a if a is defined else 'x' }}{{ 'x' if a is undefined else a }}",
        "{% if a is defined and a.b %}{{ a.b }}{% endif %}{% if a is undefined or a.b %}{% endif %}",
        "{% if app.debug %}{{ a }}{% endif %}{% if text %}{% else %}{{ a }}{% endif %}",
        "{% for x in empty %}{{ a }}{% endfor %}",
        "{{ <box title={text} /> }}",
        "{% raw %}{{ a }}{% endraw %}{# {{ a }} #}",
        "{% include '_p' %}",
    ] {
        let source = format!("{{{{ gone }}}}{source}");
        let library = [("_c", "{% component box(title) %}{{ title }}{% endcomponent box %}"), ("_p", "{{ text }}")];
        assert_eq!(problems(&[library[0], library[1], ("t", &source)]), ["t:1:4: `gone`"], "{source}");
    }
}

#[test]
fn what_only_follows_is_not_told() {
    for source in [
        "{% set a = gone %}{{ a }}{{ a.b }}{{ a + 1 }}{{ a | round }}{% for x in a %}{{ x.y }}{% endfor %}",
        "{% for x in gone %}{{ x.y }}{{ x[0] + 1 }}{% endfor %}",
        "{% for k, v in gone %}{{ k }}{{ v.x }}{% endfor %}",
        "{% if gone %}{{ a }}{% else %}{{ b }}{% endif %}",
        "{% if gone %}{% set_global a = 1 %}{% endif %}{{ gone + 1 }}",
        "{% if gone == 'x' %}{% else %}{{ throw(message='no') }}{% endif %}",
        "{{ range(end=gone) | length }}{% set a = [gone] %}{{ a | first }}",
        "{{ (gone if text else 1) + 1 }}",
        "{{ gone }}{{ gone }}",
    ] {
        let found = of(source);
        assert_eq!(found.len(), 1, "{source}: {found:?}");
        assert!(found[0].ends_with("`gone`"), "{source}: {found:?}");
    }
    let found = of("{{ secret(name=gone) }}{% if text %}{{ a }}{% endif %}{% for x in lack %}{{ b }}{{ x }}{% endfor %}");
    assert_eq!(found, ["t:1:16: `gone`", "t:1:40: `a`", "t:1:67: `lack`", "t:1:77: `b`"]);
}

#[test]
fn other_failures_do_not_hide_what_is_not_defined() {
    assert_eq!(
        of("{{ text + 1 }}\n{{ gone }}\n{{ count - text }}\n{{ lack }}"),
        [
            "t:1:4: arithmetic with something that is not a number: `text + 1`",
            "t:2:4: `gone`",
            "t:3:12: arithmetic with something that is not a number: `text`",
            "t:4:4: `lack`",
        ]
    );
    assert_eq!(of("{% if secret(name='s') %}{% endif %}{{ gone }}").len(), 2);
}

/// A mistake of syntax hides neither what is not defined nor the next mistake.
#[test]
fn what_is_not_defined_is_reported_beside_errors_of_syntax() {
    for (source, expected) in [
        ("{{ a b }}\n{{ gone }}", &["t:1:6: syntax", "t:2:4: `gone`"][..]),
        ("{{ gone }}\n{{ .Values.x }}", &["t:2:4: syntax", "t:1:4: `gone`"]),
        ("{{ a b }}{{ gone }}\nä {{ c d }}", &["t:1:6: syntax", "t:2:8: syntax", "t:1:13: `gone`"]),
        ("{{ a b }}\n{{ c d }}\n{{ e f }}", &["t:1:6: syntax", "t:2:6: syntax", "t:3:6: syntax"]),
        // What a broken tag would provide is not missed.
        ("{% set a = b c %}{{ a }}{{ gone }}", &["t:1:14: syntax", "t:1:28: `gone`"]),
        ("{% for x in a b %}{{ x.y }}{{ gone }}{% endfor %}", &["t:1:15: syntax", "t:1:31: `gone`"]),
        ("{% for k, v in a b %}{{ k }}{{ v }}{{ gone }}{% endfor %}", &["t:1:18: syntax", "t:1:39: `gone`"]),
        ("{% if a b %}{{ one }}{% else %}{{ two }}{% endif %}{{ gone }}", &["t:1:9: syntax", "t:1:55: `gone`"]),
        ("{% if text %}{% elif a b %}{{ gone }}{% endif %}{{ lost }}", &["t:1:24: syntax", "t:1:52: `lost`"]),
        ("{% sett a = 1 %}{{ a }}", &["t:1:4: syntax"]),
        // Blocks without an end, and ends without a block.
        ("{% if text %}{{ gone }}", &["t:1:22: syntax", "t:1:17: `gone`"]),
        ("{% for x in hosts %}{{ x }}{{ gone }}", &["t:1:36: syntax", "t:1:31: `gone`"]),
        ("{% if text %}{% for x in hosts %}{{ gone }}{% endif %}", &["t:1:47: syntax", "t:1:37: `gone`"]),
        ("{{ gone }}{% endif %}", &["t:1:14: syntax", "t:1:4: `gone`"]),
        // What is wrong without being a mistake of syntax.
        ("{{ text | unheard }}\n{{ gone }}", &["t:1:11: unknown filter `unheard`", "t:2:4: `gone`"]),
        ("{{ __tera_context }}\n{{ gone }}", &["t:1:4: `__tera_context` would print every value", "t:2:4: `gone`"]),
    ] {
        let shown = |found: String| found.split_once(": syntax error: ").map_or(found.clone(), |(place, _)| format!("{place}: syntax"));
        let (mut found, mut expected) = (of(source).into_iter().map(shown).collect::<Vec<_>>(), expected.to_vec());
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{source}");
    }
}

/// A mistake in what others include hides nothing in them either.
#[test]
fn a_broken_library_does_not_hide_what_is_not_defined() {
    let found = problems(&[("_p", "{{ a b }}{{ inner }}"), ("a", "{% include '_p' %}{{ outer }}"), ("b", "{{ text }}{{ lost }}")]);
    let expected = ["_p:1:6: syntax error: found identifier but expected }}", "_p:1:13: `inner`", "a:1:22: `outer`", "b:1:14: `lost`"];
    let (mut found, mut expected) = (found, expected.map(str::to_owned).to_vec());
    found.sort();
    expected.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_name_with_a_hyphen_is_told_once() {
    assert_eq!(of("{{ image-tag }}{{ app-x.y-z }}"), ["t:1:4: `image`", "t:1:23: `x`"]);
}

#[test]
fn names_in_what_others_include_are_told_at_their_place() {
    let found = problems(&[
        ("_p", "{{ inner }}{{ given }}"),
        ("_c", "{% component box(title) %}{{ title }}{{ body }}{{ lost }}{% endcomponent box %}"),
        ("a", "{{ outer }}{% set given = 1 %}{% include '_p' %}"),
        ("b", "{% set given = 1 %}{% include '_p' %}{% <box title={outer}> %}{{ inside }}{% </box> %}"),
    ]);
    assert_eq!(found, ["_c:1:51: `lost`", "_p:1:4: `inner`", "a:1:4: `outer`", "b:1:53: `outer`", "b:1:66: `inside`"]);
}

/// What does not end once the undefined is passed over takes nothing away from what was found before.
#[test]
fn an_examination_that_does_not_end_hides_nothing() {
    let bomb = "{% for a in range(end=100000) %}{% for b in range(end=100000) %}{% set x = a * b %}{% endfor %}{% endfor %}";
    let source = format!("{{{{ gone }}}}{bomb}");
    let problems = crate::bench::process_problems(&[("t", &source)]);
    assert_eq!(problems, ["t:1:4: `gone` is not defined"]);
}
