//! The program.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|argument| argument == "render-worker") {
        return match render_worker() {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        };
    }
    ExitCode::SUCCESS
}

/// The hidden command: serves one order of the rendering engine on standard input and output.
fn render_worker() -> io::Result<()> {
    // As files, without the line buffering of `Stdout`.
    let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    cloze::render::serve(input, output)
}
