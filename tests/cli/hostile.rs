//! Hostile templates and documents end in an error, soon and small.
