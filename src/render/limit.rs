//! Limits on this process.

use std::io;
use std::time::Duration;

use rustix::process::Resource;
use rustix::process::Rlimit;
use rustix::process::getrlimit;
use rustix::process::setrlimit;

use crate::render::Budget;
use crate::render::stopwatch::Stopwatch;

/// How long before the whole seconds of its processor time are over the process ends, so that its end is a matter of its time.
const HASTE: Duration = Duration::from_millis(300);

/// Bounds the memory of this process by a budget, and its processor time by seconds, for as long as the stopwatch is there.
pub(super) fn bound(budget: Budget, seconds: u32) -> io::Result<Stopwatch> {
    limit(Resource::As, budget.memory() as u64)?;
    limit(Resource::Cpu, u64::from(seconds))?;
    Stopwatch::wound(Duration::from_secs(seconds.into()).saturating_sub(HASTE))
}

/// Takes a limit, or leaves a lower one that is there already.
pub(super) fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let most = getrlimit(resource).maximum.map_or(most, |present| present.min(most));
    match setrlimit(resource, Rlimit { current: Some(most), maximum: Some(most) }) {
        Err(error) if cfg!(target_os = "linux") => Err(error.into()),
        // Other systems do not know every limit; processor time and the parent's deadline hold there too.
        _ => Ok(()),
    }
}
