//! The project file, values and files.

use crate::errors::Case;
use crate::errors::Change;
use crate::errors::provoke;

const CASES: &[Case] = &[
    Case {
        change: &[Change::Replace("cloze.yaml", "environments:", "enviroments:")],
        command: "check",
        code: 3,
        says: concat!(
            "error: cloze.yaml:2:1: the project file has no `environments`\n",
            "  add `environments: …`\n",
            "error: cloze.yaml:20:1: unknown key `enviroments`\n",
            "  write `environments`\n",
            "2 problems"
        ),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "names: versioned", "names: versionned")],
        command: "check",
        code: 3,
        says: concat!("error: cloze.yaml:9:8: unknown word `versionned` at `names`\n", "  write `versioned`"),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "apiVersion: cloze.dev/v1", "apiVersion: cloze.dev/v2")],
        command: "check",
        code: 3,
        says: concat!(
            "error: cloze.yaml:2:13: `cloze.dev/v2` at `apiVersion` is not known to this version of cloze\n",
            "  write `cloze.dev/v1`, or use a newer cloze"
        ),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "project: \"shop\"", "project: \"Shop\"")],
        command: "check",
        code: 3,
        says: concat!(
            "error: cloze.yaml:3:10: `Shop` at `project` is not a DNS label\n",
            "  use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends"
        ),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "values/dev.yaml]", "../dev.yaml]")],
        command: "check",
        code: 3,
        says: concat!(
            "error: cloze.yaml:28:34: `../dev.yaml` at `environments.dev.values[1]` leaves the project with `..`\n",
            "  keep the file beneath the project's directory and name it from there"
        ),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "values/dev.yaml]", "/etc/passwd]")],
        command: "check",
        code: 3,
        says: concat!(
            "error: cloze.yaml:28:34: `/etc/passwd` at `environments.dev.values[1]` is an absolute path\n",
            "  write a path relative to the project's directory"
        ),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "\"config/web/*\"", "\"config/wbe/*\"")],
        command: "check",
        code: 3,
        says: concat!("error: cloze.yaml:13:49: `config/wbe/*` matches no file\n", "  correct the pattern, or remove it"),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "\"templates/**/*.yaml\"", "\"template/*.yaml\"")],
        command: "check",
        code: 3,
        says: concat!("error: cloze.yaml:5:13: `template/*.yaml` matches no file\n", "  correct the pattern, or remove it"),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "values/dev.yaml]", "values/dev.yaml]\n    vaults: { default: { kind: hashicorb } }")],
        command: "check",
        code: 3,
        says: concat!(
            "error: cloze.yaml:29:32: unknown word `hashicorb` at `environments.dev.vaults.default.kind`\n",
            "  write `hashicorp`"
        ),
    },
    Case {
        change: &[Change::Replace(
            "cloze.yaml",
            "values/dev.yaml]",
            "values/dev.yaml]\n    vaults: { default: { kind: hashicorp, mount: kv } }",
        )],
        command: "check",
        code: 3,
        says: concat!("error: cloze.yaml:29:15: the vault `default` has no address\n", "  add `address: https://…`, or set `VAULT_ADDR`"),
    },
    Case {
        change: &[Change::Replace("cloze.yaml", "names: versioned", "names: versioned\nnames: stable")],
        command: "check",
        code: 3,
        says: concat!("error: cloze.yaml:10:1: the key is in this mapping already, at line 9\n", "  remove one of the two"),
    },
    Case {
        change: &[Change::Write("cloze.yaml", "")],
        command: "check",
        code: 3,
        says: concat!("error: cloze.yaml: the project file is empty\n", "  write a project file, or let `cloze init NAME` write one"),
    },
    Case {
        change: &[Change::Write("values/dev.yaml", "a: [b\n")],
        command: "check",
        code: 3,
        says: concat!(
            "error: values/dev.yaml:2:1: this is not valid YAML\n",
            "  check quotes, brackets, colons and indentation at and above this line"
        ),
    },
    Case {
        change: &[Change::Write("values/dev.yaml", "- a\n")],
        command: "check",
        code: 3,
        says: concat!("error: values/dev.yaml: the file holds no mapping at its top\n", "  write `key: value` lines"),
    },
    Case {
        change: &[Change::Write("values/dev.yaml", concat!("a: 1\n", "a: 2\n"))],
        command: "check",
        code: 3,
        says: concat!("error: values/dev.yaml:2:1: the key `a` stands twice in one mapping\n", "  remove one of the two"),
    },
    Case {
        change: &[Change::Delete("values/common.yaml")],
        command: "check",
        code: 3,
        says: concat!("error: cloze.yaml:28:14: there is no file `values/common.yaml`\n", "  create the file, or correct the path"),
    },
    Case {
        change: &[Change::Delete("config/secrets/appsettings.secrets.json")],
        command: "check",
        code: 3,
        says: concat!("error: cloze.yaml:14:49: `config/secrets/*` matches no file\n", "  correct the pattern, or remove it"),
    },
    Case {
        change: &[Change::Delete("secrets/dev.vault")],
        command: "vault get db-password",
        code: 5,
        says: concat!("error: there is no secret `db-password` in shop/secrets/dev.vault\n", "  set it with `cloze vault set db-password`"),
    },
    Case {
        change: &[Change::Delete(".cloze/dev.key")],
        command: "deploy",
        code: 5,
        says: concat!(
            "error: the key file `shop/.cloze/dev.key` is not there\n",
            "  restore it from where your team keeps it, or name it with CLOZE_KEY_FILE"
        ),
    },
    Case {
        change: &[Change::Delete("secrets/dev.keyring")],
        command: "deploy",
        code: 5,
        says: concat!(
            "error: environment `dev` has a vault and no keyring at `secrets/dev.keyring`\n",
            "  restore the keyring from version control; without it the vault cannot be opened"
        ),
    },
    Case {
        change: &[Change::Write("secrets/dev.keyring", "{}")],
        command: "deploy",
        code: 5,
        says: concat!(
            "error: the keyring is not readable at line 1, column 2: a field is missing, unknown, there twice or of the wrong type\n",
            "  restore the keyring from version control or from the history"
        ),
    },
    Case {
        change: &[Change::Write(".cloze/dev.key", "hello")],
        command: "deploy",
        code: 5,
        says: concat!(
            "error: `shop/.cloze/dev.key`: the key file is not one line of `cloze-key-v1`, an id and a key\n",
            "  check that it is the right file and arrived whole, or restore it from where it was made"
        ),
    },
    Case {
        change: &[Change::Write("secrets/dev.vault", "hello\n")],
        command: "vault list",
        code: 5,
        says: concat!(
            "error: the local vault is damaged at shop/secrets/dev.vault:1: the header is not `cloze-vault 1 …`\n",
            "  restore it, or use the cloze that wrote this file"
        ),
    },
    Case {
        change: &[Change::Prepend("secrets/dev.vault", "<<<<<<< HEAD\n")],
        command: "vault list",
        code: 5,
        says: concat!(
            "error: the local vault is damaged at shop/secrets/dev.vault:1: a merge conflict\n",
            "  keep the lines of both sides; where both have the same version of a secret, keep one and set the other value again"
        ),
    },
];

#[test]
fn project_values_and_files() {
    provoke("files", CASES);
}
