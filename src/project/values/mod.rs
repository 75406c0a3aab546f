//! Values: what templates see, merged from values files and assignments.

mod assign;
mod budget;
mod key;
mod load;
mod merge;
mod read;
mod scalar;
mod schema;
mod spelling;

pub use assign::Assignment;
pub use budget::ValuesLimits;
pub use load::Setter;
pub use load::Values;
pub use load::ValuesFile;
pub use merge::merge;
pub use read::read;
pub use schema::VALUES_SCHEMA;
pub use schema::ValuesSchema;
