//! What the tests of a history are made with.

use std::sync::LazyLock;
use std::time::Duration;

use crate::clock::Machine;
use crate::clock::Timestamp;
use crate::digest::Digest;
use crate::history::Action;
use crate::history::BlobRef;
use crate::history::Body;
use crate::history::Draft;
use crate::history::DraftManifest;
use crate::history::History;
use crate::history::HistorySession;
use crate::history::NewEvent;
use crate::history::Owner;
use crate::history::PackId;
use crate::history::Patience;
use crate::history::Reader;
use crate::history::RecordedBlank;
use crate::history::RecordedFile;
use crate::history::RecordedManifest;
use crate::history::Release;
use crate::history::ReleaseEvent;
use crate::history::Summary;
use crate::history::What;
use crate::history::WriteId;
use crate::history::envelope::FORMAT;
use crate::history::store::HistoryStore;
use crate::manifest::Identity;
use crate::place::Place;
use crate::seal::Keys;

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::fresh(&Machine));

pub(crate) const KEYRING: &[u8] = b"{\"keyring\":\"of the tests\"}";

/// A manifest with its bytes.
pub(crate) type ManifestText = (Identity, String);

pub(crate) fn keys() -> &'static Keys {
    &KEYS
}

pub(crate) fn owner(environment: &str) -> Owner {
    Owner { project: "shop".to_owned(), environment: environment.to_owned() }
}

pub(crate) fn session() -> HistorySession<'static> {
    HistorySession { keys: keys(), keyring: KEYRING, clock: &Timestamp(1_700_000_000), entropy: &Machine }
}

pub(crate) fn reader<'a>(store: &'a dyn HistoryStore, environment: &str) -> Reader<'a> {
    let patience = Patience { call: Duration::from_millis(200), tries: 3, reads: 3, pause: Duration::from_millis(1) };
    Reader::new(store, owner(environment)).with_patience(patience)
}

pub(crate) async fn history<'a>(store: &'a dyn HistoryStore, environment: &str) -> History<'a> {
    History::open(reader(store, environment), session()).await.unwrap()
}

/// The manifests named `names`, whose content is theirs alone.
pub(crate) fn manifests(names: &[&str]) -> Vec<ManifestText> {
    let identity = |name: &str| Identity {
        api_version: "v1".to_owned(),
        kind: "ConfigMap".to_owned(),
        namespace: "shop".to_owned(),
        name: name.to_owned(),
    };
    names.iter().map(|name| (identity(name), format!("content of {name}"))).collect()
}

pub(crate) fn draft(manifests: &[ManifestText]) -> Draft<'_> {
    let manifests = manifests.iter().map(|(identity, text)| DraftManifest {
        identity,
        base: &identity.name,
        file: "templates/a.yaml",
        content: text.as_bytes(),
        recipe: None,
    });
    Draft {
        actor: "ada".to_owned(),
        revision: Some("0123abcd".to_owned()),
        note: None,
        action: Action::Deploy,
        blanks: body().blanks,
        templates: body().templates,
        values: Vec::new(),
        manifests: manifests.collect(),
    }
}

/// Records `count` more releases, each with one manifest of its own beside a common one, and an event for each.
pub(crate) async fn releases(history: &History<'_>, count: u64) -> Vec<Release> {
    let mut list: Vec<Release> = Vec::new();
    let mut head = history.head().await.unwrap();
    for _ in 0..count {
        let number = head.as_ref().map_or(1, |release| release.summary.number + 1);
        let manifests = manifests(&["common", &format!("release-{number}")]);
        let release = history.record(&draft(&manifests), head.as_ref()).await.unwrap();
        let note = NewEvent { actor: "ada", what: What::Emitted, detail: "dist/dev" };
        history.add_event(&release, note).await.unwrap();
        list.push(release.clone());
        head = Some(release);
    }
    list
}

pub(crate) fn summary(number: u64) -> Summary {
    Summary {
        attempt: WriteId([0xa7; 16]),
        format: Summary::FORMAT,
        store: keys().store().to_owned(),
        owner: owner("dev"),
        number,
        predecessor: (number > 1).then_some(Digest([3; 32])),
        seen_events: 1,
        keyring: Digest([4; 32]),
        time: Timestamp(1_700_000_000),
        actor: "ada".to_owned(),
        revision: None,
        note: Some("first try".to_owned()),
        action: Action::Deploy,
        manifests: 2,
        changed: 1,
    }
}

pub(crate) fn event(number: u64, sequence: u32, what: What) -> ReleaseEvent {
    ReleaseEvent {
        attempt: WriteId([0xe7; 16]),
        format: FORMAT,
        store: keys().store().to_owned(),
        owner: owner("dev"),
        number,
        release: Digest([5; 32]),
        sequence,
        time: Timestamp(1_700_000_000),
        actor: "ada".to_owned(),
        what,
    }
}

pub(crate) fn body() -> Body {
    random_body(7, 2)
}

/// A body that `seed` decides, with up to `size` of everything.
pub(crate) fn random_body(seed: u64, size: usize) -> Body {
    let digest = |index: usize, what: &str| Digest::plain(&[&seed.to_be_bytes(), &index.to_be_bytes(), what.as_bytes()]);
    let pick = |index: usize, what: &str, of: usize| usize::from(digest(index, what).0[0]) % of;
    let stored = |index: usize, what: &str| {
        let id = PackId { number: pick(index, "number", 3) as u64 + 1, attempt: WriteId([seed.to_be_bytes()[7]; 16]), part: 0 };
        BlobRef { digest: digest(index, what), length: pick(index, "length", 200) as u64 * 77, pack: id, index: index as u64 }
    };
    let place = |index: usize| Place::rendered(format!("templates/{}.yaml", index % 3), u32::from(digest(index, "line").0[0]), 7);
    let blank = |index: usize| RecordedBlank {
        vault: ["default", "shared"][pick(index, "vault", 2)].to_owned(),
        name: format!("secret-{index}"),
        key: (pick(index, "key", 2) == 0).then(|| "password".to_owned()),
        version: index.to_string(),
        pinned: pick(index, "pinned", 2) == 0,
        fingerprint: digest(index, "fingerprint"),
        places: (0..pick(index, "places", 4)).map(place).collect(),
    };
    let file = |index: usize| RecordedFile { path: format!("templates/{index}.yaml"), digest: digest(index, "file") };
    let manifest = |index: usize| RecordedManifest {
        identity: Identity {
            api_version: ["v1", "apps/v1"][pick(index, "version", 2)].to_owned(),
            kind: ["Secret", "Deployment"][pick(index, "version", 2)].to_owned(),
            namespace: ["", "shop"][pick(index, "namespace", 2)].to_owned(),
            name: format!("ä{index}-x"),
        },
        base: format!("ä{index}"),
        file: format!("templates/{}.yaml", index % 3).into(),
        content: stored(index, "content"),
        recipe: (pick(index, "recipe", 2) == 0).then(|| stored(index, "recipe")),
    };
    Body {
        blanks: (0..size).map(blank).collect(),
        templates: (0..size).map(file).collect(),
        values: (0..size / 2).map(file).collect(),
        manifests: (0..size).map(manifest).collect(),
    }
}
