//! Lines on the terminal while it is waited. They come late, and leave nothing behind: not at the end, not on Ctrl-C.

use std::io;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::Once;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use rustix::termios::tcgetwinsize;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGQUIT;
use signal_hook::consts::SIGTERM;
use signal_hook::flag;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::ui::clean;

/// What is done again and again meanwhile, until this is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The lines that are on the terminal now, for the one who must clear them before the program is ended.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// What is to be said then.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

/// Whether another program has the terminal.
static LEFT: AtomicBool = AtomicBool::new(false);

impl Progress {
    /// Does `each` after `late`, then again after each `tick`, until it is dropped; then nothing of it is on the terminal any more.
    pub(crate) fn begin(late: Duration, tick: Duration, mut each: impl FnMut() + Send + 'static) -> Self {
        let (stop, stopped) = mpsc::channel();
        let show = move || {
            let mut pause = late;
            while stopped.recv_timeout(pause) == Err(RecvTimeoutError::Timeout) {
                each();
                pause = tick;
            }
        };
        // Without a thread there is no line, which nobody needs.
        let thread = thread::Builder::new().name("progress".to_owned()).spawn(show).ok();
        Self { stop: Some(stop), thread }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so already.
            let _ = thread.join();
        }
        clear();
    }
}

/// Draws lines in the place of those that were drawn before, as wide as the terminal.
pub(crate) fn draw(lines: &[String]) {
    clear_when_killed();
    let columns = tcgetwinsize(io::stderr()).map_or(0, |size| usize::from(size.ws_col));
    let width = if columns > 1 { columns - 1 } else { WIDTH };
    let fit = |line: &String| clean(line).chars().take(width).collect::<String>();
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let bar = shown.get_or_insert_with(|| {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            bar.set_style(style);
        }
        bar
    });
    bar.set_message(lines.iter().map(fit).collect::<Vec<_>>().join("\n"));
    bar.tick();
}

/// How wide a terminal is that does not say it.
const WIDTH: usize = 80;

fn clear() {
    if let Some(bar) = SHOWN.lock().unwrap_or_else(PoisonError::into_inner).take() {
        bar.finish_and_clear();
    }
}

/// Says `words` on stderr when a signal ends the program, from now on; `None` says nothing any more.
pub(crate) fn say_when_killed(words: Option<String>) {
    *LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner) = words;
    clear_when_killed();
}

/// From now on what a terminal sends, SIGINT and SIGQUIT, is for the program that has it, which knows what is meant, and ends this one no more.
pub(crate) fn leave_interrupts() -> io::Result<()> {
    LEFT.store(true, Ordering::Relaxed);
    [SIGINT, SIGQUIT].into_iter().try_for_each(|signal| flag::register(signal, Arc::default()).map(drop))
}

/// From now on the lines are cleared before a signal ends the program as it would have.
fn clear_when_killed() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Where no thread can be had, there is no handler, and a signal ends the program at once.
        let (ready, registered) = mpsc::channel::<()>();
        let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
            drop(ready);
            for signal in signals.forever() {
                if signal == SIGINT && LEFT.load(Ordering::Relaxed) {
                    continue;
                }
                clear();
                if let Some(words) = LAST_WORDS.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    // Who reads it may have gone.
                    let _ = writeln!(io::stderr(), "{words}");
                }
                let _ = emulate_default_handler(signal);
            }
        });
        // A signal that comes right after what it is to find, finds it: this returns when the handler is there, or never will be.
        let _ = registered.recv();
    });
}
