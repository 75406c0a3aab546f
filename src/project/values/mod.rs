//! Values: what templates see, merged from values files and assignments.

mod assign;
mod load;
mod merge;
mod read;
mod scalar;

pub use assign::Assignment;
pub use load::Values;
pub use merge::merge;
pub use read::ValuesLimits;
pub use read::read;
