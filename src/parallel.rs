//! Work on many things that do not know each other, on all cores. What comes of it is in the order of the things, however many cores there are.
//!
//! Few things are worked on here and now: to start threads takes as long as a hundred objects do.

use std::sync::OnceLock;

use rayon::ThreadPool;
use rayon::ThreadPoolBuilder;
use rayon::iter::IndexedParallelIterator;
use rayon::iter::IntoParallelIterator as _;
use rayon::iter::ParallelIterator as _;
use rayon::slice::ParallelSlice as _;
use rayon::slice::ParallelSliceMut as _;

/// What `work` makes of each thing.
pub(crate) fn map<T: Send, R: Send>(things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    map_with(things, || (), |(), thing| work(thing))
}

/// What `work` makes of each thing; each thread begins with a `scratch` of its own.
pub(crate) fn map_with<T: Send, S, R: Send>(
    things: Vec<T>,
    scratch: impl Fn() -> S + Sync,
    work: impl Fn(&mut S, T) -> R + Sync,
) -> Vec<R> {
    if let Some(pool) = pool(things.len() >= FEW) {
        let things = || things.into_par_iter().with_min_len(TOGETHER);
        return pool.install(|| things().map_init(&scratch, |scratch, thing| work(scratch, thing)).collect());
    }
    let mut scratch = scratch();
    things.into_iter().map(|thing| work(&mut scratch, thing)).collect()
}

/// What `work` makes of each thing, where each is a great deal of work.
pub(crate) fn map_large<T: Send, R: Send>(things: Vec<T>, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    match pool(things.len() > 1) {
        Some(pool) => pool.install(|| things.into_par_iter().map(&work).collect()),
        None => things.into_iter().map(work).collect(),
    }
}

/// All that `work` finds in each thing.
pub(crate) fn find<T: Sync, R: Send>(things: &[T], work: impl Fn(&T, &mut Vec<R>) + Sync) -> Vec<R> {
    gather(things.len(), things, |things| things.par_chunks(TOGETHER), &work)
}

/// All that `work` finds in each thing, which it may change.
pub(crate) fn find_mut<T: Send, R: Send>(things: &mut [T], work: impl Fn(&mut T, &mut Vec<R>) + Sync) -> Vec<R> {
    gather(things.len(), things, |things| things.par_chunks_mut(TOGETHER), &work)
}

/// All that `work` finds in each of so many things, which `cut` makes chunks of.
fn gather<C, P, R>(count: usize, things: C, cut: impl FnOnce(C) -> P + Send, work: &(impl Fn(C::Item, &mut Vec<R>) + Sync)) -> Vec<R>
where
    C: IntoIterator + Send,
    P: IndexedParallelIterator<Item = C>,
    R: Send,
{
    let all = |things: C| {
        let mut found = Vec::new();
        for thing in things {
            work(thing, &mut found);
        }
        found
    };
    match pool(count >= FEW) {
        Some(pool) => pool.install(|| cut(things).map(all).collect::<Vec<_>>()).into_iter().flatten().collect(),
        None => all(things),
    }
}

/// Things that are not worth a thread.
const FEW: usize = 128;

/// Things that stay together.
const TOGETHER: usize = 32;

/// The threads, where they are `worth` it and may be started.
fn pool(worth: bool) -> Option<&'static ThreadPool> {
    static POOL: OnceLock<Option<ThreadPool>> = OnceLock::new();
    if !worth {
        return None;
    }
    // Trees are walked by recursion, on the main thread's stack or on one of these.
    POOL.get_or_init(|| ThreadPoolBuilder::new().stack_size(8 << 20).build().ok()).as_ref()
}

#[cfg(test)]
mod tests {
    use super::find;
    use super::find_mut;
    use super::map;
    use super::map_large;
    use super::map_with;

    #[test]
    fn what_comes_of_things_is_in_their_order() {
        for count in [0, 1, 127, 128, 5_000] {
            let things: Vec<usize> = (0..count).collect();
            let doubled: Vec<usize> = things.iter().map(|thing| 2 * thing).collect();
            assert_eq!(map(things.clone(), |thing| 2 * thing), doubled);
            assert_eq!(map_with(things.clone(), || 2, |factor, thing| *factor * thing), doubled);
            assert_eq!(map_large(things.clone(), |thing| 2 * thing), doubled);
            let thirds = |thing: &usize, found: &mut Vec<usize>| found.extend(thing.is_multiple_of(3).then_some(*thing));
            let wanted: Vec<usize> = (0..count).step_by(3).collect();
            assert_eq!(find(&things, thirds), wanted);
            let mut changed = things.clone();
            let found = find_mut(&mut changed, |thing, found| {
                thirds(thing, found);
                *thing *= 2;
            });
            assert_eq!((found, changed), (wanted, doubled));
        }
    }
}
