//! What a fetch costs is known before it, and no secret is read twice.

use cloze::blank::SecretRef;
use cloze::service::http::RequestLimits;

use crate::fixture::SECRETS;
use crate::fixture::all;
use crate::fixture::ask;

#[tokio::test]
async fn the_calls_made_are_the_calls_planned() {
    for fixture in all(0) {
        let vault = fixture.vault(RequestLimits::default());
        // Every secret is asked for thrice: as it is, and by two keys that are not there.
        let keyed = |number: usize, key: &str| SecretRef { key: Some(key.to_owned()), ..ask(number) };
        let asks: Vec<SecretRef> = (0..SECRETS).flat_map(|number| [ask(number), keyed(number, "a"), keyed(number, "b")]).collect();
        let plan = vault.plan(&asks);
        let (calls, ahead) = fixture.calls(SECRETS);
        assert_eq!((plan.secrets, plan.calls, plan.parallel), (SECRETS, calls, 128), "{}", fixture.kind());
        let answers = vault.fetch(&asks).await;
        assert!(answers.iter().step_by(3).all(Result::is_ok), "{}", fixture.kind());
        assert_eq!(fixture.journal().count(), calls + ahead, "{}", fixture.kind());
        assert!(plan.ahead <= ahead && fixture.journal().most_at_once() <= 128, "{}", fixture.kind());
        println!("{}: {} asks, {} calls", fixture.kind(), asks.len(), fixture.journal().count());
    }
}
