//! Rendering, through both engines: what blanks become, what is refused, what never leaks, and that hostile templates end.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::sync::Arc;

use cloze::blank::Filter;
use cloze::blank::Piece;
use cloze::blank::Source;
use cloze::clock::Machine;
use cloze::problem::Problem;
use cloze::render::Engine;
use cloze::render::ProcessEngine;
use cloze::render::Rendered;
use cloze::render::Request;
use cloze::render::Template;
use cloze::render::TeraEngine;
use proptest::prelude::BoxedStrategy;
use proptest::prelude::Just;
use proptest::prelude::ProptestConfig;
use proptest::prelude::Strategy;
use proptest::prop_oneof;
use proptest::proptest;
use serde_json::Value;
use serde_json::json;

fn engines() -> [(&'static str, Box<dyn Engine>); 2] {
    [("in-process", Box::new(TeraEngine::new(Arc::new(Machine)))), ("process", Box::new(process()))]
}

fn process() -> ProcessEngine {
    ProcessEngine::new(env!("CARGO_BIN_EXE_cloze"), vec!["render-worker".into()], Arc::new(Machine))
}

fn request(templates: &[(&str, &str)], values: Value) -> Request {
    let template = |(file, text): &(&str, &str)| Template { file: Arc::from(*file), text: (*text).to_owned() };
    Request { values, templates: templates.iter().map(template).collect() }
}

fn values() -> Value {
    json!({
        "app": { "name": "shop", "image": { "tag": "1.2" }, "ports": [80, 443], "debug": false },
        "hosts": ["b.example", "a.example"],
        "empty": [],
        "text": "plain",
        "count": 3,
    })
}

/// The text of the only output, with each blank as its mask.
fn masked(rendered: &Rendered) -> String {
    let [text] = rendered.texts.as_slice() else { panic!("{} texts", rendered.texts.len()) };
    let pieces = rendered.tokens.split(&text.text).unwrap();
    let mask = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Blank(id) => rendered.blanks.mask(*id),
    };
    pieces.iter().map(mask).collect()
}

fn render(source: &str) -> Result<String, Vec<Problem>> {
    render_with(&[("t.yaml", source)])
}

fn render_with(templates: &[(&str, &str)]) -> Result<String, Vec<Problem>> {
    let engine = TeraEngine::new(Arc::new(Machine));
    engine.render(&request(templates, values())).map(|rendered| masked(&rendered)).map_err(cloze::problem::Problems::into_list)
}

fn told(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}; {}", problem.next)).collect::<Vec<_>>().join("\n")
}

/// The one problem of a source.
fn refused(source: &str) -> String {
    match render(source) {
        Ok(text) => panic!("{source} rendered to {text}"),
        Err(problems) => told(&problems),
    }
}

#[test]
fn templates_render_alike_in_both_engines() {
    let templates = [
        (
            "a.yaml",
            "{% include '_p.yaml' %}\n{% for k, v in app %}{{ k }} {% endfor %}{{ <c.box x={text}/> }}{{ secret(name='s') | urlencode }}",
        ),
        ("_p.yaml", "{{ app.name | upper }}-{{ app.ports | join(sep=',') }}"),
        ("_c.yaml", "{% component c.box(x: string) %}[{{ x }}]{% endcomponent %}"),
        ("b.yaml", "{% extends '_base.yaml' %}{% block body %}{{ super() }}B{% endblock %}"),
        ("_base.yaml", "<{% block body %}A{% endblock %}>"),
    ];
    for (name, engine) in engines() {
        let rendered = engine.render(&request(&templates, values())).unwrap();
        let files: Vec<&str> = rendered.texts.iter().map(|text| &*text.file).collect();
        assert_eq!(files, ["a.yaml", "b.yaml"], "{name}");
        assert_eq!(rendered.texts[1].text, "<AB>", "{name}");
        let pieces = rendered.tokens.split(&rendered.texts[0].text).unwrap();
        let [Piece::Text(text), Piece::Blank(id)] = pieces.as_slice() else { panic!("{name}: {pieces:?}") };
        assert_eq!(text, "SHOP-80,443\ndebug image name ports [plain]", "{name}");
        assert_eq!(rendered.blanks.mask(*id), "<secret default/s | urlencode>", "{name}");
        assert_eq!(rendered.blanks.get(*id).place.to_string(), "a.yaml:2:87", "{name}");
    }
}

#[test]
fn the_same_request_gives_the_same_text_but_for_tokens() {
    let source = "{{ secret(name='a') }}{% for k, v in {'z': 1, 'y': 2, 'x': 3} %}{{ k }}{{ v }}{% endfor %}{{ app }}{{ app | json }}{{ app | keys | join }}";
    for (name, engine) in engines() {
        let run = || engine.render(&request(&[("t", source)], values())).unwrap();
        let (one, two) = (run(), run());
        assert_eq!(masked(&one), masked(&two), "{name}");
        assert_ne!(one.texts[0].text, two.texts[0].text, "{name}: tokens are new in every run");
        assert_eq!(one.blanks, two.blanks, "{name}");
    }
    let text = render(source).unwrap();
    assert!(text.starts_with("<secret default/a>z1y2x3{"), "{text}");
}

#[test]
fn a_blank_says_what_it_asks_for() {
    let source = "{{ secret(name='n', key='k', version=3, vault='v', allow='empty, expired') }}{{ secret(name='o', version='7') }}";
    let engine = TeraEngine::new(Arc::new(Machine));
    let rendered = engine.render(&request(&[("t", source)], values())).unwrap();
    assert_eq!(masked(&rendered), "<secret v/n#k@3><secret default/o@7>");
    let allowed: Vec<(bool, bool)> = rendered
        .blanks
        .iter()
        .map(|(_, blank)| match &blank.source {
            Source::Vault { allow, .. } => (allow.empty, allow.expired),
            Source::Derived { .. } => panic!(),
        })
        .collect();
    assert_eq!(allowed, [(true, true), (false, false)]);
}

#[test]
fn wrong_arguments_of_secret_are_problems() {
    for (source, expected) in [
        ("{{ secret(nmae='a', name='b') }}", "t.yaml:1:11: `secret` has no argument `nmae`; write `name`"),
        ("{{ secret(key='a') }}", "t.yaml:1:4: secret(…) has no name; write secret(name=\"…\")"),
        ("{{ secret() }}", "t.yaml:1:4: secret(…) has no name; write secret(name=\"…\")"),
        ("{{ secret(name='') }}", "t.yaml:1:4: the argument `name` of secret(…) is empty; name it, or leave it out"),
        ("{{ secret(name=1) }}", "t.yaml:1:4: the argument `name` of secret(…) is of type number, not a text; write name=\"…\""),
        ("{{ secret(name=hosts) }}", "t.yaml:1:4: the argument `name` of secret(…) is of type list, not a text; write name=\"…\""),
        (
            "{{ secret(name='a', allow='none') }}",
            "t.yaml:1:4: the argument `allow` of secret(…) names what is not known; write allow=\"empty\", \"expired\" or \"empty,expired\"",
        ),
        (
            "{{ secret(name=secret(name='a')) }}",
            "t.yaml:1:16: a blank cannot be the argument `name` of `secret` (secret default/a); give it a value that the template knows",
        ),
    ] {
        assert_eq!(refused(source), expected, "{source}");
    }
}

#[test]
fn lazy_filters_make_derived_blanks() {
    for (filter, expected) in [
        ("urlencode", Filter::Urlencode),
        ("b64encode", Filter::B64encode),
        ("b64decode", Filter::B64decode),
        ("json", Filter::Json),
        ("json_encode", Filter::Json),
        ("json_encode()", Filter::Json),
        ("sha256", Filter::Sha256),
        ("trim", Filter::Trim),
        ("indent", Filter::Indent { width: 4, first: false }),
        ("indent(width=2, first=true)", Filter::Indent { width: 2, first: true }),
        ("upper", Filter::Upper),
        ("lower", Filter::Lower),
        ("replace(from='a', to='b')", Filter::Replace { from: "a".into(), to: "b".into() }),
        ("reveal", Filter::Reveal),
        ("raw", Filter::Raw),
    ] {
        for source in [
            format!("a{{{{ ('x' ~ secret(name='s') ~ text) | {filter} }}}}b"),
            format!("a{{% filter {filter} %}}x{{{{ secret(name='s') }}}}plain{{% endfilter %}}b"),
            format!("a{{% set v | {filter} %}}x{{{{ secret(name='s') }}}}plain{{% endset %}}{{{{ v }}}}b"),
        ] {
            let engine = TeraEngine::new(Arc::new(Machine));
            let rendered = engine.render(&request(&[("t", &source)], values())).unwrap_or_else(|problems| panic!("{source}: {problems}"));
            let pieces = rendered.tokens.split(&rendered.texts[0].text).unwrap();
            let [Piece::Text(_), Piece::Blank(id), Piece::Text(_)] = pieces.as_slice() else { panic!("{source}: {pieces:?}") };
            let Source::Derived { filter, input } = &rendered.blanks.get(*id).source else { panic!() };
            assert_eq!(*filter, expected, "{source}");
            let [Piece::Text(before), Piece::Blank(_), Piece::Text(after)] = input.as_slice() else { panic!("{input:?}") };
            assert_eq!((before.as_str(), after.as_str()), ("x", "plain"), "{source}");
        }
    }
}

#[test]
fn lazy_filters_are_plain_on_ordinary_text() {
    for (source, expected) in [
        ("{{ 'a b/ü' | urlencode }}", "a%20b%2F%C3%BC"),
        ("{{ 'ab' | b64encode }}{{ 'YWI=' | b64decode }}", "YWI=ab"),
        ("{{ 'a\"' | json }}{{ app.ports | json_encode }}{{ {'b': 1, 'a': none} | json }}", "\"a\\\"\"[80,443]{\"b\":1,\"a\":null}"),
        ("{{ 'abc' | sha256 }}", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("{{ ' a ' | trim }}{{ 'xax' | trim(pat='x') }}", "aa"),
        ("{{ 'a\nb\n\nc' | indent(width=2) }}", "a\n  b\n\n  c"),
        ("{{ 'a\nb' | indent(first=true, indentation='-', width=1) }}", "-a\n-b"),
        ("{{ 'aß' | upper }}{{ 'AÄ' | lower }}", "ASSaä"),
        ("{{ 'aXb' | replace(from='X', to='-') }}", "a-b"),
        ("{{ text | reveal }}{{ count | raw }}", "plain3"),
    ] {
        assert_eq!(render(source).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn lazy_filters_refuse_what_they_cannot_put_off() {
    for (call, expected) in [
        ("trim(pat='x')", "the filter `trim` takes no `pat` on a blank"),
        ("indent(blank=true)", "the filter `indent` takes no `blank` on a blank"),
        ("indent(width='a')", "the argument `width` of the filter `indent` is not a number"),
        ("replace(from='', to='a')", "the argument `from` of the filter `replace` is not at least one character"),
        ("replace(from='a')", "the argument `to` of the filter `replace` is not a text"),
    ] {
        let message = refused(&format!("{{{{ secret(name='s') | {call} }}}}"));
        assert!(message.starts_with("t.yaml:1:23: ") && message.contains(expected), "{message}");
    }
    for (source, expected) in [
        ("{{ 5 | urlencode }}", "the filter `urlencode` works on text and got a number; put `| str` before it"),
        ("{{ hosts | upper }}", "the filter `upper` works on text and got a list; put `| str` before it"),
        ("{{ '%' | b64decode }}", "got a text that is not base64 of a text"),
        (
            "{{ [secret(name='s')] | json }}",
            "the filter `json` got a list with a blank in it (secret default/s); write the list out and apply `json` to the blank itself",
        ),
    ] {
        let message = refused(source);
        assert!(message.contains(expected), "{message}");
    }
}

/// Each way to observe a blank, with a word of the refusal.
const OBSERVATIONS: [(&str, &str); 62] = [
    ("{{ S == 'a' }}", "compared with `==`"),
    ("{{ 'a' != S }}", "compared with `!=`"),
    ("{{ S < 'a' }}", "compared with `<`"),
    ("{{ 'a' >= S }}", "compared with `>=`"),
    ("{{ [S] == [1] }}", "compared with `==`"),
    ("{{ 'a' in S }}", "compared with `in`"),
    ("{{ S in hosts }}", "compared with `in`"),
    ("{{ S not in hosts }}", "compared with `in`"),
    ("{{ S | length }}", "the filter `length` does not know blanks"),
    ("{{ S | first }}", "the filter `first` does not know"),
    ("{{ S | truncate(length=3) }}", "the filter `truncate` does not know"),
    ("{{ S | reverse }}", "the filter `reverse` does not know"),
    ("{{ S | split(pat='a') }}", "the filter `split` does not know"),
    ("{{ S | title }}", "the filter `title` does not know"),
    ("{{ S | str }}", "the filter `str` does not know"),
    ("{{ S | int }}", "the filter `int` does not know"),
    ("{{ [S, 'a'] | join(sep=',') }}", "the filter `join` does not know"),
    ("{{ [S, 'a'] | sort }}", "the filter `sort` does not know"),
    ("{{ [[S]] | first }}", "the filter `first` does not know"),
    ("{{ {'a': S} | get(key='a') }}", "the filter `get` does not know"),
    ("{{ {'a': S} | values }}", "the filter `values` does not know"),
    ("{{ ('a' ~ S) | wordcount }}", "the filter `wordcount` does not know"),
    ("{{ 'a' | replace(from='a', to=S) }}", "the argument `to` of the filter `replace`"),
    ("{{ hosts | join(sep=S) }}", "the argument `sep` of the filter `join`"),
    ("{{ S | default(value='x') }}", "the filter `default` does not know"),
    ("{{ S[0:3] }}", "has no parts"),
    ("{{ S[0] }}", "has no parts"),
    ("{{ S[-1] | default(value='x') }}", "has no parts"),
    ("{{ ('a' ~ S)[0] }}", "has no parts"),
    ("{{ hosts[S] }}", "cannot be an index"),
    ("{{ app[S] | default(value='x') }}", "cannot be an index"),
    ("{% if S %}a{% endif %}{{ S }}", "decide a condition"),
    ("{% if app.debug %}{% elif S %}a{% endif %}", "decide a condition"),
    ("{{ 'a' if S else 'b' }}", "decide a condition"),
    ("{{ not S }}", "decide a `not`"),
    ("{{ S and 'a' }}", "decide an `and`"),
    ("{{ S or 'a' }}", "decide an `or`"),
    ("{% for c in S %}{{ c }}{% endfor %}", "looped over"),
    ("{% for c in 'a' ~ S %}{{ c }}{% endfor %}", "looped over"),
    ("{{ [c for c in S] }}", "looped over"),
    ("{{ [c for c in hosts if S] }}", "decide a condition"),
    ("{{ S is string }}", "the test `is string` cannot be put to a blank"),
    ("{{ S is defined }}", "the test `is defined` cannot"),
    ("{{ S is not containing(pat='a') }}", "the test `is containing` cannot"),
    ("{{ hosts is containing(pat=S) }}", "the argument `pat` of the test `containing`"),
    ("{{ 'a' is starting_with(pat=S) }}", "the argument `pat` of the test"),
    ("{{ range(end=S) }}", "the argument `end` of `range`"),
    ("{% set t = S %}{% if t %}a{% endif %}{{ t }}", "decide a condition"),
    ("{% set t = 'a' ~ S %}{{ t == 'a' }}{{ t }}", "compared with `==`"),
    ("{% set t %}a{{ S }}{% endset %}{{ t | length }}{{ t }}", "the filter `length` does not know"),
    ("{% set t | length %}{{ S }}{% endset %}{{ t }}", "the filter `length` does not know"),
    ("{% filter length %}{{ S }}{% endfilter %}", "the filter `length` does not know"),
    ("{% filter upper | reverse %}{{ S }}{% endfilter %}", "the filter `reverse` does not know"),
    ("{% set m = {'a': S} %}{{ m.a.b | default(value='x') }}{{ m.a }}", "has no parts"),
    ("{% set m = {'a': S} %}{{ m?.a?.b | default(value='x') }}{{ m.a }}", "has no parts"),
    ("{% set m = {'a': S} %}{{ m.a?.b is defined }}{{ m.a }}", "has no parts"),
    ("{% for x in [S] %}{% if x == 'a' %}{% endif %}{{ x }}{% endfor %}", "compared with `==`"),
    ("{% for k, v in {'a': S} %}{{ v | length }}{{ v }}{% endfor %}", "the filter `length` does not know"),
    ("{{ <look a={S}/> }}", "decide a condition"),
    ("{% <look a={text}> %}{{ S }}{% </look> %}", "the filter `default` does not know"),
    ("{% set x = S %}{% include '_p.yaml' %}", "compared with `==`"),
    ("{% set l = [S] %}{{ l | length }}{{ l }}", "the filter `length` does not know"),
];

#[test]
fn no_blank_can_be_observed() {
    let component = "{% component look(a) %}{% if a %}1{% endif %}{{ body | default(value='') | length }}{{ a }}{% endcomponent %}";
    for (source, expected) in OBSERVATIONS {
        let source = source.replacen('S', "secret(name='s')", 9);
        let templates = [("t.yaml", source.as_str()), ("_c.yaml", component), ("_p.yaml", "{% if x == 'a' %}{% endif %}{{ x }}")];
        match render_with(&templates) {
            Ok(text) => panic!("{source} rendered to {text}"),
            Err(problems) => {
                let message = told(&problems);
                assert_eq!(problems.len(), 1, "{source}: {message}");
                let place = problems[0].place.as_ref().unwrap();
                assert!(message.contains(expected) && place.line == 1 && place.column > 1, "{source}: {message}");
                assert!(!problems[0].next.is_empty());
            }
        }
    }
}

#[test]
fn a_blank_that_does_not_arrive_is_a_problem() {
    for (source, at) in [
        ("a\n{% set t = secret(name='s') %}", "t.yaml:2:12"),
        ("{{ text | default(value=secret(name='s')) }}", "t.yaml:1:25"),
        ("{% set t = secret(name='s') | upper %}", "t.yaml:1:31"),
        ("{{ {'a': secret(name='s'), 'b': 'c'}['b'] }}", "t.yaml:1:10"),
        ("{% set t %}{{ secret(name='s') }}{% endset %}", "t.yaml:1:15"),
        ("{{ 'a' if [secret(name='s')] is array else 'b' }}", "t.yaml:1:11"),
    ] {
        let message = refused(source);
        assert!(message.starts_with(at), "{source}: {message}");
    }
    let message = refused("{% set t = secret(name='s') %}");
    assert_eq!(
        message,
        "t.yaml:1:12: the blank does not reach the output (secret default/s); print it with {{ … }}, or ask for it only where it is printed"
    );
}

#[test]
fn a_blank_passes_through_what_does_not_look() {
    for (source, expected) in [
        ("{% set t = secret(name='s') %}{{ t }}{{ t }}", "<secret default/s><secret default/s>"),
        ("{% for x in [secret(name='a'), 'b'] %}{{ loop.index }}{{ x }}{% endfor %}", "1<secret default/a>2b"),
        ("{{ <c a={secret(name='a')}/> }}", "[<secret default/a>]"),
        ("{% <d> %}{{ secret(name='a') }}{% </d> %}", "(<secret default/a>)"),
        ("{% set x = secret(name='a') %}{% include '_p.yaml' %}", "p<secret default/a>"),
        ("{{ secret(name='a') if app.debug else secret(name='b') }}", "<secret default/b>"),
        ("{{ 'x' and secret(name='b') }}", "<secret default/b>"),
        ("{{ nothing | default(value=secret(name='a')) }}", "<secret default/a>"),
        ("{% set m = {'a': secret(name='a')} %}{{ m.a }}{{ m['a'] }}", "<secret default/a><secret default/a>"),
        ("{{ [secret(name='a')][0] }}", "<secret default/a>"),
        ("{% if app.name == 'shop' and count > 2 %}{{ secret(name='a') }}{% endif %}", "<secret default/a>"),
        ("{# {{ secret(name='b') }} #}{% raw %}{{ secret(name='c') }}{% endraw %}", "{{ secret(name='c') }}"),
        ("{{ secret(name='a') | trim | b64encode }}", "<secret default/a | trim | b64encode>"),
        ("{{ text ~ secret(name='a') | urlencode }}", "plain<secret default/a | urlencode>"),
    ] {
        let components = "{% component c(a: string) %}[{{ a }}]{% endcomponent %}{% component d() %}({{ body }}){% endcomponent %}";
        let templates = [("t.yaml", source), ("_p.yaml", "p{{ x }}"), ("_c.yaml", components)];
        assert_eq!(render_with(&templates).as_deref(), Ok(expected), "{source}");
    }
}

#[test]
fn undefined_names_are_errors_everywhere_and_name_the_nearest() {
    for (source, expected) in [
        ("{{ app.nmae }}", "t.yaml:1:8: `app.nmae` is not defined; write `app.name`, or set it in the values"),
        ("{{ txet }}", "t.yaml:1:4: `txet` is not defined; write `text`, or set it in the values"),
        ("{{ app.image.tga ~ 'x' }}", "t.yaml:1:4: `app.image.tga` is not defined; write `app.image.tag`, or set it in the values"),
        ("{{ app.imge.tag }}", "t.yaml:1:8: `app.imge` is not defined; write `app.image`, or set it in the values"),
        ("{% if txet %}a{% endif %}", "t.yaml:1:7: `txet` is not defined; write `text`, or set it in the values"),
        (
            "{% if app.zzz == 1 %}a{% endif %}",
            "t.yaml:1:7: `app.zzz` is not defined; set it in the values, or write `| default(value=…)` or `is defined` where it may be absent",
        ),
        ("{{ txet | upper }}", "t.yaml:1:11: `txet` is not defined; write `text`, or set it in the values"),
        ("{% set a = txet %}", "t.yaml:1:12: `txet` is not defined; write `text`, or set it in the values"),
        ("{% for a in txet %}{% endfor %}", "t.yaml:1:13: `txet` is not defined; write `text`, or set it in the values"),
        (
            "{{ hosts[9] }}",
            "t.yaml:1:4: `hosts[9]` is not defined; set it in the values, or write `| default(value=…)` or `is defined` where it may be absent",
        ),
    ] {
        assert_eq!(refused(source), expected, "{source}");
    }
    assert_eq!(render("{{ a | default(value='b') }}{% if a is defined %}c{% endif %}{{ app.x is undefined }}").as_deref(), Ok("btrue"));
}

#[test]
fn the_language_is_closed() {
    for (source, expected) in [
        ("{{ __tera_context }}", "t.yaml:1:4: `__tera_context` would print every value; name the value that is needed"),
        ("{{ get_env(name='HOME') }}", "unknown function `get_env`"),
        ("{{ now() }}", "unknown function `now`"),
        ("{{ get_random(end=3) }}", "unknown function `get_random`"),
        ("{{ text | safe }}", "unknown filter `safe`"),
        ("{{ text | group_by(attribute='a') }}", "unknown filter `group_by`"),
        ("{{ text | uper }}", "unknown filter `uper`; write `upper`"),
        ("{{ text is strnig }}", "unknown test `strnig`; write `string`"),
        ("{{ text | urlencode(safe='/') }}", "t.yaml:1:21: the filter `urlencode` has no argument `safe`; leave it out"),
        ("{{ hosts | join(seperator=',') }}", "the filter `join` has no argument `seperator`; use sep"),
        ("{{ hosts is containing(pta='a') }}", "the test `containing` has no argument `pta`; write `pat`"),
        ("{{ range(ned=3) }}", "`range` has no argument `ned`; write `end`"),
        ("{{ text | __plain }}", "`__plain` begins with two underscores"),
        ("{{ secret(name='a', __at=1) }}", "`__at` begins with two underscores"),
        ("{% include '../../../etc/passwd' %}", "there is no template `../../../etc/passwd`"),
        ("{% include 't.ymal' %}", "there is no template `t.ymal`; write `t.yaml`"),
        ("{{ <nope/> }}", "there is no component `nope`"),
        ("{{ throw(message=text) }}", "the message of throw(…) is not a literal text"),
        ("{{ throw(message='no way') }}", "t.yaml:1:4: the template refuses: no way"),
    ] {
        let message = refused(source);
        assert!(message.contains(expected), "{source}: {message}");
    }
}

#[test]
fn syntax_errors_have_a_place() {
    for (source, at) in [
        ("a\n{{ b c }}", "t.yaml:2:6: syntax error: "),
        ("{% if a %}", "t.yaml:1:"),
        ("{{ 'a }}", "t.yaml:1:4: syntax error: "),
        ("{% nope %}", "t.yaml:1:4: syntax error: Unknown tag"),
        ("{{ text | trim }}{% endif %}", "t.yaml:1:21: syntax error: Unknown tag"),
        ("{{ (1 }}", "t.yaml:1:7: syntax error: "),
        ("{% break %}", "t.yaml:1:4: syntax error: "),
    ] {
        let message = refused(source);
        assert!(message.starts_with(at), "{source}: {message}");
    }
}

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

/// Templates that would never end, or fill all memory.
fn bombs() -> Vec<(&'static str, Vec<(String, String)>)> {
    let one = |source: String| vec![("t.yaml".to_owned(), source)];
    let doubling = format!("{{% set a = 'xxxxxxxxxxxxxxxx' %}}{}{{{{ a }}}}", "{% set a = a ~ a %}".repeat(40));
    let loops = |body: &str| {
        let open = ["v0", "v1", "v2", "v3", "v4", "v5"].map(|name| format!("{{% for {name} in range(end=100000) %}}")).concat();
        format!("{open}{body}{}", "{% endfor %}".repeat(6))
    };
    let mut lists = String::from("{% set l = [1, 2] %}");
    lists.push_str(&"{% set l = [...l, ...l] %}".repeat(40));
    let flood = loops("0123456789abcdef0123456789abcdef0123456789abcdef");
    vec![
        ("string doubling", one(doubling.clone())),
        ("string doubling with a blank", one(doubling.replacen("'xxxxxxxxxxxxxxxx'", "secret(name='s')", 1))),
        (
            "string doubling by replace",
            one(format!("{{% set a = 'aaaaaaaa' %}}{}", "{% set a = a | replace(from='a', to='aaaaaaaa') %}".repeat(20))),
        ),
        ("string doubling by a filter", one(format!("{{{{ 'a'{} }}}}", " | replace(from='a', to='aaaa')".repeat(60)))),
        ("list doubling", one(lists)),
        ("nested lists", one("{% set l = [] %}".to_owned() + &"{% set l = [l] %}".repeat(200_000) + "{{ l }}")),
        ("nested loops", one(loops(""))),
        ("nested loops with a test", one(loops("{% if v0 == v5 %}{% endif %}"))),
        ("output flood", one(flood)),
        ("captured flood", one(format!("{{% set a %}}{}{{% endset %}}", loops("0123456789abcdef0123456789abcdef")))),
        ("minting flood", one(loops("{{ secret(name='s') }}"))),
        ("range of a milliard", one("{{ range(end=1000000000) }}".to_owned())),
        ("ranges in ranges", one("{{ [[x for x in range(end=100000)] for y in range(end=100000)] | length }}".to_owned())),
        ("recursive component", one("{% component c() %}{{ <c/> }}{{ <c/> }}{% endcomponent %}{{ <c/> }}".to_owned())),
        ("self include", one("{% include 't.yaml' %}".to_owned())),
        (
            "circle of includes",
            vec![("a.yaml".to_owned(), "{% include 'b.yaml' %}".to_owned()), ("b.yaml".to_owned(), "{% include 'a.yaml' %}".to_owned())],
        ),
        (
            "circle of extends",
            vec![("a.yaml".to_owned(), "{% extends 'b.yaml' %}".to_owned()), ("b.yaml".to_owned(), "{% extends 'a.yaml' %}".to_owned())],
        ),
        (
            "include doubling",
            (0..40)
                .map(|number| (format!("_{number}"), format!("{{% include '_{}' %}}{{% include '_{}' %}}", number + 1, number + 1)))
                .chain([("_40".to_owned(), "x".to_owned()), ("t.yaml".to_owned(), "{% include '_0' %}".to_owned())])
                .collect(),
        ),
        ("20,000 brackets", one(format!("{{{{ {}1{} }}}}", "(".repeat(20_000), ")".repeat(20_000)))),
        ("20,000 ifs", one("{% if true %}".repeat(20_000) + &"{% endif %}".repeat(20_000))),
        ("50,000 terms", one(format!("{{{{ 1{} }}}}", "+1".repeat(50_000)))),
        ("long path", one(format!("{{{{ a{} }}}}", "[a".repeat(5_000)))),
        ("path with many steps", one(format!("{{{{ app{} }}}}", "['x']".repeat(10_000)))),
        ("40 MB of output tags", one("{{ text ~ text }}".repeat(40 << 20 >> 4))),
        ("unclosed tags", one("{{".repeat(1 << 20))),
        ("many raw starts", one("{% raw %}{%".repeat(200_000))),
        ("many comments", one("{#".repeat(1 << 20))),
    ]
}

/// Peak address space of this process's children, in KiB, as often as one can look.
fn watch(stop: &std::sync::atomic::AtomicBool) -> u64 {
    let own = format!("PPid:\t{}\n", std::process::id());
    let mut peak = 0;
    while !stop.load(std::sync::atomic::Ordering::Relaxed) {
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Ok(status) = std::fs::read_to_string(entry.path().join("status")) else { continue };
            if status.contains(&own) && status.starts_with("Name:\tcloze\n") {
                let line = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
                peak = peak.max(line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0));
            }
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    peak
}

#[test]
#[expect(clippy::disallowed_methods, reason = "this test is about time")]
fn hostile_templates_end_within_two_seconds_and_256_mib() {
    let stop = std::sync::atomic::AtomicBool::new(false);
    let run = |templates: &[(String, String)]| {
        let templates: Vec<(&str, &str)> = templates.iter().map(|(file, text)| (file.as_str(), text.as_str())).collect();
        let request = request(&templates, values());
        let start = std::time::Instant::now();
        let outcome = process().render(&request).map(|rendered| rendered.texts.len());
        (start.elapsed().as_secs_f64(), outcome)
    };
    let (outcomes, peak) = std::thread::scope(|scope| {
        let watcher = scope.spawn(|| watch(&stop));
        let outcomes: Vec<_> = bombs()
            .into_iter()
            .map(|(name, templates)| {
                // Templates of several megabytes get more time, in proportion.
                let size: usize = templates.iter().map(|(_, text)| text.len()).sum();
                let allowed = 2.0 + f64::from(u32::try_from(size >> 20).unwrap()) / 4.0;
                // A busy machine is not the engine's fault: the best of three counts.
                let mut best = run(&templates);
                for _ in 0..2 {
                    if best.0 > allowed {
                        best = run(&templates);
                    }
                }
                (name, allowed, best)
            })
            .collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        (outcomes, watcher.join().unwrap())
    });
    for (name, allowed, (elapsed, outcome)) in outcomes {
        let told = outcome.map_err(|problems| told(problems.list()).chars().take(200).collect::<String>());
        println!("{name}: {elapsed:.2} s: {told:?}");
        assert!(told.is_err() || name == "40 MB of output tags", "{name}");
        assert!(elapsed < allowed, "{name}: {elapsed} s");
    }
    println!("peak {peak} KiB");
    assert!(peak > 10_000 && peak <= 256 << 10, "{peak} KiB");
}

#[test]
fn a_bomb_names_its_template_and_spares_no_text() {
    let request = request(
        &[
            ("a.yaml", "a"),
            ("_p.yaml", ""),
            ("b.yaml", "{% for a in range(end=100000) %}{% for b in range(end=100000) %}{% endfor %}{% endfor %}"),
            ("c.yaml", "c"),
        ],
        values(),
    );
    let problems = process().render(&request).map(|rendered| rendered.texts.len()).unwrap_err();
    assert_eq!(told(problems.list()), "b.yaml: rendering takes longer than 2 s; bound its loops and the texts that it joins");
}

#[test]
fn a_program_that_is_no_worker_is_a_problem() {
    let request = request(&[("a.yaml", "a")], values());
    let engine = |program: &str| ProcessEngine::new(program, Vec::new(), Arc::new(Machine));
    let problems = engine("/nonexistent/program").render(&request).map(|_| ()).unwrap_err();
    assert_eq!(
        told(problems.list()),
        "the rendering process cannot be started; check that the program may start itself and that there are free processes"
    );
    let problems = engine("/bin/true").render(&request).map(|_| ()).unwrap_err();
    assert_eq!(told(problems.list()), "the rendering process ended without an answer; simplify the template, or report this as a bug");
    let problems = engine("/bin/cat").render(&request).map(|_| ()).unwrap_err();
    assert_eq!(told(problems.list()), "the rendering process gave too much or made no sense; split the project, or report this as a bug");
}

/// Expressions of the language, well-formed and not, over [`values`]; `S` stands for a blank.
fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => proptest::sample::select(vec![
            "1", "2.5", "'a'", "\"b\"", "`c`", "true", "none", "text", "count", "hosts", "app.name", "app.image.tag", "app.ports", "empty", "app",
            "nothing", "app.nothing", "app?.nothing", "app?.image?.tag", "loop.index", "[]", "{}", "'{{'", "'%}'", "'a\\'b'",
        ]).prop_map(str::to_owned),
        1 => Just("S".to_owned()),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let operators =
            vec!["+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", "<=", ">", ">=", "and", "or", "in", "not in", "is", "is not"];
        let filters = vec![
            "upper",
            "lower",
            "trim",
            "length",
            "first",
            "last",
            "join(sep='-')",
            "default(value=1)",
            "default(value=text)",
            "sort",
            "unique",
            "reverse",
            "indent(width=2)",
            "replace(from='a', to='b')",
            "str",
            "int",
            "get(key='name')",
            "keys",
            "title",
            "nth(n=0)",
        ];
        let tests = vec!["defined", "undefined", "string", "number", "odd", "none", "containing(pat='a')", "starting_with(pat='p')", "map"];
        prop_oneof![
            (inner.clone(), proptest::sample::select(operators), inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (inner.clone(), proptest::sample::select(filters.clone())).prop_map(|(a, filter)| format!("{a} | {filter}")),
            (inner.clone(), proptest::sample::select(filters)).prop_map(|(a, filter)| format!("{a}|{filter}")),
            (inner.clone(), proptest::sample::select(tests)).prop_map(|(a, test)| format!("{a} is {test}")),
            inner.clone().prop_map(|a| format!("({a})")),
            inner.clone().prop_map(|a| format!("not {a}")),
            inner.clone().prop_map(|a| format!("-{a}")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("{a} if {b} else {c}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("[{a}, {b}, ...hosts]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{{'x': {a}, 'y': {b}, ...app}}")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[{b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("{a}[:{b}]")),
            inner.clone().prop_map(|a| format!("app?[{a}]")),
            inner.clone().prop_map(|a| format!("({a})[0]")),
            (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("[{a} for x in {b} if {c}]")),
            inner.clone().prop_map(|a| format!("range(end={a})")),
            inner.prop_map(|a| format!("<c a={{{a}}}/>")),
        ]
    })
    .boxed()
}

fn template() -> BoxedStrategy<String> {
    let text =
        proptest::sample::select(vec!["a\n", "  b ", "\n\n c: d\n", "{", "}", "x {# {{ y }} #} ", "{% raw %} {{ z }} {% endraw %}", "é\n"]);
    let leaf = prop_oneof![
        text.prop_map(str::to_owned),
        expression().prop_map(|a| format!("{{{{ {a} }}}}")),
        expression().prop_map(|a| format!("{{{{- {a} -}}}}")),
        expression().prop_map(|a| format!("{{% set v = {a} %}}{{{{ v }}}}")),
        Just("{% include '_p.yaml' %}".to_owned()),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let many = proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| parts.concat());
        prop_oneof![
            many.clone(),
            (expression(), many.clone(), many.clone()).prop_map(|(a, b, c)| format!("{{% if {a} %}}{b}{{%- else -%}}{c}{{% endif %}}")),
            (expression(), many.clone()).prop_map(|(a, b)| format!("{{% for x in {a} -%}}\n{b}\n{{%- endfor %}}")),
            (expression(), many.clone()).prop_map(|(a, b)| format!("{{% for k, x in {a} %}}{b}{{{{ k }}}}{{% endfor %}}")),
            many.clone().prop_map(|b| format!("{{% filter upper | trim %}}{b}{{% endfilter %}}")),
            many.clone().prop_map(|b| format!("{{% filter length %}}{b}{{% endfilter %}}")),
            many.clone().prop_map(|b| format!("{{% set w %}}{b}{{% endset %}}\n{{{{ w }}}}")),
            many.prop_map(|b| format!("{{% <d> %}}{b}{{% </d> %}}")),
        ]
    })
    .boxed()
}

const COMPONENTS: &str = "{% component c(a) %}[{{ a }}]{% endcomponent %}{% component d() %}\n({{ body }})\n{% endcomponent %}";

/// What Tera alone makes of a template, with `secret` giving `secret`.
fn tera_alone(secret: &str, source: &str) -> Option<String> {
    let secret = secret.to_owned();
    let mut tera = tera::Tera::default();
    tera.autoescape_on(Vec::<&str>::new());
    tera.register_function("secret", move |_: tera::Kwargs, _: &tera::State<'_>| secret.clone());
    tera.add_raw_templates([("t.yaml", source), ("_c.yaml", COMPONENTS), ("_p.yaml", "p\n {{ text }}")]).ok()?;
    tera.render("t.yaml", &tera::Context::from_serialize(&values()).unwrap()).ok()
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
                let message = told(problems.list());
                if tera_alone("some-text", &source).is_some() {
                    let ours = ["is not defined", "a blank ", "know blanks", "blank does not reach", "with a blank in it", "to a blank", "cannot be an index"];
                    assert!(ours.iter().any(|word| message.contains(word)), "{source}: {message}");
                }
            }
        }
    }
}

fn filled(rendered: &Rendered, id: cloze::blank::BlankId, secret: &str) -> String {
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
            filter.apply(&cloze::secret::Secret::copy_of(text.as_bytes())).unwrap().expose_text().unwrap().to_owned()
        }
    }
}
