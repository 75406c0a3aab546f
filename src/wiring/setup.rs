//! How the vaults of a kind are set up.

#![cfg_attr(not(feature = "vaults"), allow(dead_code, reason = "what vaults share is not all used where some are left out"))]

use std::sync::Arc;

#[cfg(feature = "http")]
use crate::identity::trust::CredentialDestination;
#[cfg(feature = "http")]
use crate::key::KeyWrap;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::VaultSettings;
use crate::service::ServiceError;
use crate::vault::Adapter;
use crate::vault::NameRule;
use crate::wiring::Wiring;

/// The vault that the settings describe.
type Make = fn(&Wiring<'_>, &VaultSettings) -> Result<Arc<dyn Adapter>, Problem>;

type NameRuleOf = fn(&VaultSettings) -> Result<NameRule, ServiceError>;

/// Where the settings send credentials.
#[cfg(feature = "http")]
type Destinations = for<'s> fn(&'s Wiring<'_>, &'s VaultSettings) -> Vec<CredentialDestination<'s>>;

/// The key that the settings describe.
#[cfg(feature = "http")]
type MakeKey = fn(&Wiring<'_>, &VaultSettings) -> Result<Box<dyn KeyWrap>, Problem>;

/// How the vaults of a kind are set up.
#[derive(Clone, Copy)]
pub(super) struct Setup {
    pub(super) adapter: Make,
    /// Which names its secrets can have.
    pub(super) names: NameRuleOf,
    /// For kinds that send credentials anywhere.
    #[cfg(feature = "http")]
    pub(super) destinations: Option<Destinations>,
    /// For kinds whose services hold keys, too.
    #[cfg(feature = "http")]
    pub(super) key: Option<MakeKey>,
}

impl Setup {
    /// Of a kind that needs no network.
    #[cfg(any(feature = "env", feature = "exec"))]
    pub(super) const fn here(adapter: Make, names: NameRuleOf) -> Self {
        Self {
            adapter,
            names,
            #[cfg(feature = "http")]
            destinations: None,
            #[cfg(feature = "http")]
            key: None,
        }
    }

    /// Of a kind behind a network.
    #[cfg(feature = "http")]
    pub(super) const fn remote(adapter: Make, names: NameRuleOf, destinations: Destinations, key: MakeKey) -> Self {
        Self { adapter, names, destinations: Some(destinations), key: Some(key) }
    }
}

/// The error of a vault whose settings cannot be used, at the place where it is named.
pub(super) fn refused(settings: &VaultSettings, error: ServiceError) -> Problem {
    settings.entry.name.at(Problem::new(Fault::Vault, format!("{}: {}", settings.asker(), error.reason), error.next))
}
