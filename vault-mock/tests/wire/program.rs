//! The program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::client::Ask;

/// A directory that goes away with its test.
struct Directory(PathBuf);

impl Directory {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn seed(&self, text: &str) -> PathBuf {
        let path = self.0.join("seed.yaml");
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Directory {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap_or_default();
    }
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.kill().unwrap_or_default();
        self.0.wait().map(drop).unwrap_or_default();
    }
}

fn program() -> Command {
    Command::new(env!("CARGO_BIN_EXE_vault-mock"))
}

#[test]
fn it_serves_a_seed_over_tls() {
    let directory = Directory::new("tls");
    let seed = directory.seed("hashicorp: { secrets: { secret/a: [{ k: one }] } }");
    let mut command = program();
    command.arg("--seed").arg(seed).arg("--tls").arg(&directory.0).stdout(Stdio::piped());
    let mut running = Running(command.spawn().unwrap());
    let mut lines = BufReader::new(running.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.next().unwrap();
    let port = address.strip_prefix("export VAULT_ADDR=https://127.0.0.1:").unwrap().parse().unwrap();
    assert_eq!(lines.next().as_deref(), Some("export VAULT_TOKEN=demo-token"));
    let ca = fs::read_to_string(directory.0.join("ca.pem")).unwrap();
    assert!(directory.0.join("client.pem").exists() && directory.0.join("client-key.pem").exists());
    let ask = Ask::new("GET", "/v1/secret/data/a").header("X-Vault-Token", "demo-token");
    assert!(ask.over_tls(port, "localhost", &ca, None).unwrap().body.contains("one"));
    let spoiled = ask.header("X-Mock-Fault", r#"{"kind": "status", "code": 503}"#).over_tls(port, "localhost", &ca, None);
    assert_eq!(spoiled.unwrap().status, 503);
}

#[test]
fn it_says_what_is_wrong() {
    let directory = Directory::new("wrong");
    let run = |arguments: &[&str]| {
        let output = program().args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2));
        String::from_utf8(output.stderr).unwrap()
    };
    let usage = "usage: vault-mock --seed FILE [--port N] [--tls DIR]\n";
    assert_eq!(run(&[]), format!("error: {usage}"));
    assert_eq!(run(&["--seat"]), format!("error: unknown argument --seat; {usage}"));
    assert_eq!(run(&["--port"]), "error: --port needs a value\n");
    assert_eq!(run(&["--port", "x"]), "error: --port needs a number up to 65535\n");
    let seed = directory.seed("latency_ms: 1");
    let seed = seed.to_str().unwrap();
    assert_eq!(run(&["--seed", seed]), format!("error: {seed}: it has no section of a vault, such as `hashicorp:`\n"));
    fs::write(seed, "hashicorp: { secrets: { kv/a: [{}] } }").unwrap();
    assert_eq!(run(&["--seed", seed]), "error: no mount has the path kv/a\n");
    fs::write(seed, "sekrets: 1").unwrap();
    assert!(run(&["--seed", seed]).contains("unknown field `sekrets`"));
}
