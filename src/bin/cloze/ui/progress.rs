//! One line on the terminal while vaults are asked. It comes late, and leaves nothing behind: not at the end, not on Ctrl-C.

use std::io;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::Once;
use std::sync::PoisonError;
use std::sync::mpsc;
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::thread::JoinHandle;
use std::time::Duration;

use cloze::service::Meters;
use indicatif::ProgressBar;
use indicatif::ProgressDrawTarget;
use indicatif::ProgressStyle;
use signal_hook::consts::SIGINT;
use signal_hook::consts::SIGTERM;
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::ui::clean;
use crate::ui::human;

/// Who is asked, and with how many calls.
#[derive(Debug)]
pub(crate) struct Asking {
    /// The vaults.
    pub(crate) vaults: Vec<String>,
    /// The calls that are planned.
    pub(crate) calls: usize,
    /// The calls that were answered before.
    pub(crate) answered: usize,
}

/// The line, until it is dropped.
#[derive(Debug)]
pub(crate) struct Progress {
    stop: Option<mpsc::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Nobody needs a line for less.
const LATE: Duration = Duration::from_millis(250);
/// How often it changes.
const TICK: Duration = Duration::from_millis(100);

/// The line that is on the terminal now, for the one who must clear it before the program is ended.
static SHOWN: Mutex<Option<ProgressBar>> = Mutex::new(None);

/// What is to be said then.
static LAST_WORDS: Mutex<Option<String>> = Mutex::new(None);

impl Progress {
    /// Shows the line when it has taken a while.
    pub(crate) fn begin(meters: Arc<Meters>, asking: Arc<Mutex<Asking>>) -> Self {
        let (stop, stopped) = mpsc::channel();
        let show = move || {
            if stopped.recv_timeout(LATE) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            clear_when_killed();
            loop {
                draw(&words(&meters, &asking));
                if stopped.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
                    break;
                }
            }
            clear();
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
    }
}

fn words(meters: &Meters, asking: &Mutex<Asking>) -> String {
    let asking = asking.lock().unwrap_or_else(PoisonError::into_inner);
    let answered = meters.answered().saturating_sub(asking.answered);
    clean(&human::progress(&asking.vaults, answered, asking.calls.max(answered))).into_owned()
}

fn draw(text: &str) {
    let mut shown = SHOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let bar = shown.get_or_insert_with(|| {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
            bar.set_style(style);
        }
        bar
    });
    bar.set_message(text.to_owned());
    bar.tick();
}

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

/// From now on the line is cleared before a signal ends the program as it would have.
fn clear_when_killed() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Where no thread can be had, there is no handler, and a signal ends the program at once.
        let (ready, registered) = mpsc::channel::<()>();
        let _ = thread::Builder::new().name("signals".to_owned()).spawn(move || {
            let Ok(mut signals) = Signals::new([SIGINT, SIGTERM]) else { return };
            drop(ready);
            for signal in signals.forever() {
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
