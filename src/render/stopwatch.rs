//! A limit on this process's own processor time, finer than `RLIMIT_CPU`'s whole seconds and wound up again where work gets on.
//!
//! Processor time and not the clock's: what a template may do must not depend on what else the machine does.

use std::io;
use std::time::Duration;

#[cfg(target_os = "linux")]
use nix::sys::signal::{SigEvent, SigevNotify, Signal};
#[cfg(target_os = "linux")]
use nix::sys::timer::{Expiration, Timer, TimerSetTimeFlags};
#[cfg(target_os = "linux")]
use nix::time::ClockId;

/// The signal that ends the process, by number: SIGPROF.
pub(super) const RUN_DOWN: i32 = 27;

/// A timer of the kernel (POSIX.1-2024, `timer_create`) that ends this process with [`RUN_DOWN`]. Systems that have none leave the
/// limit to `RLIMIT_CPU`.
#[derive(Debug)]
pub(super) struct Stopwatch {
    #[cfg(target_os = "linux")]
    timer: Timer,
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "there is no timer to set"))]
    most: Duration,
}

impl Stopwatch {
    /// One that runs down once this process has used `most` of processor time from now on.
    pub(super) fn wound(most: Duration) -> io::Result<Self> {
        let mut stopwatch = Self {
            #[cfg(target_os = "linux")]
            timer: Timer::new(
                ClockId::CLOCK_PROCESS_CPUTIME_ID,
                SigEvent::new(SigevNotify::SigevSignal { signal: Signal::SIGPROF, si_value: 0 }),
            )?,
            most,
        };
        stopwatch.wind()?;
        Ok(stopwatch)
    }

    /// From now on again.
    pub(super) fn wind(&mut self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        self.timer.set(Expiration::OneShot(self.most.into()), TimerSetTimeFlags::empty())?;
        Ok(())
    }
}
