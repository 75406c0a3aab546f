//! A kill at any moment loses nothing and needs no repair.
