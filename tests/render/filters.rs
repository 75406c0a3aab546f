//! The filters that wait for the value.

use std::sync::Arc;

use cloze::blank::Filter;
use cloze::blank::Piece;
use cloze::blank::Source;
use cloze::clock::Machine;
use cloze::render::Engine as _;
use cloze::render::TeraEngine;

use crate::bench::refused;
use crate::bench::render;
use crate::bench::request;
use crate::bench::values;

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
