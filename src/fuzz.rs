//! Readers on input that nobody meant: mutants of seeds by default; under libFuzzer (`.ci/fuzz`), what reaches code that nothing reached before.
//!
//! A target reads bytes and asserts what must hold of the outcome. The seeds of the target `NAME` are the files below `tests/fuzz/NAME`.

use std::env;
use std::fs;
use std::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::Duration;

use nix::time::ClockId;
use nix::time::clock_gettime;

/// A secret in seeds: no error may hold eight characters of it, whatever a mutation did to the rest.
pub(crate) const CANARY: &str = "Zq7WkX3vJm9TbR5y";

/// The processor time that one input may take, in a build that is not optimized.
const LONGEST: Duration = Duration::from_secs(2);
/// The memory that the process may have taken in the end; other tests that run in it need most of that.
const MOST_KIB: u64 = 1 << 20;
/// Inputs of a target by default.
const FEW: usize = 3000;

/// Gives `read` the seeds of the target, those in `more` and mutants of them.
pub(crate) fn fuzz(target: &str, more: Vec<Vec<u8>>, read: impl Fn(&[u8])) {
    let mut seeds = more;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz").join(target);
    let mut files: Vec<_> = fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default();
    files.sort();
    seeds.extend(files.iter().map(|file| fs::read(file).unwrap()));
    assert!(!seeds.is_empty(), "there are no seeds for {target}");
    run(target, &seeds, &AssertUnwindSafe(read));
}

/// That a text for people holds nothing of the canary.
#[track_caller]
pub(crate) fn assert_silent(said: &str) {
    let leaks = CANARY.as_bytes().windows(8).any(|part| said.as_bytes().windows(8).any(|other| other == part));
    assert!(!leaks, "a secret is shown: {said}");
}

/// The first argument of libFuzzer is the folder of its corpus.
#[cfg(fuzzing)]
#[expect(clippy::disallowed_methods, reason = "where libFuzzer finds its arguments")]
fn run(_: &str, seeds: &[Vec<u8>], read: &AssertUnwindSafe<impl Fn(&[u8])>) {
    let arguments = env::var("BOLERO_LIBFUZZER_ARGS").unwrap();
    let corpus = Path::new(arguments.split(' ').next().unwrap());
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(corpus.join(format!("seed-{number}")), seed).unwrap();
    }
    bolero::check!().for_each(|bytes: &[u8]| read(bytes));
}

#[cfg(not(fuzzing))]
fn run(target: &str, seeds: &[Vec<u8>], read: &AssertUnwindSafe<impl Fn(&[u8])>) {
    for number in 0..seeds.len() + FEW {
        let input = seeds.get(number).cloned().unwrap_or_else(|| mutant(seeds, &mut Random(number as u64)));
        let before = processor_time();
        let went_well = catch_unwind(|| read(&input)).is_ok();
        let took = processor_time().saturating_sub(before);
        if !went_well || took > LONGEST {
            let file = env::temp_dir().join(format!("cloze-fuzz-{target}-{number}"));
            fs::write(&file, &input).unwrap();
            panic!("{target}: an input failed or took long, {took:?}; it is {}", file.display());
        }
    }
    let peak = peak_kib();
    assert!(peak < MOST_KIB, "{target}: the process took {} MiB", peak >> 10);
}

/// The time that this thread has computed.
fn processor_time() -> Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap().into()
}

/// The most memory that this process has had (proc(5), `VmHWM`).
fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Choices that a seed repeats: splitmix64 (Steele, Lea, Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end.max(1) as u64).unwrap()
    }

    /// A stretch of `bytes`, mostly short.
    fn stretch(&mut self, bytes: &[u8]) -> (usize, usize) {
        let start = self.below(bytes.len() + 1);
        let most = [4, 40, bytes.len()][self.below(3)];
        (start, (start + self.below(most + 1)).min(bytes.len()))
    }
}

/// One to eight changes of a seed.
fn mutant(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(8) {
        let (start, end) = random.stretch(&bytes);
        match random.below(8) {
            0 => drop(bytes.splice(start..end, [])),
            1 => bytes.truncate(start),
            2 if start < bytes.len() => bytes[start] ^= 1 << random.below(8),
            3 if start < bytes.len() => bytes[start] = [0, 1, 0x7f, 0x80, 0xc3, 0xff][random.below(6)],
            4 => {
                // Now and then so often that what nests, nests deeply.
                let times = [1, 2, 1000][random.below(3)].min(1 + 20_000 / (end - start + 1));
                let part = bytes[start..end].repeat(times);
                drop(bytes.splice(end..end, part));
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let (from, to) = random.stretch(other);
                drop(bytes.splice(start..end, other[from..to].iter().copied()));
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                drop(bytes.splice(start..start, piece.bytes()));
            }
        }
    }
    bytes
}

/// What some reader takes for something, or what no text should hold.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "{", "}", "[", "]", "(", ")", "<", ">", ",", ":", ": ", ";", "=", "#", " #", "&a ", "*a", "<<: *a\n", "!!binary ", "!!int ", "!x ", "|\n", ">-\n", "|2+\n", "\"",
    "'", "\"\"\"", "'''", "%YAML 1.2\n", "@", "`", "- ", "? ", "---\n", "...\n", "{{", "}}", "{%", "%}", "{#", "#}", "{%- raw -%}", "${#", "\\", "\\u", "\\ud83d",
    "\\\n", "\t", "\r", "\r\n", "\n", "\u{feff}", "\0", "\u{85}", "\u{2028}", "\u{202e}", "\u{1b}[31m", "\u{10ffff}", "null", "true", "yes", "0x1f", "0o17", "017", "1_000",
    "-0", "1e999", "1.10", "999999999999999999999999999999", ".inf", "2026-01-01", "<!--", "-->", "<![CDATA[", "]]>", "<?x ?>", "&amp;", "&#0;", "export ", "$(", "..", "/",
];

#[cfg(test)]
mod tests {
    use super::CANARY;
    use super::Random;
    use super::assert_silent;
    use super::mutant;

    #[test]
    fn mutants_differ_and_a_part_of_a_secret_is_noticed() {
        let seeds = [b"a: [1, 2, 3]\nb: {c: d}\n".to_vec()];
        let distinct: std::collections::BTreeSet<Vec<u8>> = (0..200).map(|number| mutant(&seeds, &mut Random(number))).collect();
        assert!(distinct.len() > 150, "{}", distinct.len());
        assert_silent(&format!("a {} b", &CANARY[..7]));
        let leaks = std::panic::catch_unwind(|| assert_silent(&format!("a {} b", &CANARY[3..11])));
        assert!(leaks.is_err());
    }
}
