//! The command line.

use crate::errors::Case;
use crate::errors::provoke;

const CASES: &[Case] = &[
    Case {
        change: &[],
        command: "check -e prod",
        code: 2,
        says: concat!("error: there is no environment `prod`\n", "  name one of `dev`"),
    },
    Case {
        change: &[],
        command: "show 3",
        code: 6,
        says: concat!("error: there is no release 3; there is none yet\n", "  list the releases with `cloze history`"),
    },
    Case {
        change: &[],
        command: "diff --against 3",
        code: 6,
        says: concat!("error: there is no release 3; there is none yet\n", "  list the releases with `cloze history`"),
    },
    Case { change: &[], command: "rollback", code: 6, says: concat!("error: there is no release to go back to\n", "  deploy first") },
    Case { change: &[], command: "rollback 3", code: 6, says: concat!("error: there is no release to go back to\n", "  deploy first") },
    Case {
        change: &[],
        command: "vault get nothere",
        code: 5,
        says: concat!("error: there is no secret `nothere` in shop/secrets/dev.vault\n", "  set it with `cloze vault set nothere`"),
    },
    Case {
        change: &[],
        command: "vault remove nothere",
        code: 5,
        says: concat!("error: there is no secret `nothere` in shop/secrets/dev.vault\n", "  set it with `cloze vault set nothere`"),
    },
    Case {
        change: &[],
        command: "vault list --vault other",
        code: 2,
        says: concat!("error: there is no vault `other`\n", "  name one of: default"),
    },
    Case {
        change: &[],
        command: "render --set replicas",
        code: 2,
        says: concat!("error: `--set` has no `=`\n", "  write `path=value`, and `\\,` for a comma that belongs to a value"),
    },
    Case {
        change: &[],
        command: "render --set replicas=[1",
        code: 4,
        says: concat!(
            "error: templates/deployment.yaml:10:11: a comma or the closing bracket is expected before this\n",
            "  add it, or quote the text"
        ),
    },
    Case {
        change: &[],
        command: "render --values nothere.yaml",
        code: 3,
        says: concat!("error: there is no file `nothere.yaml`\n", "  create the file, or correct the path"),
    },
    Case {
        change: &[],
        command: "init ../x",
        code: 2,
        says: concat!(
            "error: `../x` is not a DNS label\n",
            "  use at most 63 lower-case letters, digits and `-`, with a letter or digit at both ends"
        ),
    },
];

#[test]
fn wrong_commands() {
    provoke("usage", CASES);
}
