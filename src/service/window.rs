//! How many requests are open at once: twice as many after each round while the service answers as fast as before, half as many as soon as it
//! refuses or slows down (slow start and multiplicative decrease, as RFC 5681 has them for segments).

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::sync::SemaphorePermit;

/// How many requests a service gets at once before anything is known of it.
const FIRST: usize = 32;
/// What the fastest answer of a round may take beyond twice the fastest so far: below that a service is not slow, however fast it was.
const SLACK: Duration = Duration::from_millis(50);

/// The requests that may be open at once.
#[derive(Debug)]
pub(crate) struct Window {
    slots: Semaphore,
    most: usize,
    state: Mutex<State>,
}

/// What is known of a service.
#[derive(Debug)]
struct State {
    /// How many may be open.
    size: usize,
    /// The slots that exist: more than that for as long as those that are too many are in use.
    slots: usize,
    /// Whether it refused or slowed down before: then the size grows by one a round.
    is_careful: bool,
    /// The fastest answer so far.
    fastest: Option<Duration>,
    round: Round,
}

/// As many answers as requests may be open.
#[derive(Debug, Default)]
struct Round {
    answers: usize,
    fastest: Option<Duration>,
    /// Whether the size was halved in it: what is on its way may be refused, too, and says nothing new.
    is_halved: bool,
}

/// The right to have a request open, until this is dropped.
#[derive(Debug)]
pub(crate) struct Slot<'w> {
    window: &'w Window,
    permit: Option<SemaphorePermit<'w>>,
}

impl Window {
    /// At most `most` requests at once, and 32 at first.
    pub(crate) fn new(most: usize) -> Self {
        let most = most.max(1);
        let size = first(most);
        let state = State { size, slots: size, is_careful: false, fastest: None, round: Round::default() };
        Self { slots: Semaphore::new(size), most, state: Mutex::new(state) }
    }

    /// Waits until a request may be opened.
    pub(crate) async fn slot(&self) -> Slot<'_> {
        // The semaphore is never closed.
        Slot { window: self, permit: self.slots.acquire().await.ok() }
    }

    /// A request was answered after `time`.
    pub(crate) fn answered(&self, time: Duration) {
        self.change(|state| {
            let earliest = |known: Option<Duration>| Some(known.map_or(time, |known| known.min(time)));
            state.round.answers += 1;
            state.round.fastest = earliest(state.round.fastest);
            if state.round.answers < state.size {
                return;
            }
            let Round { fastest, is_halved, .. } = std::mem::take(&mut state.round);
            let is_slow = state.fastest.zip(fastest).is_some_and(|(ever, now)| now > ever * 2 + SLACK);
            state.fastest = state.fastest.into_iter().chain(fastest).min();
            match () {
                () if is_halved => {}
                () if is_slow => state.halve(),
                () if state.is_careful => state.size += 1,
                () => state.size *= 2,
            }
        });
    }

    /// A request was refused for its rate, or failed.
    pub(crate) fn refused(&self) {
        self.change(|state| {
            if !state.round.is_halved {
                state.halve();
                state.round = Round { is_halved: true, ..Round::default() };
            }
        });
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut state);
        state.size = state.size.min(self.most);
        let more = state.size.saturating_sub(state.slots);
        self.slots.add_permits(more);
        state.slots += more;
    }
}

impl State {
    fn halve(&mut self) {
        self.size = (self.size / 2).max(1);
        self.is_careful = true;
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        let mut state = self.window.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let (true, Some(permit)) = (state.slots > state.size, self.permit.take()) {
            permit.forget();
            state.slots -= 1;
        }
    }
}

/// How many requests are open at first.
fn first(most: usize) -> usize {
    FIRST.min(most.max(1))
}

/// The rounds that `calls` take where at most `most` are open, and the service is as fast in each.
pub(crate) fn rounds(calls: usize, most: usize) -> usize {
    let sizes = std::iter::successors(Some(first(most)), |size| Some((size * 2).min(most.max(1))));
    let sent = sizes.scan(0, |sent, size| {
        *sent += size;
        Some(*sent)
    });
    if calls == 0 { 0 } else { 1 + sent.take_while(|sent| *sent < calls).count() }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::collection::vec;
    use proptest::proptest;

    use super::Window;
    use super::rounds;

    const FAST: Duration = Duration::from_millis(50);

    /// How many may be open now.
    fn open(window: &Window) -> usize {
        window.slots.available_permits()
    }

    fn round(window: &Window, size: usize, time: Duration) {
        (0..size).for_each(|_| window.answered(time));
    }

    #[test]
    fn the_size_doubles_each_round_up_to_the_most() {
        let window = Window::new(100);
        round(&window, 31, FAST);
        assert_eq!(open(&window), 32);
        round(&window, 1, FAST);
        assert_eq!(open(&window), 64);
        round(&window, 64, FAST * 2);
        assert_eq!(open(&window), 100);
        round(&window, 100, FAST);
        assert_eq!((open(&window), open(&Window::new(3)), open(&Window::new(0))), (100, 3, 1));
    }

    #[tokio::test]
    async fn a_refusal_halves_it_once_a_round_and_it_grows_slowly_then() {
        let window = Window::new(100);
        let mut slots = Vec::new();
        for _ in 0..32 {
            slots.push(window.slot().await);
        }
        window.refused();
        window.refused();
        drop(slots);
        assert_eq!(open(&window), 16);
        round(&window, 16, FAST);
        assert_eq!(open(&window), 16, "what was on its way");
        round(&window, 16, FAST);
        assert_eq!(open(&window), 17);
        for _ in 0..9 {
            let slot = window.slot().await;
            window.refused();
            round(&window, 17, FAST);
            drop(slot);
        }
        assert!(open(&window) >= 1);
    }

    #[tokio::test]
    async fn a_service_that_slows_down_gets_half_as_many() {
        let window = Window::new(100);
        round(&window, 32, FAST);
        let slot = window.slot().await;
        round(&window, 64, FAST * 2 + Duration::from_millis(51));
        drop(slot);
        assert_eq!(open(&window), 63, "the others leave when they are answered");
        // A round with one answer as fast as ever is not slow.
        let window = Window::new(100);
        round(&window, 32, FAST);
        round(&window, 63, FAST * 9);
        round(&window, 1, FAST);
        assert_eq!(open(&window), 100);
    }

    #[test]
    fn the_rounds_are_those_of_a_doubling_size() {
        assert_eq!([0, 1, 32, 33, 96, 97, 167, 224, 225].map(|calls| rounds(calls, 128)), [0, 1, 1, 2, 2, 3, 3, 3, 4]);
        assert_eq!([0, 1, 2, 3].map(|calls| rounds(calls, 0)), [0, 1, 2, 3]);
        assert_eq!(rounds(167, 16), 11);
    }

    proptest! {
        /// Whatever happens, there is a slot, and there are never more than the most.
        #[test]
        fn there_is_always_a_slot(most in 1_usize..200, happened in vec((0_u8..3, 0_u64..500), 0..2000)) {
            let window = Window::new(most);
            for (what, time) in happened {
                if what == 0 { window.refused() } else { window.answered(Duration::from_millis(time)) }
                let state = window.state.lock().unwrap();
                assert!((1..=most).contains(&state.size) && state.slots <= most, "{state:?}");
            }
        }
    }
}
