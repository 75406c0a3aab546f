//! Why a keyring is not read, does not open or is not changed.

use crate::key::KeyError;
use crate::key::Recipient;
use crate::problem::Fault;
use crate::problem::Problem;

/// Why a keyring is not read, does not open or is not changed. Its words are a lowercase fragment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// The text is not JSON, or not of a keyring's shape.
    #[error("the keyring is not readable at line {line}, column {column}: {reason}")]
    Unreadable {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// What is wrong there.
        reason: &'static str,
    },
    /// The text is of a keyring's shape, and something in it cannot be.
    #[error("the keyring is not valid: {reason}")]
    Invalid {
        /// What is wrong.
        reason: &'static str,
    },
    /// Another format, or a later version of it.
    #[error("the keyring's format is not `cloze.dev/keyring/v1`")]
    Format,
    /// Nobody to wrap the root key for.
    #[error("the keyring would have no recipient")]
    NoRecipient,
    /// No key at hand has a slot.
    #[error("{}; it opens with {}", if tried.is_empty() { "no key was given for the keyring".to_owned() } else { format!("{tried} does not open the keyring") }, list(recipients))]
    NoKey {
        /// The keys at hand.
        tried: String,
        /// Who could open it.
        recipients: Vec<Recipient>,
    },
    /// Key recipients have, or would get, a slot, and did not do it.
    #[error("{}", refusals.iter().map(|(_, error)| error.reason.as_str()).collect::<Vec<_>>().join("; "))]
    Refused {
        /// Who, and why.
        refusals: Vec<(Recipient, KeyError)>,
    },
    /// A root key was found and does not open the sealed part.
    #[error("the keyring was changed since cloze wrote it, or its key is another keyring's")]
    Changed,
    /// It belongs elsewhere.
    #[error("the keyring was made for environment `{environment}` of project `{project}`, not for `{}` of `{}`", expected.1, expected.0)]
    Misplaced {
        /// Its own project.
        project: String,
        /// Its own environment.
        environment: String,
        /// The project and the environment that it was to be for.
        expected: (String, String),
    },
    /// The recipient has a slot already.
    #[error("{recipient} opens the keyring already")]
    RecipientTwice {
        /// Which one.
        recipient: Recipient,
    },
    /// There is no such slot.
    #[error("{recipient} does not open the keyring; it opens with {}", list(recipients))]
    RecipientUnknown {
        /// Which one.
        recipient: Recipient,
        /// Who could open it.
        recipients: Vec<Recipient>,
    },
    /// Nobody could open it afterwards.
    #[error("{recipient} is the only one that opens the keyring")]
    LastRecipient {
        /// Which one.
        recipient: Recipient,
    },
    /// A rotation cannot wrap the new root key for recipients that are not at hand.
    #[error("the new root key cannot be wrapped for {}", list(recipients))]
    LeftOut {
        /// Which ones.
        recipients: Vec<Recipient>,
    },
}

impl KeyringError {
    /// What to do about it, as an imperative fragment.
    pub fn next(&self) -> String {
        match self {
            Self::Unreadable { .. } | Self::Invalid { .. } | Self::Changed => {
                "restore the keyring from version control or from the history".to_owned()
            }
            Self::Format => "use a cloze at least as new as the one that wrote it".to_owned(),
            Self::NoRecipient => "name a key file, a passphrase or another key".to_owned(),
            Self::NoKey { recipients, .. } => ways(recipients),
            Self::Refused { refusals } => refusals.first().map(|(_, error)| error.next.clone()).unwrap_or_default(),
            Self::Misplaced { project, expected, .. } if *project != expected.0 => format!(
                "set `project: {project}` in cloze.yaml again, or restore this project's keyring: the names of project and environment are part of the encryption"
            ),
            Self::Misplaced { environment, .. } => format!(
                "name the environment `{environment}` again, or restore this environment's keyring: the names of project and environment are part of the encryption"
            ),
            Self::RecipientTwice { .. } => "name each key once".to_owned(),
            Self::RecipientUnknown { .. } => "name one of these".to_owned(),
            Self::LastRecipient { .. } => "add another key first".to_owned(),
            Self::LeftOut { .. } => "bring their keys too, or remove them first".to_owned(),
        }
    }
}

impl From<KeyringError> for Problem {
    fn from(error: KeyringError) -> Self {
        Self::new(Fault::Vault, error.to_string(), error.next())
    }
}

fn list(recipients: &[Recipient]) -> String {
    let one = |recipient: &Recipient| match recipient.kind.as_str() {
        "key-file" => format!("key file {}", recipient.id),
        kind if kind == recipient.id => format!("a {kind}"),
        _ => recipient.to_string(),
    };
    recipients.iter().map(one).collect::<Vec<_>>().join(" or ")
}

/// How a key of each kind that opens the keyring is named.
fn ways(recipients: &[Recipient]) -> String {
    let has = |kind: &str| recipients.iter().any(|recipient| recipient.kind == kind);
    match (has("key-file"), has("passphrase")) {
        (true, false) => "restore that key file, or name it with CLOZE_KEY_FILE".to_owned(),
        (false, true) => "give that passphrase with CLOZE_PASSPHRASE".to_owned(),
        (true, true) if recipients.iter().all(|recipient| matches!(recipient.kind.as_str(), "key-file" | "passphrase")) => {
            "name one of these keys: a key file with CLOZE_KEY_FILE, a passphrase with CLOZE_PASSPHRASE".to_owned()
        }
        _ => "name one of these in `keys:`, and give it: a key file with CLOZE_KEY_FILE, a passphrase with CLOZE_PASSPHRASE, an age identity with \
              CLOZE_AGE_KEY_FILE, credentials for the service that holds a key"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::KeyringError;
    use crate::key::KeyError;
    use crate::key::Recipient;
    use crate::problem::Problem;

    #[test]
    fn each_says_what_is_wrong_and_what_to_do() {
        let one = Recipient { kind: "key-file".into(), id: "0123".into() };
        let two = Recipient { kind: "passphrase".into(), id: "team".into() };
        let misplaced = |project: &str, environment: &str| KeyringError::Misplaced {
            project: "shop".into(),
            environment: "dev".into(),
            expected: (project.into(), environment.into()),
        };
        let refusals =
            vec![(one.clone(), KeyError::new("the service is away", "wait")), (two.clone(), KeyError::new("it is wrong", "type it again"))];
        let table = [
            (
                KeyringError::Unreadable { line: 3, column: 7, reason: "no JSON" },
                "the keyring is not readable at line 3, column 7: no JSON",
                "restore the keyring from version control or from the history",
            ),
            (
                KeyringError::Invalid { reason: "two slots are for one recipient" },
                "the keyring is not valid: two slots are for one recipient",
                "restore the keyring from version control or from the history",
            ),
            (
                KeyringError::Format,
                "the keyring's format is not `cloze.dev/keyring/v1`",
                "use a cloze at least as new as the one that wrote it",
            ),
            (KeyringError::NoRecipient, "the keyring would have no recipient", "name a key file, a passphrase or another key"),
            (
                KeyringError::NoKey { tried: "`k` (key file 4567)".into(), recipients: vec![one.clone(), two.clone()] },
                "`k` (key file 4567) does not open the keyring; it opens with key file 0123 or passphrase team",
                "name one of these keys: a key file with CLOZE_KEY_FILE, a passphrase with CLOZE_PASSPHRASE",
            ),
            (
                KeyringError::NoKey { tried: String::new(), recipients: vec![one.clone()] },
                "no key was given for the keyring; it opens with key file 0123",
                "restore that key file, or name it with CLOZE_KEY_FILE",
            ),
            (
                KeyringError::NoKey { tried: "the passphrase".into(), recipients: vec![two.clone()] },
                "the passphrase does not open the keyring; it opens with passphrase team",
                "give that passphrase with CLOZE_PASSPHRASE",
            ),
            (
                KeyringError::NoKey {
                    tried: String::new(),
                    recipients: vec![
                        Recipient { kind: "age".into(), id: "age1x".into() },
                        Recipient { kind: "aws".into(), id: "alias/x".into() },
                    ],
                },
                "no key was given for the keyring; it opens with age age1x or aws alias/x",
                "name one of these in `keys:`, and give it: a key file with CLOZE_KEY_FILE, a passphrase with CLOZE_PASSPHRASE, an age identity with CLOZE_AGE_KEY_FILE, credentials for the service that holds a key",
            ),
            (KeyringError::Refused { refusals }, "the service is away; it is wrong", "wait"),
            (
                KeyringError::Changed,
                "the keyring was changed since cloze wrote it, or its key is another keyring's",
                "restore the keyring from version control or from the history",
            ),
            (
                misplaced("store", "dev"),
                "the keyring was made for environment `dev` of project `shop`, not for `dev` of `store`",
                "set `project: shop` in cloze.yaml again, or restore this project's keyring: the names of project and environment are part of the encryption",
            ),
            (
                misplaced("shop", "test"),
                "the keyring was made for environment `dev` of project `shop`, not for `test` of `shop`",
                "name the environment `dev` again, or restore this environment's keyring: the names of project and environment are part of the encryption",
            ),
            (KeyringError::RecipientTwice { recipient: one.clone() }, "key-file 0123 opens the keyring already", "name each key once"),
            (
                KeyringError::RecipientUnknown { recipient: one.clone(), recipients: vec![two.clone()] },
                "key-file 0123 does not open the keyring; it opens with passphrase team",
                "name one of these",
            ),
            (
                KeyringError::LastRecipient { recipient: one },
                "key-file 0123 is the only one that opens the keyring",
                "add another key first",
            ),
            (
                KeyringError::LeftOut { recipients: vec![two] },
                "the new root key cannot be wrapped for passphrase team",
                "bring their keys too, or remove them first",
            ),
        ];
        for (error, reason, next) in table {
            let problem = Problem::from(error);
            assert_eq!((&*problem.reason, &*problem.next), (reason, next));
        }
    }
}
