//! Blanks: what may be asked for.

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
                "  a: {{ secret(name=\"db-pasword\") }}\n"
            ),
        )],
        command: "deploy",
        code: 5,
        says: concat!(
            "error: templates/x.yaml:5:9: default/db-pasword of local vault shop/secrets/dev.vault: there is no secret `db-pasword` in shop/secrets/dev.vault\n",
            "  set it with `cloze vault set db-pasword`"
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
                "  a: {{ secret(name=\"smtp\", key=\"pw\") }}\n"
            ),
        )],
        command: "deploy",
        code: 5,
        says: concat!(
            "error: templates/x.yaml:5:9: default/smtp#pw of local vault shop/secrets/dev.vault: there is no key `pw`; there is `password`, `username`\n",
            "  ask for a key that is there, or store this one"
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
                "  a: {{ secret(name=\"db-password\", version=\"7\") }}\n"
            ),
        )],
        command: "deploy",
        code: 5,
        says: concat!(
            "error: templates/x.yaml:5:9: default/db-password@7 of local vault shop/secrets/dev.vault: `db-password` has no version 7; the current one is 1\n",
            "  pin a version that is there, or leave `version` out"
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
                "  a: {{ secret(name=\"db-password\", version=\"latest\") }}\n"
            ),
        )],
        command: "deploy",
        code: 5,
        says: concat!(
            "error: templates/x.yaml:5:9: default/db-password@latest of local vault shop/secrets/dev.vault: `latest` is no version; versions here are 1, 2, 3, …\n",
            "  pin a version that the vault has, or leave `version` out"
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
                "  a: {{ secret(name=\"db-password\", vault=\"defualt\") }}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: the environment has no vault `defualt`\n",
            "  write `default` if that is meant, or add the vault under `vaults:`"
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
                "  a: {{ secret(name=\"db-password\", vault=\"other\") }}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: the environment has no vault `other`\n",
            "  add it under `vaults:` in the project file"
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
                "  a: {{ secret(name=\"db-password\") | urlencod }}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:38: unknown filter `urlencod`\n", "  write `urlencode`"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: Secret\n", "metadata: { name: x }\n", "stringData:\n", "  a: {{ secret() }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:9: secret(…) has no name\n", "  write secret(name=\"…\")"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "apiVersion: v1\n",
                "kind: Secret\n",
                "metadata: { name: x }\n",
                "stringData:\n",
                "  a: {{ secret(\"db-password\") }}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:16: syntax error: a text stands where a name is expected\n",
            "  name the argument, as in `secret(name=\"…\")`, or take the quotes away"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: Secret\n", "metadata: { name: x }\n", "stringData:\n", "  a: {{ secret(nme=\"x\") }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:16: `secret` has no argument `nme`\n", "  write `name`"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: Secret\n", "metadata: { name: x }\n", "stringData:\n", "  a: {{ secret(name=3) }}\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: the argument `name` of secret(…) is of type number, not a text\n",
            "  write name=\"…\""
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: Secret\n", "metadata: { name: x }\n", "stringData:\n", "  a: {{ secret(name=\"../x\") }}\n"),
        )],
        command: "deploy",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: default/../x cannot be asked of local vault shop/secrets/dev.vault: `../x` contains `..`, or `.` as a segment\n",
            "  write the secret's name as the vault has it"
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
                "  a: {{ secret(name=\"x\", allow=\"anything\") }}\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:9: the argument `allow` of secret(…) names what is not known\n",
            "  write allow=\"empty\", \"expired\" or \"empty,expired\""
        ),
    },
];

#[test]
fn what_is_asked_for() {
    provoke("asks", CASES);
}
