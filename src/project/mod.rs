//! The project: its file, its values, its starter, and what each setting amounts to.

mod decode;
mod document;
mod glob;
mod nearest;
mod path;
mod quote;
mod root;
mod said;
mod schema;
pub mod values;

pub use document::ConfigEntry;
pub use document::Environment;
pub use document::External;
pub use document::HistoryUrl;
pub use document::KeyEntry;
pub use document::Names;
pub use document::ObjectKind;
pub use document::PROJECT_FILE;
pub use document::PROJECT_FILE_LIMIT;
pub use document::Project;
pub use document::VaultEntry;
pub use document::VaultKind;
pub use glob::MOST_FILES;
pub use glob::Pattern;
pub use nearest::nearest;
pub use path::normalise;
pub use quote::quote;
pub use root::Root;
pub use said::Said;
pub use schema::SCHEMA;
