//! References: who is meant, and whether it has what is asked for.

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
                "      envFrom:\n",
                "        - secretRef: { name: web-credential }\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:9:30: Secret shop-dev/web-credential is neither in the release nor declared\n",
            "  write `web-credentials`, or declare it under `external:`"
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
                "      envFrom:\n",
                "        - configMapRef: { name: zzz }\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:9:33: ConfigMap shop-dev/zzz is neither in the release nor declared\n",
            "  add it to the templates, or declare it under `external:`"
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
                "          valueFrom: { configMapKeyRef: { name: web-env, key: LOGLEVEL } }\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:10:63: ConfigMap shop-dev/web-env has no key `LOGLEVEL`\n",
            "  write `LOG_LEVEL`, or add the key"
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
                "          valueFrom: { secretKeyRef: { name: smtp, key: passwd } }\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:10:57: Secret shop-dev/smtp has no key `passwd`\n", "  write `password`, or add the key"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Pod\n",
                "metadata: { name: x, namespace: other }\n",
                "spec:\n",
                "  containers: [{ name: c, image: i }]\n",
                "  volumes:\n",
                "    - name: v\n",
                "      configMap: { name: web-env }\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:8:26: ConfigMap other/web-env is neither in the release nor declared\n",
            "  add it to the templates, or declare it under `external:`"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: web-env }\n", "data: { ENVIRONMENT: x }\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:1:1: ConfigMap shop-dev/web-env stands in the release twice, first in templates/config.yaml\n",
            "  rename or remove one of the two"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x, annotations: { cloze.dev/names: fixed } }\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:3:37: `cloze.dev/names` is neither `stable` nor `versioned`\n", "  write one of the two"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x, annotations: { cloze.dev/nmes: stable } }\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:3:37: cloze knows no annotation `cloze.dev/nmes`\n", "  write `cloze.dev/names`"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: ConfigMap\n",
                "immutable: true\n",
                "metadata: { name: x, annotations: { cloze.dev/names: stable } }\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:3:1: `immutable: true` stands on an object with a stable name, so that no later release can change it\n",
            "  remove it, or write `cloze.dev/names: versioned`"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "immutable: false\n", "metadata: { name: x }\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:3:1: `immutable: false` stands on an object whose name follows its content\n",
            "  remove it, or write `cloze.dev/names: stable`"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: ConfigMap\n",
                "metadata: { name: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa }\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:3:19: the name and its suffix have 261 characters; Kubernetes allows 253\n",
            "  shorten the name to 242 characters"
        ),
    },
];

#[test]
fn references_and_names() {
    provoke("references", CASES);
}
