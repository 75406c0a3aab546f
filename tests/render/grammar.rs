//! Templates of the language, well-formed and not.

use proptest::prelude::BoxedStrategy;
use proptest::prelude::Just;
use proptest::prelude::Strategy as _;
use proptest::prop_oneof;
use proptest::sample::select;

/// Expressions of the language, well-formed and not, over [`crate::bench::values`]; `S` stands for a blank.
fn expression() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        4 => select(vec![
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
            (inner.clone(), select(operators), inner.clone()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (inner.clone(), select(filters.clone())).prop_map(|(a, filter)| format!("{a} | {filter}")),
            (inner.clone(), select(filters)).prop_map(|(a, filter)| format!("{a}|{filter}")),
            (inner.clone(), select(tests)).prop_map(|(a, test)| format!("{a} is {test}")),
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

pub(crate) fn template() -> BoxedStrategy<String> {
    let text = select(vec!["a\n", "  b ", "\n\n c: d\n", "{", "}", "x {# {{ y }} #} ", "{% raw %} {{ z }} {% endraw %}", "é\n"]);
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

pub(crate) const COMPONENTS: &str = "{% component c(a) %}[{{ a }}]{% endcomponent %}{% component d() %}\n({{ body }})\n{% endcomponent %}";
