//! Several runs at once, full disks, read-only places.
