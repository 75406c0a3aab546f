//! `vault-mock --seed FILE [--port N] [--tls DIR]`: serves a seed on the loopback until it is interrupted, for demos.

use std::env;
use std::fs;
use std::io::{Write, stderr, stdout};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use vault_mock::aws::Aws;
use vault_mock::azure::Azure;
use vault_mock::gcp::Gcp;
use vault_mock::hashicorp::Hashicorp;
use vault_mock::{Authority, Options, Protocol, Seed, SeedError, Server};

const USAGE: &str = "usage: vault-mock --seed FILE [--port N] [--tls DIR]";

fn main() -> ExitCode {
    match run(env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            // Nobody is left to read it when stderr is closed.
            writeln!(stderr(), "error: {words}").unwrap_or_default();
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let (mut seed, mut port, mut tls) = (None, 0, None);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seed" => seed = Some(value()?),
            "--port" => port = value()?.parse().map_err(|_| "--port needs a number up to 65535".to_owned())?,
            "--tls" => tls = Some(value()?),
            "-h" | "--help" => return writeln!(stdout(), "{USAGE}").map_err(|error| error.to_string()),
            _ => return Err(format!("unknown argument {argument}; {USAGE}")),
        }
    }
    let file = seed.ok_or(USAGE)?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let seed = Seed::parse(&text).map_err(|error| format!("{file}: {error}"))?;
    let authority = tls.map(|directory| authority(Path::new(&directory))).transpose()?;
    let mut options = seed.options();
    options.tls = authority.as_ref();
    let mut running = Running { port, options, waits: Vec::new() };
    // A line for each kind of vault.
    running.start(seed.gcp, Gcp::new)?;
    running.start(seed.hashicorp, Hashicorp::new)?;
    running.start(seed.aws, Aws::new)?;
    running.start(seed.azure, Azure::new)?;
    if running.waits.is_empty() {
        return Err(format!("{file}: it has no section of a vault, such as `hashicorp:`"));
    }
    for wait in running.waits {
        wait();
    }
    Ok(())
}

/// The servers that were started.
struct Running<'a> {
    /// The next one's port; 0 for any.
    port: u16,
    options: Options<'a>,
    waits: Vec<Box<dyn FnOnce()>>,
}

impl Running<'_> {
    /// Starts a section's server, if there is that section, and tells how to find it.
    fn start<S, P: Protocol>(&mut self, section: Option<S>, protocol: impl Fn(S) -> Result<P, SeedError>) -> Result<(), String> {
        let Some(section) = section else { return Ok(()) };
        let protocol = Arc::new(protocol(section).map_err(|error| error.to_string())?);
        let options = Options { port: self.port, ..self.options.clone() };
        let server = Server::start(protocol, options).map_err(|error| error.to_string())?;
        if self.port != 0 {
            self.port = self.port.checked_add(1).ok_or("--port leaves no port for another server")?;
        }
        for (name, value) in server.protocol().exports(&server.url()) {
            writeln!(stdout(), "export {name}={value}").map_err(|error| error.to_string())?;
        }
        stdout().flush().map_err(|error| error.to_string())?;
        self.waits.push(Box::new(move || server.wait()));
        Ok(())
    }
}

/// A new authority whose certificates lie in `directory`.
fn authority(directory: &Path) -> Result<Authority, String> {
    let authority = Authority::generate();
    let (certificate, key) = authority.client();
    let written = fs::create_dir_all(directory)
        .and_then(|()| fs::write(directory.join("ca.pem"), authority.pem()))
        .and_then(|()| fs::write(directory.join("client.pem"), certificate))
        .and_then(|()| fs::write(directory.join("client-key.pem"), key));
    written.map_err(|error| format!("{}: {error}", directory.display()))?;
    Ok(authority)
}
