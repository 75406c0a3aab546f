//! A program that is run for a token, such as `az` or a profile's `credential_process`. What it writes is not shown: it may be one.

use std::io;
use std::process::Stdio;

use tokio::io::AsyncReadExt as _;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::secret::Secret;
use crate::secret::SecretBuffer;

/// The most that is read of what a program writes.
const LARGEST: u64 = 256 << 10;

/// What a program came to.
#[derive(Debug)]
pub(crate) struct Output {
    /// Its exit code; none where a signal ended it.
    pub(crate) code: Option<i32>,
    /// What it wrote to standard output.
    pub(crate) stdout: Secret,
    /// What it wrote to standard error.
    pub(crate) stderr: Secret,
}

/// Runs `command` without input. It is ended when nobody waits for it any more.
pub(crate) async fn run(mut command: Command) -> io::Result<Output> {
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true).spawn()?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (stdout, stderr) = tokio::join!(read(stdout), read(stderr));
    let status = child.wait().await?;
    Ok(Output { code: status.code(), stdout: stdout?, stderr: stderr? })
}

async fn read(pipe: Option<impl tokio::io::AsyncRead + Unpin>) -> io::Result<Secret> {
    let mut buffer = SecretBuffer::with_capacity(4096);
    let mut piece = Zeroizing::new(vec![0; 4096]);
    if let Some(pipe) = pipe {
        let mut pipe = pipe.take(LARGEST);
        loop {
            match pipe.read(&mut piece).await? {
                0 => break,
                count => buffer.extend(&piece[..count]),
            }
        }
    }
    Ok(buffer.into())
}

/// `command` as a shell runs it.
pub(crate) fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]);
    shell
}

#[cfg(test)]
mod tests {
    use super::run;
    use super::shell;

    #[tokio::test]
    async fn a_program_gives_what_it_writes() {
        let output = run(shell("printf out; printf err >&2; cat; exit 3")).await.unwrap();
        assert_eq!((output.code, output.stdout.expose(), output.stderr.expose()), (Some(3), &b"out"[..], &b"err"[..]));
        assert!(run(shell("no-such-program-anywhere")).await.unwrap().code == Some(127));
        let endless = run(shell("head -c 1000000 /dev/zero")).await.unwrap();
        assert_eq!(endless.stdout.len(), 256 << 10);
    }
}
