//! AWS: Secrets Manager, Parameter Store and KMS on one port, told apart by `X-Amz-Target`, and as much of STS, the container agent and the
//! instance's metadata as credentials are had from. Signatures are checked.

mod credentials;
mod kms;
mod page;
mod parameters;
mod refused;
mod secrets;
mod seed;
mod signature;
mod store;

pub use seed::{Denial, Key, Parameter, Seed, Value};

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Map;

use crate::answer::Answer;
use crate::asked::Asked;
use crate::aws::refused::{Refused, kind_of_json};
use crate::aws::signature::{Authorization, Flaw};
use crate::aws::store::{Held, Store};
use crate::keys::Keys;
use crate::options::Options;
use crate::protocol::{Credential, Protocol, Subject};
use crate::seed::SeedError;
use crate::server::Server;
use crate::time::now;

/// An AWS account in one region.
#[derive(Debug)]
pub struct Aws {
    keys: Vec<Key>,
    store: Mutex<Store>,
    /// Seconds that the server's clock is ahead.
    ahead: AtomicI64,
    held: Keys,
}

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target<'a> {
    Secrets(&'a str),
    Parameters(&'a str),
    Keys(&'a str),
    Sts,
    Other,
}

impl Aws {
    /// What `seed` says.
    ///
    /// # Errors
    /// A deleted secret that is not there, and bytes that are no base64.
    pub fn new(seed: Seed) -> Result<Self, SeedError> {
        let keys = if seed.keys.is_empty() { vec![Key::new("AKIADEMO", "demo-secret-key")] } else { seed.keys };
        let mut store = Store::new(seed.region.as_deref().unwrap_or("eu-central-1"));
        for (name, values) in seed.secrets {
            for value in values {
                if matches!(&value, Value::Binary { binary } if STANDARD.decode(binary).is_err()) {
                    return Err(SeedError::new(format!("the bytes of {name} are no base64")));
                }
                store.put(&name, value);
            }
        }
        for name in seed.deleted {
            store.secrets.get_mut(&name).ok_or_else(|| SeedError::new(format!("there is no secret {name} to delete")))?.deleted = true;
        }
        store.undecryptable = seed.undecryptable.into_iter().collect();
        let modified = now().as_secs_f64();
        store.parameters = seed.parameters.into_iter().map(|(name, parameter)| (name, Held { parameter, modified })).collect();
        Ok(Self { keys, store: Mutex::new(store), ahead: AtomicI64::new(0), held: Keys::default() })
    }

    /// Serves `seed` with no options.
    ///
    /// # Errors
    /// As [`Aws::new`] and [`Server::start`].
    pub fn serve(seed: Seed) -> io::Result<Server<Self>> {
        Self::serve_with(seed, Options::default())
    }

    /// Serves `seed`.
    ///
    /// # Errors
    /// As [`Aws::new`] and [`Server::start`].
    pub fn serve_with(seed: Seed, options: Options<'_>) -> io::Result<Server<Self>> {
        Server::start(Arc::new(Self::new(seed)?), options)
    }

    /// The first of its access keys.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.keys[0]
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> String {
        self.store().region.clone()
    }

    /// Adds a version of a secret and gives its id.
    pub fn put(&self, name: &str, value: &[u8]) -> String {
        let value = match str::from_utf8(value) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(_) => Value::Binary { binary: STANDARD.encode(value) },
        };
        self.store().put(name, value)
    }

    /// Adds a version of a parameter; `kind` is `String`, `StringList` or `SecureString`.
    pub fn put_parameter(&self, name: &str, kind: &str, value: &str) {
        self.store().put_parameter(name, kind, value);
    }

    /// Removes a parameter.
    pub fn remove_parameter(&self, name: &str) {
        self.store().parameters.remove(name);
    }

    /// Switches a key of KMS off, or on.
    pub fn disable_key(&self, name: &str, disabled: bool) {
        self.held.disable(name, disabled);
    }

    /// Schedules a secret for deletion.
    pub fn delete(&self, name: &str) {
        if let Some(secret) = self.store().secrets.get_mut(name) {
            secret.deleted = true;
        }
    }

    /// The ARN of a secret.
    #[must_use]
    pub fn arn(&self, name: &str) -> String {
        self.store().arn(name)
    }

    /// Puts the server's clock ahead by so many seconds, or back.
    pub fn skew(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::Relaxed);
    }

    fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Who asks, if the signature holds.
    fn key_of(&self, asked: &Asked<'_>, target: Target<'_>) -> Result<&Key, Refused> {
        let missing = || Refused::new("MissingAuthenticationTokenException", "Missing Authentication Token");
        let wrong = |flaw: Flaw| match flaw {
            Flaw::Incomplete(words) => Refused::new("IncompleteSignatureException", words),
            Flaw::Wrong(words) => Refused::new("InvalidSignatureException", words),
        };
        let authorization = Authorization::of(asked).ok_or_else(missing)?.map_err(wrong)?;
        let unknown = || Refused::new("UnrecognizedClientException", "The security token included in the request is invalid.");
        let key = self.keys.iter().find(|key| key.id == authorization.key).ok_or_else(unknown)?;
        let service = match target {
            Target::Secrets(_) => "secretsmanager",
            Target::Parameters(_) => "ssm",
            Target::Keys(_) => "kms",
            Target::Sts | Target::Other => "sts",
        };
        let region = self.region();
        for (what, is, should) in [("service", authorization.service, service), ("region", authorization.region, region.as_str())] {
            if is != should {
                return Err(wrong(Flaw::Wrong(format!("Credential should be scoped to a valid {what}, not '{is}'. "))));
            }
        }
        let ahead = self.ahead.load(Ordering::Relaxed);
        let time = Duration::from_secs(now().as_secs().saturating_add_signed(ahead));
        authorization.check(asked, &key.secret, time).map_err(wrong)?;
        if asked.header("x-amz-security-token") != key.session.as_deref() {
            return Err(unknown());
        }
        if key.expired {
            return Err(Refused::new("ExpiredTokenException", "The security token included in the request is expired"));
        }
        Ok(key)
    }

    fn say(&self, asked: &Asked<'_>, target: Target<'_>) -> Result<Answer, Refused> {
        let key = self.key_of(asked, target)?;
        if let Target::Sts = target {
            let assumes = asked.form("Action").as_deref() == Some("AssumeRole");
            return Ok(if assumes { credentials::assumed("AssumeRole", self.key()) } else { credentials::identity(key) });
        }
        let body = asked.json().ok_or_else(|| Refused::new("SerializationException", ""))?;
        let store = self.store();
        let value = match target {
            Target::Secrets(operation) => secrets::answer(&store, key, operation, &body)?,
            Target::Parameters(operation) => parameters::answer(&store, key, operation, &body)?,
            Target::Keys(operation) => kms::answer(&self.held, key, operation, &body)?,
            Target::Sts | Target::Other => return Err(Refused::new("UnknownOperationException", "")),
        };
        Ok(kind_of_json(200, &value))
    }
}

impl<'a> Target<'a> {
    fn of(asked: &Asked<'a>) -> Self {
        let headers = asked.headers;
        let target = headers.get("x-amz-target").and_then(|value| value.to_str().ok()).unwrap_or_default();
        match target.split_once('.') {
            Some(("secretsmanager", operation)) => Self::Secrets(operation),
            Some(("AmazonSSM", operation)) => Self::Parameters(operation),
            Some(("TrentService", operation)) => Self::Keys(operation),
            _ if asked.form("Action").is_some() => Self::Sts,
            _ => Self::Other,
        }
    }
}

impl Protocol for Aws {
    fn answer(&self, asked: &Asked<'_>) -> Answer {
        if let Some(answer) = credentials::at_path(asked, self.key()) {
            return answer;
        }
        let target = Target::of(asked);
        match asked.form("Action").as_deref() {
            Some("AssumeRoleWithWebIdentity") if target == Target::Sts => return credentials::assume(asked, self.key()),
            Some("AssumeRole" | "GetCallerIdentity") | None => {}
            Some(_) if target == Target::Sts => return Refused::new("InvalidAction", "Could not find operation").xml(),
            Some(_) => {}
        }
        match self.say(asked, target) {
            Ok(answer) => answer,
            Err(refused) if target == Target::Sts => {
                let code = refused.code.trim_end_matches("Exception").replace("UnrecognizedClient", "InvalidClientTokenId");
                Refused { status: 403, code: code.replace("InvalidSignature", "SignatureDoesNotMatch"), ..refused }.xml()
            }
            Err(refused) => refused.json(),
        }
    }

    /// The variant is the code itself, as it is in `__type`.
    fn failure(&self, asked: &Asked<'_>, code: u16, variant: Option<&str>, words: Option<&[String]>) -> Answer {
        let (kind, usual) = match code {
            403 => ("AccessDeniedException", "denied"),
            429 => ("ThrottlingException", "Rate exceeded"),
            500 => ("InternalServiceError", "An error occurred on the server side."),
            503 => ("ServiceUnavailableException", "Service Unavailable"),
            _ => ("ValidationException", "1 validation error detected"),
        };
        let words = words.map_or_else(|| usual.to_owned(), |words| words.join(" "));
        let refused = Refused { status: code, code: variant.unwrap_or(kind).to_owned(), words };
        if Target::of(asked) == Target::Sts { refused.xml() } else { refused.json() }
    }

    fn credential(&self, asked: &Asked<'_>) -> Credential {
        match self.key_of(asked, Target::of(asked)) {
            Ok(_) => Credential::Known,
            Err(refused) if refused.code == "MissingAuthenticationTokenException" => Credential::None,
            Err(refused) if refused.code == "ExpiredTokenException" => Credential::Dead,
            Err(_) => Credential::Unknown,
        }
    }

    fn subject(&self, asked: &Asked<'_>) -> Subject {
        let operation = match Target::of(asked) {
            Target::Secrets(operation) | Target::Parameters(operation) | Target::Keys(operation) => operation.to_owned(),
            Target::Sts => asked.form("Action").unwrap_or_default(),
            Target::Other => String::new(),
        };
        let body: Map<String, serde_json::Value> = asked.json().unwrap_or_default();
        let mut names = Vec::new();
        for field in ["SecretId", "SecretIdList", "Name", "Names", "Path", "KeyId"] {
            match body.get(field) {
                Some(serde_json::Value::String(name)) => names.push(name.clone()),
                Some(serde_json::Value::Array(list)) => names.extend(list.iter().filter_map(|name| Some(name.as_str()?.to_owned()))),
                _ => {}
            }
        }
        Subject::new(operation, names)
    }

    fn exports(&self, origin: &str) -> Vec<(&'static str, String)> {
        let key = self.key();
        let mut list = vec![
            ("AWS_ENDPOINT_URL", origin.to_owned()),
            ("AWS_REGION", self.region()),
            ("AWS_ACCESS_KEY_ID", key.id.clone()),
            ("AWS_SECRET_ACCESS_KEY", key.secret.clone()),
        ];
        list.extend(key.session.iter().map(|token| ("AWS_SESSION_TOKEN", token.clone())));
        list
    }
}

impl Key {
    /// Who it belongs to.
    fn arn(&self) -> String {
        format!("arn:aws:iam::{}:user/{}", store::ACCOUNT, self.id.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::{Aws, Seed, Value};

    #[test]
    fn seeds_that_contradict_themselves_are_refused() {
        assert!(Aws::new(Seed { deleted: vec!["a".to_owned()], ..Seed::default() }).is_err());
        let mut seed = Seed::default();
        seed.secrets.insert("a".to_owned(), vec![Value::Binary { binary: "*".to_owned() }]);
        assert!(Aws::new(seed).is_err());
    }
}
