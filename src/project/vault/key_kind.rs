//! The kinds of services that hold keys: the word of each, and the keys that can be said of it, which are those of the provider's vault but for
//! a few.

use crate::project::variable;
use crate::project::vault::VaultKind;
use crate::project::vault::field::Field;
use crate::project::vault::field::Form;
use crate::project::vault::field::field;

/// A kind of service that holds keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyKind(&'static Row);

#[derive(Debug, PartialEq, Eq)]
struct Row {
    /// What enters it as this kind of vault is entered.
    vault: VaultKind,
    about: &'static str,
    /// Its own keys, then those of the vault that it has not.
    own: &'static [Field],
    without: &'static [&'static str],
}

const ROWS: &[Row] = &[
    Row {
        vault: VaultKind::Hashicorp,
        about: "A key of the transit engine of HashiCorp Vault or OpenBao.",
        own: &[
            field("key", Form::VaultPath, "The key's name.").required(),
            field("mount", Form::VaultPath, "The engine's mount path.").default("transit"),
        ],
        without: &["mount", "engine", "concurrency"],
    },
    Row {
        vault: VaultKind::Azure,
        about: "An RSA key of Azure Key Vault, in software or in an HSM.",
        own: &[field("key", Form::Address, "The key without a version, such as https://shop.vault.azure.net/keys/cloze").required()],
        without: &["url", "concurrency"],
    },
    Row {
        vault: VaultKind::Aws,
        about: "A symmetric key of AWS KMS.",
        own: &[field("key", Form::Text, "The key's ARN, its id, or alias/NAME.").required()],
        without: &["service", "concurrency"],
    },
    Row {
        vault: VaultKind::Gcp,
        about: "A symmetric key of Google Cloud KMS.",
        own: &[
            field("key", Form::Text, "The key, as projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY").required(),
            field("endpoint", Form::Address, "Another endpoint of Google's or on the loopback.")
                .or(&[variable::CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDKMS]),
        ],
        without: &["project", "location", "endpoint", "concurrency"],
    },
];

impl KeyKind {
    /// All kinds with their words in project files.
    pub(in crate::project) fn all() -> Vec<(&'static str, Self)> {
        ROWS.iter().map(|row| (row.vault.word(), Self(row))).collect()
    }

    /// The word in project files, which slots have, too.
    pub fn word(self) -> &'static str {
        self.0.vault.word()
    }

    /// The kind of vault that is entered in the same ways.
    pub fn vault(self) -> VaultKind {
        self.0.vault
    }

    /// What it is, as the schema says it.
    pub(in crate::project) fn about(self) -> &'static str {
        self.0.about
    }

    /// The keys that can be said of it besides `kind`.
    pub(in crate::project) fn fields(self) -> Vec<&'static Field> {
        let shared = self.0.vault.fields().iter().filter(|field| !self.0.without.contains(&field.key));
        self.0.own.iter().chain(shared).collect()
    }

    /// The keys that the project file itself has to say.
    pub(in crate::project) fn required(self) -> Vec<&'static str> {
        ["kind"].into_iter().chain(self.fields().into_iter().filter(|field| field.is_said()).map(|field| field.key)).collect()
    }
}
