//! Which inventory of a cluster the releases of a history are in.

use futures::join;

use crate::history::History;
use crate::history::HistoryError;
use crate::history::Release;
use crate::history::What;
use crate::target::Claim;

/// What an event says of a release that was put to `target`: what that did, and in which inventory it is.
pub(crate) fn detail(target: &str, summary: &str, inventory: Option<&str>) -> String {
    let inventory = inventory.map(|uid| format!("\n{INVENTORY}{uid}")).unwrap_or_default();
    format!("{target}: {summary}{inventory}")
}

/// What a release of that number claims after `head`: to be of the history, and to go where its releases are.
pub(crate) async fn claim(history: &History<'_>, head: Option<&Release>, release: u64) -> Result<Claim, HistoryError> {
    let known = async {
        match head {
            Some(head) => inventory(history, head).await,
            None => Ok(None),
        }
    };
    let (store, inventory) = join!(history.reader().store_id(), known);
    Ok(Claim { store: store?.unwrap_or_default(), release, inventory: inventory?, ..Claim::default() })
}

/// The inventory that the newest events up to `release` name; `None` where none of a few releases does, or the environment was destroyed since.
async fn inventory(history: &History<'_>, release: &Release) -> Result<Option<String>, HistoryError> {
    let number = release.summary.number;
    for number in (number.saturating_sub(BACK).max(1)..=number).rev() {
        let events = if number == release.summary.number {
            history.events(release).await?
        } else {
            match history.release(number).await {
                Err(HistoryError::Pruned { .. }) => return Ok(None),
                release => history.events(&release?).await?,
            }
        };
        for (event, detail) in events.into_iter().rev() {
            if event.what == What::Destroyed {
                return Ok(None);
            }
            if let Some(uid) = detail.lines().find_map(|line| line.strip_prefix(INVENTORY)) {
                return Ok(Some(uid.to_owned()));
            }
        }
    }
    Ok(None)
}

const INVENTORY: &str = "inventory ";
/// How many releases back it is looked for: most say it.
const BACK: u64 = 5;
