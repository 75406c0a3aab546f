//! A run on a terminal (`script` of util-linux): what it shows, and answers that are typed when they are asked for.

use std::io::Read;
use std::io::Write;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

/// How long a question may take to come.
const PATIENCE: Duration = Duration::from_mins(1);

/// A run that goes on.
#[derive(Debug)]
pub(crate) struct Terminal {
    child: Child,
    output: Receiver<Vec<u8>>,
    /// All that was shown so far.
    shown: String,
    /// What of it was waited for.
    seen: usize,
}

impl Terminal {
    /// Runs a program on a terminal, with the folder, the arguments and the variables that it was given.
    pub(crate) fn start(program: &Command) -> Self {
        let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
        let words = [program.get_program()].into_iter().chain(program.get_args()).map(|word| quoted(word.to_str().unwrap()));
        // Without a shell in between, which an interrupt would end; and as at a terminal, where nothing ignores interrupts, as what runs in the background does.
        let line = format!("exec env --default-signal=INT,QUIT {}", words.collect::<Vec<_>>().join(" "));
        let mut script = Command::new("script");
        script.args(["-qefc", &line, "/dev/null"]).current_dir(program.get_current_dir().unwrap()).env_clear();
        script.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?)))).env("NO_COLOR", "1").env("SHELL", "/bin/sh");
        let mut child = script.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut pipe = child.stdout.take().unwrap();
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(length @ 1..) = pipe.read(&mut buffer) {
                if sender.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self { child, output, shown: String::new(), seen: 0 }
    }

    /// Waits until `text` is shown behind what was waited for before.
    #[track_caller]
    pub(crate) fn shows(&mut self, text: &str) -> &mut Self {
        loop {
            if let Some(at) = self.shown[self.seen..].find(text) {
                self.seen += at + text.len();
                return self;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(error) => panic!("`{text}` is not shown ({error}): {}", self.shown),
            }
        }
    }

    /// Types a line.
    pub(crate) fn types(&mut self, line: &str) -> &mut Self {
        self.presses(&format!("{line}\n"))
    }

    /// Presses keys: Ctrl-C is `\x03`, and Ctrl-D, the end of input, `\x04`.
    pub(crate) fn presses(&mut self, keys: &str) -> &mut Self {
        self.child.stdin.as_ref().unwrap().write_all(keys.as_bytes()).unwrap();
        self
    }

    /// Asserts the exit code; gives all that was shown.
    #[track_caller]
    pub(crate) fn ends(&mut self, code: i32) -> String {
        let (ended, shown) = self.end();
        assert_eq!(ended, Some(code), "{shown}");
        shown
    }

    /// The exit code, and all that was shown. Nothing more is typed.
    pub(crate) fn end(&mut self) -> (Option<i32>, String) {
        while let Ok(bytes) = self.output.recv_timeout(PATIENCE) {
            self.shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        // Not before: the end of input would be read behind an interrupt that is still on its way.
        drop(self.child.stdin.take());
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.shown))
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended by itself. What it ran ends with the terminal.
        self.child.kill().unwrap_or_default();
        self.child.wait().map(drop).unwrap_or_default();
    }
}
