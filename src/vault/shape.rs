//! What a value is in its vault.

/// What a value is in its vault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Text or bytes.
    Plain,
    /// The JSON text of something else than a string: a number, a boolean, an object. It can be used through `| json` only.
    Json(&'static str),
}
