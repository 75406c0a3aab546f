//! What a blank asks for, and that it arrives where it is printed.

use std::sync::Arc;

use cloze::blank::Source;
use cloze::clock::Machine;
use cloze::render::Engine as _;
use cloze::render::TeraEngine;

use crate::bench::masked;
use crate::bench::refused;
use crate::bench::render_with;
use crate::bench::request;
use crate::bench::values;

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
