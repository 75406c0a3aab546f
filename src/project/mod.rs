//! The project: its file, its values, its starter, and what each setting amounts to.

mod glob;
mod nearest;
mod path;
mod quote;
mod root;
mod said;
pub mod values;

pub use glob::MOST_FILES;
pub use glob::Pattern;
pub use nearest::nearest;
pub use path::normalise;
pub use quote::quote;
pub use root::Root;
pub use said::Said;
