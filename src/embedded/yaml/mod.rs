//! YAML, as far as 1.1 and 1.2 agree. The scanner knows lines, indentation, flow brackets and the five styles of scalars;
//! it builds no tree and copies nothing.

mod block;
mod escape;
mod scan;

pub(super) use block::write_block;
pub(super) use escape::escape_double;
pub(super) use escape::write_json;
pub(super) use scan::scan;
