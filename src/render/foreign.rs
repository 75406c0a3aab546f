//! Template tags that other programs read: recognised by their look, so that the next step names what helps.

use std::sync::Arc;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::render::RenderRequest;
use crate::render::findings::Lines;
use crate::render::lexer::Tag;
use crate::render::lexer::TemplatePart;
use crate::render::lexer::Word;
use crate::render::lexer::WordKind;
use crate::render::lexer::parts;

/// What to do about the tag around or before the byte `at`, where it looks like another program's.
pub(super) fn foreign(source: &str, at: usize) -> Option<String> {
    let (before, tag) = tag(source, at)?;
    if before.ends_with('$') {
        return Some(format!("this looks like a placeholder of GitHub Actions; {RAW}"));
    }
    let inner = tag.trim_start_matches(['{', '%', '-']).trim_end_matches(['}', '%', '-']).trim();
    let first = inner.split(|char: char| !char.is_ascii_alphanumeric()).next().unwrap_or_default();
    let path = inner.strip_prefix('.').map_or_else(|| helm_object(inner).filter(|(_, rest)| !rest.is_empty()), helm_object);
    if let Some((object, rest)) = path {
        let instead = match object {
            "Values" if !rest.is_empty() => format!("write `{{{{ {rest} }}}}`"),
            "Release" if rest == "Namespace" => "write `{{ cloze.namespace }}`".to_owned(),
            "Release" | "Chart" => "write `{{ cloze.project }}`, or a value of your own".to_owned(),
            _ => "set it in the values".to_owned(),
        };
        return Some(format!("this looks like a Helm template; {instead}"));
    }
    let hint = match first {
        "with" if inner.starts_with("with secret") => return Some(format!("this looks like a template of a Vault agent; {RAW}")),
        "include" if !tag.starts_with("{%") => "write `{% include \"_file.yaml\" %}`, or a component",
        "template" | "define" | "block" if tag.starts_with("{{") => "write `{% include \"_file.yaml\" %}`, or a component",
        "if" | "else" | "end" | "with" if tag.starts_with("{{") => "write `{% if value %}` and `{% endif %}`",
        "range" if tag.starts_with("{{") && !inner.starts_with("range(") => "write `{% for item in list %}` and `{% endfor %}`",
        _ if ["toYaml", "nindent", "| quote", "| squote"].iter().any(|word| inner.contains(word)) => {
            "write `{{ value | json }}`, which YAML reads too"
        }
        _ if helm_object_in(inner) => "write values without `.Values.` before them",
        _ => return alien(inner),
    };
    if first == "include" || helm_object_in(inner) || inner.contains("| quote") || inner.contains("nindent") {
        return Some(format!("this looks like a Helm template; {hint}"));
    }
    Some(format!("this looks like a Helm or Go template; {hint}; or, where it is not for cloze, {RAW}"))
}

/// Text of Prometheus, Grafana, Go or a client-side framework, which is for another program.
fn alien(inner: &str) -> Option<String> {
    let looks = inner.starts_with(['$', '.', '*', '#', '/', '^', '!', '>', '&', '@']) || inner.contains(":=") || inner.starts_with('_');
    looks.then(|| RAW.to_owned())
}

/// A warning for each placeholder of another program that the values fill: `{{namespace}}` in the legend of a Grafana panel, `${{ x }}` of
/// GitHub Actions, `{{workflow.name}}` of Argo Workflows.
pub fn filled_placeholders(request: &RenderRequest) -> Vec<Problem> {
    let mut warnings = Vec::new();
    for template in request.templates.iter().filter(|template| may_be_anothers(&template.text)) {
        let lines = Lines::new(Arc::clone(&template.file), &template.text);
        for part in parts(&template.text).unwrap_or_default() {
            let TemplatePart::Tag(Tag { statement: false, range, words, .. }) = part else { continue };
            let [Word { kind: WordKind::Name, range: name }, rest @ ..] = words.as_slice() else { continue };
            let line = template.text[..range.start].rsplit('\n').next().unwrap_or_default();
            let name = &template.text[name.clone()];
            let program = match line {
                _ if HELM_OBJECTS.contains(&name) && !rest.is_empty() => "Helm",
                _ if ARGO.iter().any(|(kind, roots)| roots.contains(&name) && is_argo(&template.text, kind)) => "Argo",
                _ if line.ends_with('$') => "GitHub Actions",
                _ if line.contains(LEGEND) && rest.is_empty() => "Grafana",
                _ => continue,
            };
            if request.values.get(name).is_some() {
                let reason = format!("`{name}` is filled from the values here, not by {program}");
                warnings.push(Problem::new(Fault::Check, reason, RAW).at(lines.place(range.start)));
            }
        }
    }
    warnings
}

fn may_be_anothers(text: &str) -> bool {
    text.contains(LEGEND)
        || text.contains("${{")
        || text.contains(ARGO_GROUP)
        || HELM_OBJECTS.iter().any(|object| text.contains(&format!("{object}.")))
}

/// The API group of Argo's kinds.
const ARGO_GROUP: &str = "argoproj.io/";

/// The variables that Argo fills, by a word of the kinds that have them (argo-workflows.readthedocs.io/en/latest/variables,
/// argo-cd.readthedocs.io/en/stable/operator-manual/applicationset/Generators).
const ARGO: [(&str, &[&str]); 2] = [
    ("Workflow", &["inputs", "item", "lastRetry", "node", "outputs", "pod", "retries", "steps", "tasks", "workflow"]),
    ("ApplicationSet", &["branch", "metadata", "nameNormalized", "path", "server"]),
];

/// Whether a template has an object of Argo's of a kind with that word in it.
fn is_argo(text: &str, word: &str) -> bool {
    let mut kinds = text.lines().filter_map(|line| line.trim_start().strip_prefix("kind:"));
    text.contains(ARGO_GROUP) && kinds.any(|kind| kind.contains(word))
}

/// The field of a Grafana panel's target with names of labels in braces.
const LEGEND: &str = "legendFormat";

/// The way out for text that other programs read.
pub(super) const RAW: &str = "put text that is not for cloze between `{% raw %}` and `{% endraw %}`, or say `template: false` for its file under `templates:` or `config:`";

/// Helm's object and the path behind it: `Values` and `image.tag` of `Values.image.tag`.
fn helm_object(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|char: char| !char.is_ascii_alphanumeric()).unwrap_or(text.len());
    let (object, rest) = text.split_at(end);
    let path = rest.strip_prefix('.').unwrap_or_default();
    let end = path.find(|char: char| !(char.is_ascii_alphanumeric() || matches!(char, '_' | '.'))).unwrap_or(path.len());
    HELM_OBJECTS.contains(&object).then_some((object, &path[..end]))
}

fn helm_object_in(inner: &str) -> bool {
    HELM_OBJECTS.iter().any(|object| inner.contains(&format!(".{object}.")))
}

/// Helm's built-in objects (<https://helm.sh/docs/chart_template_guide/builtin_objects/>).
const HELM_OBJECTS: [&str; 7] = ["Values", "Release", "Chart", "Files", "Capabilities", "Template", "Subcharts"];

/// What is before the tag in which or right before which the byte `at` is, and at most 200 bytes of the tag.
fn tag(source: &str, at: usize) -> Option<(&str, &str)> {
    let mut end = (at + 2).min(source.len());
    while !source.is_char_boundary(end) {
        end += 1;
    }
    let open = source[..end].rfind("{{").max(source[..end].rfind("{%"))?;
    let mut stop = source[open..].find(['\n', '}']).map_or(source.len(), |length| open + length).min(open + 200);
    while !source.is_char_boundary(stop) {
        stop -= 1;
    }
    Some((&source[..open], &source[open..stop]))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::filled_placeholders;
    use super::foreign;
    use crate::render::RenderRequest;
    use crate::render::Template;

    #[test]
    fn a_placeholder_of_another_program_that_the_values_fill_is_warned_of() {
        let text = "\"expr\": \"{{ namespace }}\",\n\"legendFormat\": \"{{namespace}} {{pod}}\",\n\"legendFormat\": \"{{ cloze.namespace }}\",\n\
                    {% raw %}\"legendFormat\": \"{{namespace}}\"{% endraw %}\nrun: ${{ namespace.x }} $${{ other }} ${{ secret(name=\"a\") }}\n";
        let templates = vec![Template { file: Arc::from("d.json"), text: text.to_owned() }];
        let warnings = filled_placeholders(&RenderRequest { values: json!({"namespace": "shop"}), templates, ..RenderRequest::default() });
        let reported: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            reported,
            [
                "d.json:2:18: `namespace` is filled from the values here, not by Grafana",
                "d.json:5:7: `namespace` is filled from the values here, not by GitHub Actions"
            ]
        );
    }

    #[test]
    fn variables_of_argo_and_helm_that_the_values_fill_are_warned_of() {
        let values = json!({"workflow": {"name": "x"}, "inputs": {"parameters": {"a": 1}}, "server": "s", "Values": {"a": 1}, "name": "n"});
        let reported = |text: &str| {
            let templates = vec![Template { file: Arc::from("d.yaml"), text: text.to_owned() }];
            let warnings = filled_placeholders(&RenderRequest { values: values.clone(), templates, ..RenderRequest::default() });
            warnings.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        for kind in ["Workflow", "WorkflowTemplate", "ClusterWorkflowTemplate", "CronWorkflow"] {
            let text =
                format!("apiVersion: argoproj.io/v1alpha1\nkind: {kind}\na: \"{{{{workflow.name}}}} {{{{inputs.parameters.a}}}}\"\n");
            let expected = ["workflow", "inputs"].map(|name| format!("`{name}` is filled from the values here, not by Argo"));
            let said = reported(&text);
            assert!(said.len() == 2 && said.iter().zip(&expected).all(|(said, expected)| said.ends_with(expected)), "{said:?}");
        }
        assert_eq!(reported("apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\na: \"{{server}} {{name}}\"\n").len(), 1);
        assert_eq!(reported("a: {{ Values.a }}"), ["d.yaml:1:4: `Values` is filled from the values here, not by Helm"]);
        for text in ["kind: Workflow\na: {{ name }}", "kind: Deployment\na: {{ workflow.name }}", "a: {{ inputs.parameters.a }}"] {
            assert_eq!(reported(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn helm_is_known_by_its_objects_and_functions() {
        for (source, expected) in [
            ("{{ .Values.image.tag }}", "this looks like a Helm template; write `{{ image.tag }}`"),
            ("{{- .Values.a | quote -}}", "this looks like a Helm template; write `{{ a }}`"),
            ("{{ .Release.Namespace }}", "this looks like a Helm template; write `{{ cloze.namespace }}`"),
            ("{{ .Chart.Name }}", "this looks like a Helm template; write `{{ cloze.project }}`, or a value of your own"),
            ("{{- if .Values.x }}", "this looks like a Helm template; write `{% if value %}` and `{% endif %}`"),
            ("{{ Release.Namespace }}", "this looks like a Helm template; write `{{ cloze.namespace }}`"),
            ("{{ Values.x | quote }}", "this looks like a Helm template; write `{{ x }}`"),
            ("{{ x | quote }}", "this looks like a Helm template; write `{{ value | json }}`, which YAML reads too"),
            ("{{- range .Values.l }}", "this looks like a Helm template; write `{% for item in list %}` and `{% endfor %}`"),
            (
                "{{ include \"a.labels\" . | nindent 4 }}",
                "this looks like a Helm template; write `{% include \"_file.yaml\" %}`, or a component",
            ),
            ("{{ toYaml . | nindent 4 }}", "this looks like a Helm template; write `{{ value | json }}`, which YAML reads too"),
            ("{{ default 1 .Values.x }}", "this looks like a Helm template; write values without `.Values.` before them"),
        ] {
            assert_eq!(foreign(source, 3).as_deref(), Some(expected), "{source}");
        }
    }

    #[test]
    fn text_of_other_programs_is_pointed_to_raw() {
        for source in [
            "{{ $labels.instance }}",
            "{{#each x}}",
            "{{ .State }}",
            "{{ __name__ }}",
            "{{ _message }}",
            "{{/if}}",
            "{{ end }}",
            "{{ define \"x\" }}",
            "{{ template \"a\" . }}",
            "{{- with secret \"kv/x\" -}}",
            "${{ secrets.X }}",
            "{{ $x := 1 }}",
        ] {
            assert!(foreign(source, 3).is_some_and(|next| next.contains("{% raw %}") && next.contains("template: false")), "{source}");
        }
    }

    #[test]
    fn ordinary_tags_are_not_foreign() {
        for source in ["{{ values }}", "{{ (1 }}", "{% if x %}", "{% block a %}", "{{ range(end=3) }}", "no tag", "é{{ü"] {
            assert_eq!(foreign(source, 3.min(source.len() - 2)), None, "{source}");
        }
    }
}
