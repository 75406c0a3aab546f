//! The secrets of an environment: who uses each, which version is deployed, and what its vault knows of it without the value.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;

use crate::blank::SecretRef;
use crate::history::RecordedBlank;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::Settings;
use crate::report::SecretEntry;
use crate::report::SecretUsage;
use crate::report::SecretUser;
use crate::report::UnlistedVault;
use crate::report::UnusedSecret;
use crate::service::ServiceFault;
use crate::stage::describe::Descriptions;
use crate::stage::usage::Usage;
use crate::stage::usage::usages;
use crate::vault::Adapter;
use crate::vault::ListedSecret;
use crate::workflow::compare::pinned;
use crate::workflow::naming::taught;
use crate::workflow::prepare::Prepared;

/// Every secret that what was prepared asks for.
pub fn used(prepared: &mut Prepared, settings: &Settings) -> Vec<Usage> {
    let blanks = prepared.parsed.blanks().clone();
    usages(prepared.parsed.objects_mut(), &blanks, &taught(settings))
}

/// A line for each secret that is used, and for each that only the newest release has, which was filled with `deployed`.
pub fn rows(usages: &[Usage], deployed: &[RecordedBlank], described: &Descriptions) -> Vec<SecretUsage> {
    let mut rows: Vec<SecretUsage> = usages.iter().map(|usage| row(usage, deployed, described)).collect();
    let known: BTreeSet<[&str; 3]> = usages.iter().map(|usage| field_of(&usage.ask)).collect();
    let gone: BTreeMap<SecretRef, &RecordedBlank> = deployed.iter().map(|blank| (pinned(blank), blank)).collect();
    let gone = gone.into_iter().filter(|(ask, _)| !known.contains(&field_of(ask)));
    rows.extend(gone.map(|(ask, blank)| SecretUsage { deployed: Some(blank.version.clone()), ..of_ask(&ask) }));
    rows.sort_by(|one, other| (&one.vault, &one.name, &one.key, &one.asked).cmp(&(&other.vault, &other.name, &other.key, &other.asked)));
    rows
}

fn field_of(ask: &SecretRef) -> [&str; 3] {
    [&ask.vault, &ask.name, ask.key.as_deref().unwrap_or_default()]
}

fn of_ask(ask: &SecretRef) -> SecretUsage {
    let SecretRef { vault, name, key, version } = ask.clone();
    SecretUsage {
        vault,
        name,
        key,
        asked: version,
        deployed: None,
        current: None,
        created: None,
        expires: None,
        problem: None,
        places: Vec::new(),
        used_by: Vec::new(),
    }
}

fn row(usage: &Usage, deployed: &[RecordedBlank], described: &Descriptions) -> SecretUsage {
    let Usage { ask, places, objects } = usage;
    let of_field = || deployed.iter().filter(|blank| field_of(&pinned(blank)) == field_of(ask));
    // What was asked for in another version then is what is deployed now.
    let blank = of_field().find(|blank| pinned(blank) == *ask).or_else(|| of_field().next());
    let found = described.of(ask);
    let known = found.and_then(|found| found.as_ref().ok());
    SecretUsage {
        deployed: blank.map(|blank| blank.version.clone()),
        current: described.current(ask).map(str::to_owned),
        created: known.and_then(|known| known.created).map(|time| time.to_string()),
        expires: known.and_then(|known| known.expires).map(|time| time.to_string()),
        problem: found.and_then(|found| found.as_ref().err()).map(|error| error.reason.clone()),
        places: places.iter().map(ToString::to_string).collect(),
        used_by: objects
            .iter()
            .map(|(object, users)| SecretUser { object: object.clone().into(), used_by: users.iter().cloned().map(Into::into).collect() })
            .collect(),
        ..of_ask(ask)
    }
}

/// What vaults hold that nobody asks for.
#[derive(Debug, Default)]
pub struct Unused {
    /// The secrets, vault by vault.
    pub secrets: Vec<UnusedSecret>,
    /// The vaults that gave no list.
    pub unlisted: Vec<UnlistedVault>,
    /// Why, where that is a failure; else it is a warning.
    pub problems: Vec<Problem>,
    /// What to know before something is removed.
    pub warnings: Vec<Problem>,
}

/// Lists the vaults, and leaves out what is `used` by a vault's name and its own.
pub async fn unused(used: &BTreeSet<(String, String)>, vaults: &BTreeMap<String, Arc<dyn Adapter>>) -> Unused {
    let mut unused = Unused::default();
    let lists = join_all(vaults.values().map(|vault| vault.list())).await;
    for ((name, vault), list) in vaults.iter().zip(lists) {
        match list {
            Ok(list) => {
                let is_used = |listed: &ListedSecret| used.iter().any(|(vault, asked)| vault == name && is_same(asked, &listed.name));
                let rest = list.iter().filter(|listed| !listed.removed && !is_used(listed));
                unused.secrets.extend(rest.map(|listed| UnusedSecret { vault: name.clone(), secret: SecretEntry::from(listed) }));
            }
            Err(error) => {
                unused.unlisted.push(UnlistedVault { vault: name.clone(), reason: error.reason.clone() });
                let problem = Problem::new(Fault::Vault, format!("{vault} gives no list: {}", error.reason), error.next);
                if error.fault == ServiceFault::Unsupported { &mut unused.warnings } else { &mut unused.problems }.push(problem);
            }
        }
    }
    unused
}

/// Whether a blank may mean a listed secret. Vaults that tell upper from lower case are taken for those that do not: what is used must not be called unused.
fn is_same(asked: &str, listed: &str) -> bool {
    let [asked, listed] = [asked, listed].map(|name| name.trim_start_matches('/').to_ascii_lowercase());
    // An ARN ends with the name and six characters more.
    asked == listed || (asked.starts_with("arn:") && asked.contains(&format!(":{listed}")))
}
