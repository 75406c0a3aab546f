//! What vaults behind a network have in common: how they may be used, and the files that their settings name.

use std::fs;
use std::fs::File;
use std::io;
use std::io::Read as _;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Location;
use crate::project::VaultSettings;
use crate::secret::Secret;
use crate::secret::SecretBuffer;
use crate::service::http::Identity;
use crate::service::http::Limits;
use crate::service::http::Tls;
use crate::wiring::Wiring;

impl Wiring<'_> {
    /// How much at once and how long, for a vault behind a network.
    pub(super) fn limits(&self, settings: &VaultSettings) -> Limits {
        let meter = self.meters.of(&settings.entry.name.value);
        Limits { deadline: self.settings.deadline, meter, ..Limits::default() }
    }

    /// Who is believed to be a vault, and who says that it is us.
    pub(super) fn tls(&self, authorities: Option<&Location>, identity: Option<(&Location, &Location)>) -> Result<Tls, Problem> {
        let authorities = authorities.map(|location| self.file(location, "the file of authorities")).transpose()?;
        let identity = identity.map(|(chain, key)| {
            let chain = self.file(chain, "the client's certificate")?.expose().to_vec();
            Ok::<_, Problem>(Identity { chain, key: self.file(key, "the key of the client's certificate")? })
        });
        Ok(Tls { authorities: authorities.map(|pem| pem.expose().to_vec()), identity: identity.transpose()? })
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
            Ok(None) => Err(problem(format!("{what} `{shown}` is no file"))),
            Ok(Some(buffer)) if buffer.len() as u64 > FILE_LIMIT => {
                Err(problem(format!("{what} `{shown}` is larger than {} KiB", FILE_LIMIT >> 10)))
            }
            Ok(Some(buffer)) => Ok(Secret::from(buffer)),
            Err(error) => Err(problem(format!("{what} `{shown}` cannot be read: {}", error.kind()))),
        }
    }
}

/// Bytes of a file that a vault's settings name: a token, a certificate.
const FILE_LIMIT: u64 = 1 << 20;
