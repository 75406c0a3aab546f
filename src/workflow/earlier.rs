//! Earlier releases, and their manifests on the way to a target again.

use futures::StreamExt;
use futures::stream;

use crate::history::History;
use crate::history::HistoryError;
use crate::history::Outcome;
use crate::history::Release;
use crate::history::StoredManifest;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::target::Manifest;
use crate::target::ManifestSet;
use crate::target::Syntax;

/// The newest release before `head` that has other manifests and an outcome that is `wanted`.
///
/// # Errors
/// There is none; `wanted` in words says what they were not known to be, such as `proven`.
pub(crate) async fn earlier(
    history: &History<'_>,
    head: &Release,
    wanted: impl Fn(&Outcome) -> bool,
    words: &str,
) -> Result<(Release, Outcome), Problem> {
    let newest = head.summary.number;
    let read = |number: u64| async move {
        let release = history.release(number).await?;
        if head.body.has_manifests_of(&release.body) {
            return Ok(None);
        }
        let outcome = history.outcome(&release).await?;
        Ok(Some((release, outcome)))
    };
    let mut others = 0;
    // The next ones are read while one is looked at: the release that is wanted is seldom far.
    let mut releases = stream::iter((1..newest).rev()).map(read).buffered(AHEAD);
    while let Some(found) = releases.next().await {
        let (release, outcome) = match found {
            Err(HistoryError::Pruned { .. }) => break,
            found => match found? {
                Some(found) => found,
                None => continue,
            },
        };
        if wanted(&outcome) {
            return Ok((release, outcome));
        }
        others += 1;
    }
    let reason = if others == 0 {
        "no earlier release has other manifests".to_owned()
    } else {
        format!("no earlier release with other manifests is known to have been {words}")
    };
    Err(Problem::new(Fault::History, reason, "name the release to go back to; `cloze history` lists them"))
}

/// How many releases are read at once.
const AHEAD: usize = 4;

/// Recorded manifests as a target takes them, as `converted` where that has them.
pub(crate) fn recorded_set<'a>(stored: &'a [StoredManifest<'a>], converted: &'a [Secret], syntax: Syntax) -> ManifestSet<'a> {
    let bytes = |index: usize| converted.get(index).map_or_else(|| stored[index].content.expose(), Secret::expose);
    let one = |(index, stored): (usize, &'a StoredManifest<'a>)| {
        Manifest::new(&stored.manifest.identity, &stored.manifest.base, bytes(index)).of_template(&stored.manifest.file)
    };
    ManifestSet { syntax, manifests: stored.iter().enumerate().map(one).collect() }
}
