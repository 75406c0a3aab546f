//! Going back, exactly.
