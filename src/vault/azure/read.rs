//! Reading a version, and looking at one without its value.

use reqwest::Url;
use tokio::time::Instant;

use crate::identity::renewal::Authenticated;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::words;
use crate::vault::SecretMetadata;
use crate::vault::SecretValue;
use crate::vault::azure::answer;
use crate::vault::azure::answer::Page;
use crate::vault::azure::answer::Properties;
use crate::vault::azure::answer::buried;
use crate::vault::azure::link::Link;
use crate::vault::name;

/// How many pages of a list are read at most.
pub(super) const PAGES: usize = 1000;

impl Link {
    /// A version, or the current one.
    pub(super) async fn read(&self, name: &str, version: Option<&str>, until: Instant) -> Result<SecretValue, ServiceError> {
        let url = self.address.secret(name, version).map_err(name::refused)?;
        let Authenticated { reply, token } = self.ask(url, until).await?;
        match answer::value(&reply, &self.address, name, version, &*token) {
            Err(error) if error.fault == ServiceFault::NotFound => Err(self.absent(name, error, until).await),
            read => read,
        }
    }

    /// What is known of a version, or of the current one, without its value.
    pub(super) async fn look(&self, name: &str, version: Option<&str>, until: Instant) -> Result<SecretMetadata, ServiceError> {
        match self.listed(name, version, until).await {
            Ok(Some(found)) => Ok(found),
            // Versions of the same second, or too many: a read tells for certain.
            Ok(None) => Ok(SecretMetadata::from(&self.read(name, version, until).await?)),
            Err(error) if error.fault == ServiceFault::Denied => Ok(SecretMetadata::from(&self.read(name, version, until).await?)),
            Err(error) => Err(error),
        }
    }

    /// The same where the list of its versions says it for certain.
    pub(super) async fn listed(&self, name: &str, version: Option<&str>, until: Instant) -> Result<Option<SecretMetadata>, ServiceError> {
        let first = self.address.versions(name).map_err(name::refused)?;
        let versions = match self.pages(first, name, until).await {
            Err(error) if error.fault == ServiceFault::NotFound => return Err(self.absent(name, error, until).await),
            versions => versions?,
        };
        match versions.as_deref().map(|versions| chosen(versions, version)) {
            Some(Chosen::One(properties, current)) => match properties.disabled() {
                Some(error) => Err(error),
                None => Ok(Some(found(properties, current))),
            },
            Some(Chosen::None) => {
                let reason = format!("`{}` or the version asked for is not in the vault", words::tame(name, 64));
                let error = ServiceError::new(ServiceFault::NotFound, reason, "check the name, the version and the vault");
                Err(self.absent(name, error, until).await)
            }
            Some(Chosen::Unclear) | None => Ok(None),
        }
    }

    /// The items of all pages from `first` on; nothing when there are too many.
    pub(super) async fn pages(&self, first: Url, subject: &str, until: Instant) -> Result<Option<Vec<Properties>>, ServiceError> {
        let mut url = first;
        let mut items = Vec::new();
        for _ in 0..PAGES {
            let Authenticated { reply, token } = self.ask(url.clone(), until).await?;
            let page = Page::read(&reply, &self.address, subject, &*token)?;
            items.extend(page.items);
            match page.next {
                Some(link) => url = self.address.next(&url, &link)?,
                None => return Ok(Some(items)),
            }
        }
        Ok(None)
    }

    /// `error`, or that the secret was deleted and can be recovered, if the vault says so.
    async fn absent(&self, name: &str, error: ServiceError, until: Instant) -> ServiceError {
        let Ok(url) = self.address.deleted(name) else { return error };
        let answered = self.ask(url, until).await;
        answered.ok().and_then(|answered| buried(&answered.reply, name)).unwrap_or(error)
    }
}

/// The version that was asked for among all of them.
enum Chosen<'a> {
    One(&'a Properties, Option<bool>),
    None,
    /// Which one is current cannot be known.
    Unclear,
}

/// The service keeps no order: the current version is the one that was made last.
fn chosen<'a>(versions: &'a [Properties], pinned: Option<&str>) -> Chosen<'a> {
    let latest = versions.iter().max_by_key(|version| version.created);
    let Some(last) = latest else { return Chosen::None };
    let clear = last.created.is_some() && versions.iter().filter(|version| version.created == last.created).count() == 1;
    match pinned {
        None if clear => Chosen::One(last, Some(true)),
        None => Chosen::Unclear,
        Some(pinned) => {
            let is = |version: &&Properties| version.version.as_ref().is_some_and(|version| version.eq_ignore_ascii_case(pinned));
            let current = |version: &Properties| clear.then(|| version.version == last.version);
            versions.iter().find(is).map_or(Chosen::None, |version| Chosen::One(version, current(version)))
        }
    }
}

fn found(properties: &Properties, current: Option<bool>) -> SecretMetadata {
    let Properties { version, not_before, expires, created, .. } = properties;
    let (not_before, expires, created) = (*not_before, *expires, *created);
    SecretMetadata { version: version.clone().unwrap_or_default(), current, not_before, expires, created, read: false }
}
