//! What every key recipient must do. The tests of each adapter run all of it, and `tests/real` runs it on services that others wrote.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::clock::Machine;
use crate::key::KeyWrap;
use crate::key::Parameter;
use crate::key::Slot;
use crate::seal::RootKey;

/// Runs everything; `other` is a recipient of the same kind with another id.
pub(crate) async fn conforms(recipient: &dyn KeyWrap, other: &dyn KeyWrap) {
    keeps_what_it_wrapped(recipient, other).await;
    refuses_a_changed_slot(recipient).await;
}

/// Everything but what becomes of a slot that was changed.
pub(crate) async fn keeps_what_it_wrapped(recipient: &dyn KeyWrap, other: &dyn KeyWrap) {
    gives_back_what_it_wrapped(recipient).await;
    leaves_the_slots_of_others_alone(recipient, other).await;
    binds_the_context(recipient).await;
    wraps_anew_every_time(recipient).await;
    shows_no_root_key(recipient).await;
}

/// A root key and the slot that it was wrapped into.
pub(crate) async fn wrapped(recipient: &dyn KeyWrap) -> (RootKey, Slot) {
    let root = RootKey::generate(&Machine);
    let slot = recipient.wrap(&root, CONTEXT, &Machine).await.unwrap();
    (root, slot)
}

async fn gives_back_what_it_wrapped(recipient: &dyn KeyWrap) {
    let (root, slot) = wrapped(recipient).await;
    assert_eq!(slot.recipient, recipient.recipient());
    let text = serde_json::to_string(&slot).unwrap();
    let slot: Slot = serde_json::from_str(&text).unwrap();
    assert!(recipient.unwrap(&slot, CONTEXT).await.unwrap().unwrap().0.ct_eq(&root.0));
}

async fn leaves_the_slots_of_others_alone(recipient: &dyn KeyWrap, other: &dyn KeyWrap) {
    let (_, slot) = wrapped(recipient).await;
    assert_ne!(recipient.recipient(), other.recipient());
    assert!(other.unwrap(&slot, CONTEXT).await.is_none());
    let mut foreign = slot;
    foreign.recipient.kind.push('x');
    assert!(recipient.unwrap(&foreign, CONTEXT).await.is_none());
}

async fn binds_the_context(recipient: &dyn KeyWrap) {
    let (_, slot) = wrapped(recipient).await;
    assert!(recipient.unwrap(&slot, b"another context").await.unwrap().is_err());
    assert!(recipient.unwrap(&slot, b"").await.unwrap().is_err());
}

async fn wraps_anew_every_time(recipient: &dyn KeyWrap) {
    let root = RootKey::generate(&Machine);
    let one = recipient.wrap(&root, CONTEXT, &Machine).await.unwrap();
    let two = recipient.wrap(&root, CONTEXT, &Machine).await.unwrap();
    assert_ne!(one.wrapped, two.wrapped);
    for slot in [one, two] {
        assert!(recipient.unwrap(&slot, CONTEXT).await.unwrap().unwrap().0.ct_eq(&root.0));
    }
}

async fn refuses_a_changed_slot(recipient: &dyn KeyWrap) {
    let (_, slot) = wrapped(recipient).await;
    let length = slot.wrapped.len();
    let mut changed: Vec<Slot> = Vec::new();
    for index in [0, length / 3, length / 2, length - 4] {
        let mut wrapped = slot.wrapped.clone().into_bytes();
        wrapped[index] = if wrapped[index] == b'b' { b'c' } else { b'b' };
        changed.push(Slot { wrapped: String::from_utf8(wrapped).unwrap(), ..slot.clone() });
    }
    for wrapped in ["", "?", &slot.wrapped[..length - 4], &slot.wrapped[4..], &slot.wrapped.repeat(2)] {
        changed.push(Slot { wrapped: wrapped.to_owned(), ..slot.clone() });
    }
    let mut more = slot.clone();
    more.parameters.insert("more".to_owned(), Parameter::from(1));
    changed.push(more);
    for slot in changed {
        let error = recipient.unwrap(&slot, CONTEXT).await.unwrap().unwrap_err();
        assert!(!error.reason.is_empty() && !error.reason.ends_with('.') && !error.next.is_empty());
    }
}

async fn shows_no_root_key(recipient: &dyn KeyWrap) {
    let root = RootKey::generate(&Machine);
    let slot = recipient.wrap(&root, CONTEXT, &Machine).await.unwrap();
    let shown = format!("{recipient:?} {recipient} {slot:?}");
    let encoded = STANDARD.encode(root.0.expose());
    let list = format!("{:?}", root.0.expose());
    assert!(!shown.contains(&encoded) && !shown.contains(list.trim_matches(['[', ']'])));
}

/// The words of a recipient that does not wrap.
#[cfg(feature = "vaults")]
pub(crate) async fn refusal(recipient: &dyn KeyWrap) -> String {
    let error = recipient.wrap(&RootKey::generate(&Machine), CONTEXT, &Machine).await.unwrap_err();
    format!("{}; {}", error.reason, error.next)
}

/// The words of a recipient that does not unwrap what it wrapped, once `then` came between.
#[cfg(feature = "vaults")]
pub(crate) async fn refusal_after(recipient: &dyn KeyWrap, then: impl AsyncFnOnce()) -> String {
    let (_, slot) = wrapped(recipient).await;
    then().await;
    let error = recipient.unwrap(&slot, CONTEXT).await.unwrap().unwrap_err();
    format!("{}; {}", error.reason, error.next)
}

/// What slots of this suite are bound to.
pub(crate) const CONTEXT: &[u8] = b"shop/dev";
