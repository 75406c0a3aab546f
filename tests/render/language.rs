//! What the language holds: names that are defined, no more functions than ours, and syntax.

use crate::bench::refused;
use crate::bench::render;

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
        ("{% nope %}", "t.yaml:1:4: syntax error: unknown tag"),
        ("{{ text | trim }}{% endif %}", "t.yaml:1:21: syntax error: unknown tag"),
        ("{{ (1 }}", "t.yaml:1:7: syntax error: "),
        ("{% break %}", "t.yaml:1:4: syntax error: "),
    ] {
        let message = refused(source);
        assert!(message.starts_with(at), "{source}: {message}");
    }
}
