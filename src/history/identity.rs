//! A store's identity: whose history it holds, and the proof that it can hold one.

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;

use crate::clock::Entropy;
use crate::clock::Timestamp;
use crate::history::access::Access;
use crate::history::access::CreationOutcome;
use crate::history::envelope;
use crate::history::envelope::Binding;
use crate::history::envelope::FORMAT;
use crate::history::error::HistoryError;
use crate::history::layout;
use crate::history::owner::Owner;
use crate::history::session::HistorySession;
use crate::history::store::Creation;
use crate::history::store::StoreFault;
use crate::history::write_id::WriteId;
use crate::seal::Keys;
use crate::seal::SealedKind;

/// Whose history a store holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreIdentity {
    attempt: WriteId,
    format: u64,
    /// The keyring's id.
    pub store: String,
    /// Whose.
    pub owner: Owner,
    /// When it was made.
    pub time: Timestamp,
}

impl StoreIdentity {
    /// The identity in the object `store`, of which nothing is proven.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, HistoryError> {
        envelope::head(layout::STORE, bytes)
    }

    /// That this is the store of `owner` under `keys`, by the object's `bytes`.
    pub(crate) fn prove(&self, bytes: &[u8], owner: &Owner, keys: &Keys) -> Result<(), HistoryError> {
        self.is_of(owner)?;
        if self.store != keys.store() {
            return Err(HistoryError::Other {
                reason: format!("this history was written under keyring {}, not under {}", self.store, keys.store()),
            });
        }
        envelope::open(layout::STORE, bytes, binding(owner), keys).map(|_| ())
    }
}

impl StoreIdentity {
    /// That the history is one of `owner`. Proves nothing.
    pub(crate) fn is_of(&self, owner: &Owner) -> Result<(), HistoryError> {
        if self.owner == *owner {
            return Ok(());
        }
        let Owner { project, environment } = &self.owner;
        let reason = format!(
            "this history belongs to environment {environment} of project {project}, not to environment {} of project {}",
            owner.environment, owner.project
        );
        Err(HistoryError::Other { reason })
    }
}

/// What names the store whose object `store` has these bytes: 128 bits in hexadecimal, which no other bytes can be made to have.
pub(crate) fn store_id(bytes: &[u8]) -> String {
    envelope::digest(bytes).to_string()[..STORE_ID_LENGTH].to_owned()
}

/// Characters of a store's id.
const STORE_ID_LENGTH: usize = 32;

/// Makes the store that of `owner`, unless it is already.
pub(crate) async fn establish(access: Access<'_>, owner: &Owner, session: HistorySession<'_>) -> Result<(), HistoryError> {
    probe(access, session.entropy).await?;
    let attempt = WriteId::new(session.entropy);
    let identity =
        StoreIdentity { attempt, format: FORMAT, store: session.keys.store().to_owned(), owner: owner.clone(), time: session.clock.now() };
    let bytes = envelope::encode(&identity, &[], binding(owner), session.keys, session.entropy)?;
    match access.claim(layout::STORE, &bytes, attempt).await? {
        CreationOutcome::Won => Ok(()),
        CreationOutcome::Lost(there) => StoreIdentity::read(&there)?.prove(&there, owner, session.keys),
    }
}

/// Tries whether the store refuses to create what exists: some S3-compatible servers ignore the condition and overwrite. Whether what was made
/// for that could be removed.
pub(crate) async fn probe(access: Access<'_>, entropy: &dyn Entropy) -> Result<bool, HistoryError> {
    let attempt = WriteId::new(entropy);
    let path = format!("{}/{attempt}", layout::PROBES);
    let first = Bytes::from(format!("first {attempt}"));
    let made = access.claim(&path, &first, attempt).await?;
    let mut said = access.create_once(&path, Bytes::from(format!("second {attempt}"))).await;
    for _ in 1..access.tries() {
        if !matches!(&said, Err(error) if error.fault == StoreFault::Unsure) {
            break;
        }
        said = access.create_once(&path, Bytes::from(format!("second {attempt}"))).await;
    }
    let kept = access.get(&path).await?.is_some_and(|there| there == first);
    // Who may not remove leaves it: a sweep by another may take it away.
    let removed = match access.remove(&path).await {
        Ok(()) => true,
        Err(HistoryError::Denied { .. }) => false,
        Err(error) => return Err(error),
    };
    match said {
        Ok(Creation::Exists) if made == CreationOutcome::Won && kept => Ok(removed),
        Err(error) if kept => Err(HistoryError::of(&path, error)),
        // Whoever made the store has proven it, and may have swept this probe away.
        _ if access.get(layout::STORE).await?.is_some() => Ok(removed),
        _ => {
            let reason = format!("{} overwrites objects that it should refuse to create a second time", access.store());
            Err(HistoryError::Unfit { reason, next: None })
        }
    }
}

fn binding(owner: &Owner) -> Binding<'_> {
    Binding { owner, kind: SealedKind::Record, number: 0, predecessor: None }
}
