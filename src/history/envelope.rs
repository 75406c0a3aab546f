//! The form of records, events and the store's identity: one line of JSON, a MAC, a sealed body.
//!
//! The line needs no key. The MAC covers it, the sealed body, where the object is and what it follows; the body opens only
//! under that very line. So neither can be changed, moved or paired with another.

use bytes::Bytes;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::clock::Entropy;
use crate::digest::Digest;
use crate::history::error::HistoryError;
use crate::history::owner::Owner;
use crate::seal::Generation;
use crate::seal::Keys;
use crate::seal::SealContext;
use crate::seal::SealedKind;
use crate::secret::Secret;

/// The format of the objects that are written, but for records ([`Summary::FORMAT`](crate::history::Summary)).
pub(crate) const FORMAT: u64 = 1;

/// The longest line, its end included, in bytes.
pub(crate) const LINE_LIMIT: usize = 32 << 10;

const MAC_LENGTH: usize = 32;

/// Where an enveloped object is, and what it follows.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Binding<'a> {
    pub(crate) owner: &'a Owner,
    pub(crate) kind: SealedKind,
    /// The release's number, zero for the store itself.
    pub(crate) number: u64,
    /// The digest of the record before this one, or of the record that an event belongs to.
    pub(crate) predecessor: Option<Digest>,
}

/// The format that a line says it has.
#[derive(Deserialize)]
struct FormatVersion {
    format: u64,
}

/// The bytes of an object with `head` as its line and `body` sealed.
pub(crate) fn encode<H: Serialize>(
    head: &H,
    body: &[u8],
    binding: Binding<'_>,
    keys: &Keys,
    entropy: &dyn Entropy,
) -> Result<Bytes, HistoryError> {
    let line = line_of(head).ok_or_else(|| HistoryError::TooLarge { reason: "the part that is not encrypted is too long".to_owned() })?;
    let sealed = keys.seal(&context(binding, keys, &identity(&line)), body, entropy);
    let mac = mac(binding, keys, keys.generation(), &line, &sealed).unwrap_or_else(|| unreachable!("the keys have their own generation"));
    let mut bytes = Vec::with_capacity(line.len() + 1 + MAC_LENGTH + sealed.len());
    bytes.extend_from_slice(&line);
    bytes.push(b'\n');
    bytes.extend_from_slice(&mac.0);
    bytes.extend_from_slice(&sealed);
    Ok(Bytes::from(bytes))
}

/// The line of the object at `path`, which has format [`FORMAT`], without proof. `bytes` may be the object's beginning only.
pub(crate) fn head<H: DeserializeOwned + Serialize>(path: &str, bytes: &[u8]) -> Result<H, HistoryError> {
    head_up_to(FORMAT, path, bytes)
}

/// The same of an object that has any format from 1 to `newest`.
pub(crate) fn head_up_to<H: DeserializeOwned + Serialize>(newest: u64, path: &str, bytes: &[u8]) -> Result<H, HistoryError> {
    let (line, _) = split(path, bytes)?;
    let version: FormatVersion = serde_json::from_slice(line).map_err(|_| HistoryError::damaged(path, "it has no head"))?;
    if !(1..=newest).contains(&version.format) {
        return Err(HistoryError::Newer { path: path.to_owned(), format: version.format });
    }
    let head: H = serde_json::from_slice(line).map_err(|_| HistoryError::damaged(path, "its first line is not a valid head"))?;
    // One content has one form, so that no byte can change without notice.
    if line_of(&head).as_deref() != Some(line) {
        return Err(HistoryError::damaged(path, "its head is not in the form that cloze writes"));
    }
    Ok(head)
}

/// The body of the object at `path`, after the MAC proved that all of it is where it was written.
pub(crate) fn open(path: &str, bytes: &[u8], binding: Binding<'_>, keys: &Keys) -> Result<Secret, HistoryError> {
    let (line, rest) = split(path, bytes)?;
    let broken = || HistoryError::damaged(path, "it was changed, or it is not from here, or the key is another");
    let (mac, sealed) = rest.split_at_checked(MAC_LENGTH).ok_or_else(broken)?;
    let generation = Generation::of(sealed).ok_or_else(broken)?;
    let rekeyed = || HistoryError::Rekeyed { path: path.to_owned() };
    let expected = self::mac(binding, keys, generation, line, sealed).ok_or_else(rekeyed)?;
    if !Secret::copy_of(mac).ct_eq(&Secret::copy_of(&expected.0)) {
        return Err(broken());
    }
    keys.open(&context(binding, keys, &identity(line)), sealed).map_err(|_| broken())
}

/// The digest by which an object is followed and remembered: over all of its bytes, so it needs no key.
pub(crate) fn digest(bytes: &[u8]) -> Digest {
    Digest::plain(&[b"cloze.dev/history/v1", bytes])
}

fn split<'b>(path: &str, bytes: &'b [u8]) -> Result<(&'b [u8], &'b [u8]), HistoryError> {
    let limit = bytes.len().min(LINE_LIMIT);
    let end = bytes[..limit].iter().position(|&byte| byte == b'\n').ok_or_else(|| HistoryError::damaged(path, "it has no head"))?;
    Ok((&bytes[..end], &bytes[end + 1..]))
}

fn line_of<H: Serialize>(head: &H) -> Option<Vec<u8>> {
    serde_json::to_vec(head).ok().filter(|line| line.len() < LINE_LIMIT)
}

fn identity(line: &[u8]) -> String {
    Digest::plain(&[line]).to_string()
}

fn context<'a>(binding: Binding<'a>, keys: &'a Keys, identity: &'a str) -> SealContext<'a> {
    SealContext {
        store: keys.store(),
        project: &binding.owner.project,
        environment: &binding.owner.environment,
        kind: binding.kind,
        identity,
        number: binding.number,
        predecessor: binding.predecessor,
    }
}

/// The MAC of `generation`; `None` when the keys have no such one.
fn mac(binding: Binding<'_>, keys: &Keys, generation: Generation, line: &[u8], sealed: &[u8]) -> Option<Digest> {
    let kind: &[u8] = match binding.kind {
        SealedKind::Record => b"record",
        SealedKind::Plan => b"plan",
        SealedKind::Event => b"event",
        SealedKind::Keyring => b"keyring",
        SealedKind::Pruning => b"pruning",
        SealedKind::VaultEntry | SealedKind::Pack | SealedKind::Slot => return None,
    };
    let predecessor = binding.predecessor.as_ref().map_or(&[][..], |digest| &digest.0);
    let parts: [&[u8]; 9] = [
        b"cloze.dev/history/v1",
        kind,
        keys.store().as_bytes(),
        binding.owner.project.as_bytes(),
        binding.owner.environment.as_bytes(),
        &binding.number.to_be_bytes(),
        predecessor,
        line,
        sealed,
    ];
    keys.chain_of(generation, &parts)
}
