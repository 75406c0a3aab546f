//! `vault-mock --seed FILE [--port N]`: serves a seed on the loopback until it is interrupted, for demos.

use std::env;
use std::fs;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use vault_mock::{Seed, Server};

fn main() -> ExitCode {
    match run(env::args().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(words) => {
            // Nobody is left to be told when stderr is closed.
            writeln!(stderr(), "error: {words}").unwrap_or_default();
            ExitCode::from(2)
        }
    }
}

fn run(mut arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let (mut seed, mut port) = (None, 0);
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{argument} needs a value"));
        match argument.as_str() {
            "--seed" => seed = Some(value()?),
            "--port" => port = value()?.parse().map_err(|_| "--port needs a number up to 65535".to_owned())?,
            _ => return Err(format!("unknown argument {argument}; usage: vault-mock --seed FILE [--port N]")),
        }
    }
    let file = seed.ok_or("usage: vault-mock --seed FILE [--port N]")?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{file}: {error}"))?;
    let seed = Seed::parse(&text).map_err(|error| format!("{file}: {error}"))?;
    let server = Server::start_on(port, seed).map_err(|error| error.to_string())?;
    let shown = writeln!(stdout(), "export VAULT_ADDR={}\nexport VAULT_TOKEN={}", server.url(), server.token());
    shown.and_then(|()| stdout().flush()).map_err(|error| error.to_string())?;
    server.wait();
    Ok(())
}
