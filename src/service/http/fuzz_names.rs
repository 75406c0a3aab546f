//! Names that try to leave their place in an address: for the properties of every adapter that writes names into one.

use proptest::prelude::Strategy;
use proptest::prelude::any;
use proptest::prelude::prop;
use proptest::prop_oneof;

/// Names of the parts that traversals are made of, with those that mean something in a vault's `own` addresses.
pub(crate) fn fuzz_names(own: &[&'static str]) -> impl Strategy<Value = String> {
    let parts = prop::sample::select([PARTS, own].concat());
    prop_oneof![prop::collection::vec(parts, 0..8).prop_map(|parts| parts.concat()), any::<String>()]
}

const PARTS: &[&str] = &[
    // Segments, plain and encoded once and twice.
    "..",
    ".",
    "/",
    "//",
    "\\",
    "%2e",
    "%2E%2e",
    "%2f",
    "%5c",
    "%252e",
    "%00",
    // What ends a path, a host or a parameter.
    "?",
    "#",
    "@",
    ":",
    ";",
    "&",
    "=",
    "+",
    "http:",
    "evil.example",
    "[::1]",
    // What parsers drop, or take for a dot or a slash.
    "\t",
    "\n",
    "\r",
    "\0",
    "\u{ff0e}",
    "\u{2024}",
    "\u{2215}",
    "\u{200b}",
    // What is harmless.
    "a",
    "b c",
    "B-9",
    "é",
    "*",
    "~",
    "_",
    " ",
];
