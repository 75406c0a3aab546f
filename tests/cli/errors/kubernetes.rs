//! Kubernetes' own rules.

use crate::errors::Case;
use crate::errors::Change;
use crate::errors::provoke;

const CASES: &[Case] = &[
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
                "          value: 8080\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:10:18: `env.A` is a number where Kubernetes demands a string\n", "  quote it"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: 80\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:6: `data.a` is a number where Kubernetes demands a string\n", "  quote it"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: yes\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:6: `data.a` is a boolean where Kubernetes demands a string\n", "  quote it"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a:\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:4: `data.a` is null where Kubernetes demands a string\n",
            "  write \"\" if an empty string is meant"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: {b: c}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:6: `data.a` is a mapping where Kubernetes demands a string\n",
            "  write it as text, in a block that begins with `|`"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a/b: c\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:3: `a/b` cannot be a key\n",
            "  use letters, digits, `-`, `_` and `.`, at most 253, and do not begin with `..`"
        ),
    },
    Case {
        change: &[Change::Write("templates/x.yaml", concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: {}\n"))],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:1:1: the manifest has no `metadata.name`\n",
            "  add it; every object has apiVersion, kind and metadata.name"
        ),
    },
    Case {
        change: &[Change::Write("templates/x.yaml", concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: Web_Env }\n"))],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:3:19: `Web_Env` cannot name a ConfigMap: it is no DNS name\n",
            "  use lower-case letters, digits, `-` and `.`, at most 253, with a letter or digit at both ends of each part"
        ),
    },
    Case {
        change: &[Change::Write("templates/x.yaml", concat!("apiVersion: v1\n", "metadata: { name: x }\n"))],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:1:1: the manifest has no `kind`\n",
            "  add it; every object has apiVersion, kind and metadata.name"
        ),
    },
    Case {
        change: &[Change::Write("templates/x.yaml", concat!("kind: ConfigMap\n", "metadata: { name: x }\n"))],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:1:1: the manifest has no `apiVersion`\n",
            "  add it; every object has apiVersion, kind and metadata.name"
        ),
    },
    Case {
        change: &[Change::Write("templates/x.yaml", "- a\n")],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:1:1: a manifest is a mapping, this is a list\n", "  write apiVersion, kind and metadata"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "type: kubernetes.io/tls\n",
                "metadata: { name: x }\n",
                "stringData: { tls.crt: x }\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:3:7: a Secret of type `kubernetes.io/tls` has no key `tls.key`\n",
            "  add it, or change the type"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "type: kubernetes.io/dockerconfigjson\n",
                "metadata: { name: x }\n",
                "stringData: { .dockerconfigjson: nope }\n"
            ),
        )],
        command: "deploy",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:34: `data..dockerconfigjson` is no JSON object\n",
            "  give it a Docker configuration, {\"auths\": {…}}"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: Secret\n", "metadata: { name: x }\n", "data: { a: not base64 }\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:4:12: `data.a` is not base64\n", "  encode it, or write it under `stringData` as it is"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x, labels: { port: 80 } }\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:3:38: `labels.port` is a number where Kubernetes demands a string\n", "  quote it"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: ConfigMap\n",
                "metadata: { name: x }\n",
                "data:\n",
                "  a: \"{% for i in range(end=1049) %}{% for j in range(end=100) %}aaaaaaaaaa{% endfor %}{% endfor %}\"\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:3: the values of the ConfigMap have 1049000 bytes; Kubernetes allows 1048576\n",
            "  divide them among several objects, or mount a volume"
        ),
    },
];

#[test]
fn the_rules_of_kubernetes() {
    provoke("kubernetes", CASES);
}
