//! The searcher of the tests of the command line.

#[path = "../cli/canary/canaries.rs"]
pub(crate) mod canaries;
#[path = "../cli/canary/encoding.rs"]
pub(crate) mod encoding;
#[path = "../cli/canary/search.rs"]
pub(crate) mod search;
