//! cloze: fill the blanks of Kubernetes templates from a key vault, name configurations by content, keep an encrypted history.

pub mod blank;
pub mod clock;
pub mod digest;
pub mod event;
pub mod history;
pub mod inner;
pub mod key;
pub mod manifest;
pub mod nearest;
pub mod output;
pub mod place;
pub mod problem;
pub mod project;
pub mod reference;
pub mod render;
pub mod seal;
pub mod secret;
pub mod stage;
pub mod story;
pub mod vault;
pub mod wiring;
