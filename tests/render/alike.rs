//! Both engines give the same, and every run does.

use cloze::blank::Piece;

use crate::bench::engines;
use crate::bench::masked;
use crate::bench::render;
use crate::bench::request;
use crate::bench::values;

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
