//! Invalid input of every kind: a clear error, no secret, no panic.
