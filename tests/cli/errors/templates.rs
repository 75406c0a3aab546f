//! Templates: names, functions, syntax, and values that are not there.

use crate::errors::Case;
use crate::errors::Change;
use crate::errors::provoke;

const CASES: &[Case] = &[
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ nothere }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: `nothere` is not defined\n",
            "  set it in the values, or write `| default(value=…)` or `is defined` where it may be absent"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ loglevel }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:9: `loglevel` is not defined\n", "  write `logLevel`, or set it in the values"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ image.tags }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:15: `image.tags` is not defined\n", "  write `image.tag`, or set it in the values"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ now() }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:9: unknown function `now`\n", "  use one of range, secret, super, throw"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ get_env(name=\"HOME\") }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: unknown function `get_env`\n",
            "  use one of range, secret, super, throw\n",
            "error: templates/x.yaml:5:17: `get_env` has no argument `name`\n",
            "  leave it out\n",
            "2 problems"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ logLevel\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: syntax error: the template ends in the middle of a tag or a block\n",
            "  close what is open: `{{` with `}}`, `{% for %}` with `{% endfor %}`, `{% if %}` with `{% endif %}`"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {% for x in features %}{{ x }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:36: syntax error: the template ends in the middle of a tag or a block\n",
            "  close what is open: `{{` with `}}`, `{% for %}` with `{% endfor %}`, `{% if %}` with `{% endif %}`"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {% endfor %}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: syntax error: unknown tag\n",
            "  correct the tag at this place: cloze reads templates in Tera's syntax"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ 1 / 0 }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:13: this fails with the values that it gets: `0`\n",
            "  check the values and the expression"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ features + 1 }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: arithmetic with something that is no number: `features + 1`\n",
            "  use numbers, or `~` to join texts"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {% include \"/etc/passwd\" %}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:17: there is no template `/etc/passwd`\n", "  add the template, or correct its name"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ __tera_context }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:9: `__tera_context` would print every value\n", "  name the value that is needed"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {{ throw(message=\"no\") }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:9: the template refuses: no\n", "  do what the message says"),
    },
];

#[test]
fn templates_and_their_names() {
    provoke("templates", CASES);
}
