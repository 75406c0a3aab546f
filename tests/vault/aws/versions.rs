//! Versions, their labels, and bytes.

use cloze::service::ServiceFault;
use cloze::vault::Vault as _;
use vault_mock::aws::Aws;
use vault_mock::aws::Seed;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::pinned;
use crate::aws::bench::vault;
use crate::read::one;

#[tokio::test]
async fn versions_labels_and_bytes() {
    let server = Aws::serve(Seed::default()).unwrap();
    let aws = server.protocol();
    let bytes: Vec<u8> = (0..=255).collect();
    let ids: Vec<String> = [&b"one"[..], b"two", &bytes].iter().map(|value| aws.put("s", value)).collect();
    let secrets = vault(&server, SECRETS);
    let asks =
        [ask("s"), pinned("s", &ids[0]), pinned("s", &ids[2]), pinned("s", "AWSPREVIOUS"), pinned("s", "AWSCURRENT"), ask(&aws.arn("s"))];
    let read: Vec<(Vec<u8>, String, Option<bool>)> = secrets
        .fetch(&asks)
        .await
        .into_iter()
        .map(|answer| answer.map(|fetched| (fetched.value.expose().to_vec(), fetched.version, fetched.current)).unwrap())
        .collect();
    let of = |index: usize, current| (vec![&b"one"[..], b"two", &bytes][index].to_vec(), ids[index].clone(), Some(current));
    assert_eq!(read, [of(2, true), of(0, false), of(2, true), of(1, false), of(2, true), of(2, true)]);
    let error = one(&secrets, pinned("s", "00000000-0000-4000-8000-000000000000")).await.unwrap_err();
    assert_eq!(
        (error.fault, error.reason.as_str()),
        (ServiceFault::NotFound, "`s` or its version `00000000-0000-4000-8000-000000000000` is not there")
    );
    let probed = secrets.probe(&asks).await;
    for (index, (found, read)) in probed.iter().zip(&read).enumerate() {
        let found = found.as_ref().unwrap();
        // The oldest version has no label, so only reading tells.
        assert_eq!((&found.version, found.current, found.read), (&read.1, read.2, index == 1));
    }
    for (kind, value) in [("String", "v1"), ("String", "v2"), ("StringList", "a,b")] {
        aws.put_parameter("/p", kind, value);
    }
    let parameters = vault(&server, PARAMETERS);
    let asks = [ask("/p"), pinned("/p", "1"), pinned("/p", "3")];
    let read: Vec<(String, Option<bool>)> = parameters
        .fetch(&asks)
        .await
        .into_iter()
        .map(|answer| answer.map(|fetched| (fetched.value.expose_text().unwrap().to_owned(), fetched.current)).unwrap())
        .collect();
    assert_eq!(read, [("a,b".to_owned(), Some(true)), ("v1".to_owned(), Some(false)), ("a,b".to_owned(), Some(true))]);
    let reads: Vec<bool> = parameters.probe(&asks).await.into_iter().map(|found| found.unwrap().read).collect();
    assert_eq!(reads, [false, true, false]);
}
