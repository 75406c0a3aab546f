//! Objects that people manage by hand: referred to, never rendered.

use crate::manifest::ConfigKind;

/// One entry of `external:`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct External {
    /// ConfigMap or Secret.
    pub referent: ConfigKind,
    /// Its namespace; `None` when it is in whichever namespace refers to it.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its keys; `None` when nobody says which it has.
    pub keys: Option<Vec<String>>,
}
