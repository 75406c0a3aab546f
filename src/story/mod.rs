//! The stories that users tell: stages and seams in a row.

pub mod compare;
pub mod deploy;
pub mod emit;
pub mod prepare;
pub mod recipe;
pub mod review;
pub mod rollback;
pub mod trust;
