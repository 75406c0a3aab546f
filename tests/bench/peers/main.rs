//! The whole program beside the tools that people use today, in one run, interleaved: a round is one run of each. `tests/bench/peers/install` builds them.
//!
//! `cargo bench --bench peers -- render [OBJECTS…]`: start-up, and manifests to a pipe, against `helm template` and `kustomize build`.
//! `cargo bench --bench peers -- fill`: 500 blanks of a vault that takes 50 ms for an answer, against consul-template and vals.
//! `cargo bench --bench peers -- cluster [OBJECTS [ROUNDS]]`: a release in a cluster, against kubectl and helm.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a bench measures, prints and may end early"
)]

mod cluster;
mod fill;
mod peer;
mod render;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Vec<usize> = words.iter().filter_map(|word| word.replace(['_', ','], "").parse().ok()).collect();
    let is = |name: &str| words.iter().any(|word| word == name);
    match () {
        () if is("cluster") => cluster::run(&numbers),
        () if is("fill") => fill::run(),
        () => render::run(&numbers),
    }
}
