//! Answers that are damaged at every byte show nothing of what they hold.

use cloze::vault::Vault as _;
use vault_mock::Fault;
use vault_mock::Script;

use crate::aws::bench::PARAMETERS;
use crate::aws::bench::SECRETS;
use crate::aws::bench::ask;
use crate::aws::bench::server;
use crate::aws::bench::vault;
use crate::damage::damaged;
use crate::read::CANARY;

#[tokio::test]
async fn no_damage_to_an_answer_shows_the_value() {
    let server = server();
    let (secrets, parameters) = (vault(&server, SECRETS), vault(&server, PARAMETERS));
    let batch = format!(
        r#"{{"SecretValues": [{{"ARN": "arn:x", "Name": "a", "VersionId": "v", "SecretString": "{CANARY}", "VersionStages": ["AWSCURRENT"]}}, {{"Name": "b", "VersionId": "v", "SecretString": "{CANARY}"}}], "Errors": []}}"#
    );
    let names = format!(
        r#"{{"Parameters": [{{"Name": "/a", "Type": "String", "Value": "{CANARY}", "Version": 1}}], "InvalidParameters": ["/b"]}}"#
    );
    for (vault, good, asks) in [(&secrets, batch, ["a", "b"]), (&parameters, names, ["/a", "/b"])] {
        for text in damaged(&good) {
            server.script(Script::new("", 1, Fault::Body { code: 200, text }));
            for answer in vault.fetch(&asks.map(ask)).await {
                // The version is no secret, even where the value was planted into it.
                let shown = answer.map_or_else(|error| format!("{error:?}"), |fetched| format!("{:?}", fetched.value));
                assert!(!shown.contains(CANARY), "{shown}");
            }
            server.heal();
        }
    }
}
