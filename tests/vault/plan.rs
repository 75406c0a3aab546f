//! What a fetch costs is known before it, and no secret is read twice.

use cloze::blank::SecretRef;
use cloze::service::http::Limits;

use crate::rig::SECRETS;
use crate::rig::all;
use crate::rig::ask;

#[tokio::test]
async fn the_calls_made_are_the_calls_planned() {
    for rig in all(0) {
        let vault = rig.vault(Limits::default());
        // Every secret is asked for thrice: as it is, and by two keys that are not there.
        let keyed = |number: usize, key: &str| SecretRef { key: Some(key.to_owned()), ..ask(number) };
        let asks: Vec<SecretRef> = (0..SECRETS).flat_map(|number| [ask(number), keyed(number, "a"), keyed(number, "b")]).collect();
        let plan = vault.plan(&asks);
        let (calls, ahead) = rig.calls(SECRETS);
        assert_eq!((plan.secrets, plan.calls, plan.parallel), (SECRETS, calls, 16), "{}", rig.kind());
        let answers = vault.fetch(&asks).await;
        assert!(answers.iter().step_by(3).all(Result::is_ok), "{}", rig.kind());
        assert_eq!(rig.journal().count(), calls + ahead, "{}", rig.kind());
        assert!(plan.ahead <= ahead && rig.journal().most_at_once() <= 16, "{}", rig.kind());
        println!("{}: {} asks, {} calls", rig.kind(), asks.len(), rig.journal().count());
    }
}
