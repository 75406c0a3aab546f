//! Each error, its place, reason, next step and exit code.
