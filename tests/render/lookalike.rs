//! Text of other programs that looks like template syntax, and what the messages make of it.

use serde_json::json;

use crate::bench::engines;
use crate::bench::masked;
use crate::bench::messages;
use crate::bench::refused;
use crate::bench::render;
use crate::bench::render_with;
use crate::bench::request;

#[test]
fn a_shells_lengths_begin_no_comment() {
    for source in [
        "if [ \"${#hosts[@]}\" -lt 2 ]; then\n  #location {\n  #}\nfi\n",
        "echo ${#1} ${#@} ${#}\n# {x #}\n",
        "${#a}\n${#b} #}",
        "x=${x%#}; y=${#x}; z='#}'",
    ] {
        assert_eq!(render(source).as_deref(), Ok(source));
    }
    assert_eq!(render("{% for x in hosts %}${#x} {{ x }}#}{# gone #}{% endfor %}").as_deref(), Ok("${#x} b.example#}${#x} a.example#}"));
    assert_eq!(render("{% set a %}${#b}{% endset %}{{ a }}#}").as_deref(), Ok("${#b}#}"));
}

#[test]
fn what_may_be_a_comment_or_text_is_refused_at_its_place() {
    let message = "`{#` begins neither a comment nor ordinary text for certain; write a space behind `{#` for a comment; put text that is not \
                   for cloze between `{% raw %}` and `{% endraw %}`, or say `template: false` for its file under `templates:` or `config:`";
    for (source, at) in [("a\n b {#if x}y{/if} #}", "2:4"), ("location / {#deny all;\n#}", "1:12"), ("{##}", "1:1"), ("{#é #}", "1:1")] {
        assert_eq!(refused(source), format!("t.yaml:{at}: {message}"), "{source}");
    }
    assert_eq!(
        refused("x {# never closed"),
        "t.yaml:1:3: syntax error: the comment is not closed; close the comment with `#}`; put text that is not for cloze between `{% raw %}` and \
         `{% endraw %}`, or say `template: false` for its file under `templates:` or `config:`"
    );
    assert_eq!(render("a{# b #}{#- c -#} d").as_deref(), Ok("ad"));
}

#[test]
fn a_failed_template_does_not_hide_its_error_behind_another() {
    for templates in [
        [("a.yaml", "{{ secret(name='s') }}{{ nothing_here }}"), ("b.yaml", "{{ secret(name='t') | upper }}")],
        [("a.yaml", "{{ secret(name='s') | b64encode }}{{ nothing_here }}"), ("b.yaml", "{{ secret(name='t') | trim | json }}")],
        [("a.yaml", "{% set x = secret(name='s') %}{{ text | upper }}"), ("b.yaml", "{{ secret(name='t') | indent(width=2) }}")],
    ] {
        for (name, engine) in engines() {
            let problems = engine.render(&request(&templates, json!({"text": "x"}))).map(|_| ()).unwrap_err();
            let lines = messages(problems.list());
            assert!(lines.starts_with("a.yaml:1:") && !lines.contains("b.yaml") && problems.list().len() == 1, "{name}: {lines}");
        }
    }
}

#[test]
fn one_template_may_use_the_whole_budget() {
    let text = "x".repeat(600);
    let source = format!("{{% for i in range(end=40000) %}}{{{{ i }}}}{text}{{% endfor %}}");
    let (_, engine) = engines().into_iter().next_back().unwrap();
    assert_eq!(masked(&engine.render(&request(&[("t", &source)], json!({}))).unwrap()).len(), 40_000 * 600 + 188_890);
    let source = format!("{{% for i in range(end=30000) %}}{{{{ i }}}}{}{{% endfor %}}", text.repeat(2));
    let problems = engine.render(&request(&[("a", &source), ("b", &source), ("c", "c")], json!({}))).map(|_| ()).unwrap_err();
    assert_eq!(
        messages(problems.list()),
        "b: the templates of this run render to more than 64 MiB; bound the loops; if that much is meant, raise the budget of the run with \
         `CLOZE_BUDGET=2`"
    );
}

#[test]
fn a_name_with_hyphens_is_told_how_to_be_written() {
    let values = json!({"image-tag": "1", "app": {"log-level": "x"}, "app2": {"a": 1}, "cloze": {"values": {"image-tag": "1"}}});
    let (_, engine) = engines().into_iter().next().unwrap();
    let run = |source: &str| engine.render(&request(&[("t", source)], values.clone())).map(|rendered| masked(&rendered));
    for (source, next) in [
        ("{{ image-tag }}", "`-` is minus: write `cloze.values[\"image-tag\"]` for the value `image-tag`"),
        ("{{ image-tag | upper }}", "`-` is minus: write `cloze.values[\"image-tag\"]` for the value `image-tag`"),
        ("{{ app.log-level }}", "`-` is minus: write `app[\"log-level\"]` for the value `app.log-level`"),
        ("{{ app2.log-level }}", "`-` is minus: write `app2[\"log-level\"]` for the value `app2.log-level`, and set it in the values"),
    ] {
        let problems = run(source).unwrap_err();
        assert_eq!(problems.list()[0].next, next, "{source}");
    }
    assert_eq!(run("{{ cloze.values[\"image-tag\"] }}{{ app[\"log-level\"] }}").unwrap(), "1x");
}

#[test]
fn tags_of_other_programs_are_named() {
    for (source, words) in [
        ("{{ .Values.image.tag }}", "this looks like a Helm template; write `{{ image.tag }}`"),
        ("{{- if .Values.x }}a{{ end }}", "this looks like a Helm template; write `{% if value %}`"),
        ("{{ include \"a.labels\" . }}", "this looks like a Helm template; write `{% include"),
        ("{{ $labels.instance }} is down", "between `{% raw %}` and `{% endraw %}`"),
        ("{{ __name__ }}", "between `{% raw %}` and `{% endraw %}`"),
        ("{{instance}} {{pod}}", "between `{% raw %}` and `{% endraw %}`"),
    ] {
        let message = refused(source);
        assert!(message.contains(words), "{source}: {message}");
    }
    let partial = [("_p.yaml", "{{ .Chart.Name }}"), ("t.yaml", "{% include '_p.yaml' %}")];
    assert!(messages(&render_with(&partial).unwrap_err()).contains("this looks like a Helm template; write `{{ cloze.project }}`"));
}
