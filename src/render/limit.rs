//! Limits on this process.

use std::io;

use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;

/// Takes a limit, or leaves a lower one that is there already.
pub(super) fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = getrlimit(resource).maximum.map_or(most, |present| present.min(most));
    match setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }) {
        Err(error) if cfg!(target_os = "linux") => Err(error.into()),
        // Other systems do not know every limit; processor time and the parent's deadline hold there too.
        _ => Ok(()),
    }
}
