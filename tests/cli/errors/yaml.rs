//! YAML as Kubernetes reads it.

use crate::errors::Case;
use crate::errors::Change;
use crate::errors::provoke;

const CASES: &[Case] = &[
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: b\n", "  a: c\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:6:3: the key is in this mapping already, at line 5\n", "  remove one of the two"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "\ta: b\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:1: a tab cannot indent\n", "  indent with spaces"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: b\n", " c: d\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:6:2: a mapping key is expected here\n", "  write `key: value` or correct the indentation"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: \"b\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:6: the quotes are not closed\n", "  close them"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: *x\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:6: the alias has no anchor before it\n", "  define the anchor or quote the text"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: [b\n"),
        )],
        command: "check",
        code: 4,
        says: concat!(
            "error: templates/x.yaml:5:3: a comma or the closing bracket is expected before this\n",
            "  add it, or quote the text"
        ),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: b: c\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:7: a mapping cannot start here\n", "  quote the text or put the mapping on the next line"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!("apiVersion: v1\n", "kind: ConfigMap\n", "metadata: { name: x }\n", "data:\n", "  a: @b\n"),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:5:6: this character cannot start a value\n", "  quote the value"),
    },
    Case {
        change: &[Change::Write(
            "templates/x.yaml",
            concat!(
                "a: &a [x,x,x,x,x,x,x,x,x]\n",
                "b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\n",
                "c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\n",
                "d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n",
                "e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\n",
                "f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\n",
                "g: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n"
            ),
        )],
        command: "check",
        code: 4,
        says: concat!("error: templates/x.yaml:2:17: almost all of the document comes from aliases\n", "  write the values out"),
    },
];

#[test]
fn yaml_faults() {
    provoke("yaml", CASES);
}
