//! What a release changes against another, as a review shows it.

use crate::history::History;
use crate::history::Release;
use crate::manifest::Identity;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::stage::diff::Change;
use crate::stage::diff::Reviewed;
use crate::stage::diff::diff;
use crate::story::build::Built;
use crate::story::past::problem;
use crate::story::recipe::Recipe;

/// A recorded release as a review shows it, in apply order. Opens its packs; no value is in what comes out.
pub async fn reviewed(history: &History<'_>, release: &Release) -> Result<Vec<Reviewed>, Problem> {
    let manifests = history.manifests(release).await.map_err(problem)?;
    manifests
        .iter()
        .map(|stored| {
            let text = match &stored.recipe {
                Some(recipe) => Recipe::decode(recipe.expose())?.review,
                None => String::from_utf8_lossy(stored.content.expose()).into_owned(),
            };
            let identity = Identity { name: stored.manifest.base.clone(), ..stored.manifest.identity.clone() };
            Ok(Reviewed { identity, text })
        })
        .collect()
}

/// What `built` changes against a release; everything is new where there is none.
pub async fn compare_built(history: &History<'_>, before: Option<&Release>, built: &Built) -> Result<Vec<Change>, Problems> {
    let before = match before {
        Some(release) => reviewed(history, release).await?,
        None => Vec::new(),
    };
    let after = built
        .manifests
        .iter()
        .map(|manifest| {
            let text = match &manifest.recipe {
                Some(recipe) => recipe.review.clone(),
                None => String::from_utf8_lossy(manifest.bytes.expose()).into_owned(),
            };
            Reviewed { identity: Identity { name: manifest.base.clone(), ..manifest.identity.clone() }, text }
        })
        .collect();
    Ok(diff(before, after))
}

/// What release `after` changes against release `before`.
pub async fn compare_releases(history: &History<'_>, before: &Release, after: &Release) -> Result<Vec<Change>, Problem> {
    Ok(diff(reviewed(history, before).await?, reviewed(history, after).await?))
}
