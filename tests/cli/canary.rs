//! No secret leaves its place.
