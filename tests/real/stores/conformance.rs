//! The adapter for object stores keeps to what every history store must do, and says what is wrong with a store.

use std::sync::Arc;

use bytes::Bytes;
use cloze::bucket;
use cloze::bucket::AzureAccess;
use cloze::bucket::Bucket;
use cloze::bucket::BucketSettings;
use cloze::clock::Machine;
use cloze::history::HistoryStore;
use cloze::history::StoreFault;
use cloze::identity::ToolEnvironment;
use cloze::secret::Secret;
use cloze::service::http::RequestLimits;
use cloze::service::http::Transport;
use futures::StreamExt as _;
use futures::stream;

use crate::fixture::Kind;
use crate::fixture::StoreServer;
use crate::history_suite;

/// What a test opens a store with.
#[derive(Debug, Clone)]
pub(super) struct Door {
    pub(super) endpoint: String,
    bucket: String,
    id: String,
    secret: String,
}

pub(super) fn door(server: &StoreServer) -> Door {
    let (id, secret) = server.credential();
    Door { endpoint: server.endpoint().to_owned(), bucket: "cloze".to_owned(), id: id.to_owned(), secret: secret.to_owned() }
}

fn open(server: &StoreServer, door: &Door) -> Bucket {
    open_with(server, door, RequestLimits::default())
}

pub(super) fn open_with(server: &StoreServer, door: &Door, limits: RequestLimits) -> Bucket {
    let pairs = match server.kind() {
        Kind::Versitygw | Kind::Moto => vec![("AWS_ACCESS_KEY_ID", door.id.clone()), ("AWS_SECRET_ACCESS_KEY", door.secret.clone())],
        Kind::Gcs => vec![("STORAGE_EMULATOR_HOST", door.endpoint.clone())],
        Kind::Azurite => Vec::new(),
    };
    let environment = ToolEnvironment::collect(pairs.into_iter().map(|(name, value)| (name.into(), value.into())), None);
    let endpoint = match server.kind() {
        Kind::Versitygw | Kind::Moto => Some(door.endpoint.clone()),
        Kind::Gcs => None,
        Kind::Azurite => Some(format!("{}/{}", door.endpoint, door.id)),
    };
    let settings = BucketSettings {
        bucket: door.bucket.clone(),
        prefix: server.prefix().to_owned(),
        name: "the history".to_owned(),
        endpoint,
        environment: Arc::new(environment),
        transport: Transport::default(),
        limits,
        clock: Arc::new(Machine),
        entropy: Arc::new(Machine),
    };
    let opened = match server.kind() {
        Kind::Versitygw | Kind::Moto => bucket::s3(settings, None),
        Kind::Gcs => bucket::google(settings),
        Kind::Azurite => bucket::azure(settings, &door.id, AzureAccess::Key(Secret::copy_of(door.secret.as_bytes()))),
    };
    opened.unwrap_or_else(|error| panic!("{error:?}"))
}

async fn conforms(kind: Kind) {
    let Some(server) = StoreServer::start(kind) else { return };
    let bucket = open(&server, &door(&server));
    history_suite::all(&bucket).await;
    pages_are_listed_whole(&bucket).await;
}

/// A page holds 1,000 names.
async fn pages_are_listed_whole(store: &dyn HistoryStore) {
    let names: Vec<String> = (0..1100).map(|number| format!("{number:04}")).collect();
    let create = async |name: &String| store.create(&format!("pages/{name}"), Bytes::from_static(b"x")).await.map(drop);
    let made: Vec<_> = stream::iter(&names).map(create).buffer_unordered(16).collect().await;
    assert!(made.iter().all(Result::is_ok), "{made:?}");
    assert_eq!(store.list("pages").await.unwrap().objects, names);
}

#[tokio::test]
async fn versitygw_conforms() {
    conforms(Kind::Versitygw).await;
}

#[tokio::test]
async fn moto_conforms() {
    conforms(Kind::Moto).await;
}

#[tokio::test]
async fn fake_gcs_server_conforms() {
    conforms(Kind::Gcs).await;
}

#[tokio::test]
async fn azurite_conforms() {
    conforms(Kind::Azurite).await;
}

/// What each call to a store answers; all the same.
async fn refusal(store: &dyn HistoryStore) -> (StoreFault, String) {
    let errors = [
        store.create("a", Bytes::from_static(b"x")).await.map(drop).unwrap_err(),
        store.get("a").await.map(drop).unwrap_err(),
        store.get_start("a", 5).await.map(drop).unwrap_err(),
        store.list("").await.map(drop).unwrap_err(),
    ];
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    let [error, ..] = errors;
    (error.fault, format!("{}; {}", error.reason, error.next.unwrap_or_default()))
}

#[tokio::test]
async fn a_bucket_that_is_not_there_is_not_an_empty_history() {
    for kind in Kind::ALL {
        let Some(server) = StoreServer::start(kind) else { continue };
        let elsewhere = Door { bucket: "elsewhere".to_owned(), ..door(&server) };
        let (fault, words) = refusal(&open(&server, &elsewhere)).await;
        assert_eq!(fault, StoreFault::Denied, "{kind:?}");
        assert_eq!(words, "the history: there is no bucket or container `elsewhere`; create it, or correct the history's URL", "{kind:?}");
    }
}

#[tokio::test]
async fn a_wrong_credential_is_told_from_a_missing_object() {
    let wrong = |server: &StoreServer| {
        let own = door(server);
        [Door { id: "AKIAWRONG".to_owned(), ..own.clone() }, Door { secret: "d3Jvbmc=".to_owned(), ..own }]
    };
    if let Some(server) = StoreServer::start(Kind::Versitygw) {
        let [id, secret] = wrong(&server);
        let words = "the history: the store does not know the access key's id; check which credential is used, and for which account";
        assert_eq!(refusal(&open(&server, &id)).await, (StoreFault::Denied, words.to_owned()));
        let words = "the history: the store does not accept the signature or the token; check the secret key and the machine's clock";
        assert_eq!(refusal(&open(&server, &secret)).await, (StoreFault::Denied, words.to_owned()));
    }
    if let Some(server) = StoreServer::start(Kind::Azurite) {
        let [_, secret] = wrong(&server);
        let words = "the history: the store does not accept the signature or the token; check the secret key and the machine's clock";
        assert_eq!(refusal(&open(&server, &secret)).await, (StoreFault::Denied, words.to_owned()));
    }
}
