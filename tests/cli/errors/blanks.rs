//! Blanks: where they may stand, and what may become of them.

use crate::errors::Case;
use crate::errors::Change;
use crate::errors::provoke;

const CASES: &[Case] = &[
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "  a: {% set x = secret(name=\"db-password\") %}b\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:17: the blank does not reach the output (secret default/db-password)\n",
            "  print it with {{ … }}, or ask for it only where it is printed"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "  a: {% if secret(name=\"db-password\") == \"x\" %}y{% endif %}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:12: a blank cannot be compared with `==` (secret default/db-password)\n",
            "  let a value of the environment decide; a template never sees what a secret holds"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "  a: \"{{ secret(name=\"db-password\") | length }}\"\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:10: the filter `length` does not know blanks (secret default/db-password)\n",
            "  use a filter that knows blanks: urlencode, b64encode, b64decode, json, sha256, trim, indent, upper, lower, replace"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "  a: {{ secret(name=\"db-password\") | truncate(length=3) }}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: the filter `truncate` does not know blanks (secret default/db-password)\n",
            "  use a filter that knows blanks: urlencode, b64encode, b64decode, json, sha256, trim, indent, upper, lower, replace"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "  {{ secret(name=\"db-password\") }}: a\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:3: a blank stands in a mapping's key\n",
            "  write the key in the template; only values can be secret"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: ConfigMap\n",
                "metadata: { name: x }\n",
                "data:\n",
                "  a: {{ secret(name=\"db-password\") }}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: <secret default/db-password> would be public in `data.a` of ConfigMap shop-dev/x\n",
            "  move the key to a Secret, or write `| reveal` if it is no secret"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: ConfigMap\n",
                "metadata:\n",
                "  name: x\n",
                "  annotations:\n",
                "    a: \"{{ secret(name=\"db-password\") }}\"\n",
                "data: {}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:6:12: <secret default/db-password> would be public in `metadata.annotations.a` of ConfigMap shop-dev/x\n",
            "  put the value into a Secret and refer to it, or write `| reveal` if it is no secret"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: Secret\n", "metadata:\n", "  name: x-{{ secret(name=\"db-password\") }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:4:9: a blank stands in `metadata.name`\n",
            "  write it in the template; only values of a Secret can be secret"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Pod\n",
                "metadata: { name: x }\n",
                "spec:\n",
                "  containers:\n",
                "    - name: c\n",
                "      image: i\n",
                "      env:\n",
                "        - name: A\n",
                "          value: {{ secret(name=\"db-password\") }}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:10:21: <secret default/db-password> would be public in `spec.containers[0].env[0].value` of Pod shop-dev/x\n",
            "  put the value into a Secret and refer to it, or write `| reveal` if it is no secret"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Pod\n",
                "metadata: { name: x }\n",
                "spec:\n",
                "  containers:\n",
                "    - name: c\n",
                "      image: i\n",
                "      args: [\"--pw={{ secret(name=\"db-password\") }}\"]\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:8:23: <secret default/db-password> would be public in `spec.containers[0].args[0]` of Pod shop-dev/x\n",
            "  put the value into a Secret and refer to it, or write `| reveal` if it is no secret"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "data:\n",
                "  c: \"x {{ secret(name=\"db-password\") }}\"\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:6:12: a blank stands beside other text under `data`, whose values are base64\n",
            "  write the text under `stringData`"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "  a.json: '{\"a\": {{ secret(name=\"db-password\") }} }'\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:21: a blank stands outside of quotes (line 1 of `a.json`)\n",
            "  put it in quotes, or write `| json` after it for a JSON string or `| raw` for the value as it is"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "  a.json: '{\"{{ secret(name=\"db-password\") }}\": 1 }'\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:17: a blank stands in a key (line 1 of `a.json`)\n",
            "  write the key out; only values can be filled"
        ),
    },
];

#[test]
fn blanks_of_every_kind() {
    provoke("blanks", CASES);
}
