//! What vaults behind a network have in common: how they may be used, and the files that their settings name.

#![cfg_attr(not(feature = "vaults"), allow(dead_code, reason = "what vaults share is not all used where some are left out"))]

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;

use crate::cause::cause;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Location;
use crate::project::VaultSettings;
use crate::project::variable;
use crate::project::variable::Variable;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::http::Authorities;
use crate::service::http::ClientCertificate;
use crate::service::http::Proxies;
use crate::service::http::RequestLimits;
use crate::service::http::Transport;
use crate::wiring::Wiring;

impl Wiring<'_> {
    /// How much at once and how long, for a vault behind a network.
    pub(super) fn limits(&self, settings: &VaultSettings) -> RequestLimits {
        let meter = self.ports.meters.of(settings.name());
        let usual = RequestLimits::default();
        let parallel = settings.concurrency().unwrap_or(usual.parallel);
        RequestLimits { parallel, deadline: self.settings.deadline, meter, ..usual }
    }

    /// How a vault is reached and who is believed to be it: the authorities that its settings name, and else those of `SSL_CERT_FILE`.
    pub(super) fn transport(&self, authorities: Option<Location>, identity: Option<(Location, Location)>) -> Result<Transport, Problem> {
        let usual = || self.ports.variables.get(variable::SSL_CERT_FILE).map(|path| Location::Anywhere(path.into()));
        let authorities = authorities.or_else(usual).map(|location| {
            let pem = self.file(&location, "the file of authorities")?.expose().to_vec();
            Ok::<_, Problem>(Authorities { pem, source: format!("`{}`", self.located(&location)?.display()) })
        });
        let identity = identity.map(|(chain, key)| {
            let chain = self.file(&chain, "the client's certificate")?.expose().to_vec();
            Ok::<_, Problem>(ClientCertificate { chain, key: self.file(&key, "the key of the client's certificate")? })
        });
        Ok(Transport { authorities: authorities.transpose()?, identity: identity.transpose()?, proxies: self.proxies()? })
    }

    /// How services are reached that no vault's settings are about.
    #[cfg(any(feature = "azure", feature = "hashicorp"))]
    pub(super) fn usual_transport(&self) -> Result<Box<Transport>, Problem> {
        self.transport(None, None).map(Box::new)
    }

    /// The proxy of the machine.
    pub(super) fn proxies(&self) -> Result<Proxies, Problem> {
        let first = |list: &[Variable]| list.iter().find_map(|variable| Some((*variable, self.ports.variables.secret(*variable)?)));
        let Some((variable, proxy)) = first(variable::PROXIES) else { return Ok(Proxies::default()) };
        let except = [variable::NO_PROXY_LOWER, variable::NO_PROXY].into_iter().find_map(|variable| self.ports.variables.get(variable));
        let proxies = proxy.expose_text().ok_or("it is not UTF-8 text").and_then(|proxy| Proxies::new(proxy, except));
        proxies.map_err(|why| {
            let reason = format!("the proxy in {} cannot be used: {why}", variable.name);
            Problem::new(Fault::Usage, reason, "write it as `http://HOST:PORT`, or unset the variable")
        })
    }

    /// The file that a setting names.
    pub(super) fn file(&self, location: &Location, what: &str) -> Result<Secret, Problem> {
        let path = self.located(location)?;
        let shown = path.display();
        let problem = |reason: String| Problem::new(Fault::Vault, reason, "check the path and its permissions");
        let read = || -> io::Result<Option<SecretBuffer>> {
            if !fs::metadata(&path)?.is_file() {
                return Ok(None);
            }
            let mut buffer = SecretBuffer::with_capacity(4096);
            io::copy(&mut File::open(&path)?.take(FILE_LIMIT + 1), &mut buffer)?;
            Ok(Some(buffer))
        };
        match read() {
            Ok(None) => Err(problem(format!("{what} `{shown}` is not a file"))),
            Ok(Some(buffer)) if buffer.len() as u64 > FILE_LIMIT => {
                Err(problem(format!("{what} `{shown}` is larger than {} KiB", FILE_LIMIT >> 10)))
            }
            Ok(Some(buffer)) => Ok(Secret::from(buffer)),
            Err(error) => Err(problem(format!("{what} `{shown}` cannot be read: {}", cause(&error)))),
        }
    }
}

/// Bytes of a file that a vault's settings name: a token, a certificate.
const FILE_LIMIT: u64 = 1 << 20;
