//! What a release changes, or would change, and the report of it.

use std::collections::BTreeMap;

use crate::blank::SecretRef;
use crate::blank::mask;
use crate::history::Release;
use crate::manifest::Identity;
use crate::project::Settings;
use crate::report::ChangedObject;
use crate::report::DiffReport;
use crate::report::FieldDiff;
use crate::report::LiveReport;
use crate::report::ObjectDiff;
use crate::report::ObjectReport;
use crate::report::RecordedBy;
use crate::report::SecretDiff;
use crate::report::WaiverReport;
use crate::stage::diff::Change;
use crate::stage::diff::ChangeKind;
use crate::stage::diff::Reviewed;
use crate::stage::diff::fields;
use crate::stage::taint::Waiver;
use crate::workflow::impact;
use crate::workflow::impact::Trees;

/// What a release changes, or would change.
#[derive(Debug)]
pub struct Comparison {
    /// The release that it was compared with, if there is one.
    pub against: Option<u64>,
    /// When and by whom that was recorded.
    pub recorded: Option<RecordedBy>,
    /// The revision of the project that it was compared with, where it was one.
    pub base: Option<String>,
    /// The release that was compared, unless it is what the templates make now.
    pub release: Option<u64>,
    /// What changes.
    pub changes: Vec<Change>,
    /// The manifests of what changes.
    pub(crate) trees: Vec<Option<Trees>>,
    /// The secrets whose values differ.
    pub secrets: Vec<SecretDiff>,
    /// The workloads that replace their pods.
    pub restarts: Vec<Identity>,
    /// The rules that templates waive.
    pub waivers: Vec<Waiver>,
    /// The rules of the policy that it removes or changes.
    pub rules: Vec<WaiverReport>,
    /// Where it was compared with what is live.
    pub live: Option<LiveReport>,
}

impl Comparison {
    /// Changes, and the workloads that replace their pods because of them. What was compared is for others to say.
    pub(crate) fn of(changes: Vec<Change>) -> Self {
        let trees = impact::trees(&changes);
        let restarts = impact::restarts(&changes, &trees);
        Self {
            against: None,
            recorded: None,
            base: None,
            release: None,
            changes,
            trees,
            secrets: Vec::new(),
            restarts,
            waivers: Vec::new(),
            rules: Vec::new(),
            live: None,
        }
    }

    /// The same against that release; against none, everything is new.
    pub(crate) fn against(self, before: Option<&Release>) -> Self {
        let summary = before.map(|release| &release.summary);
        Self { against: summary.map(|summary| summary.number), recorded: summary.map(RecordedBy::from), ..self }
    }

    /// The same of reviews that have masks in the place of names, of which `after` are all.
    pub(crate) fn of_masked(changes: Vec<Change>, after: &[Reviewed]) -> Self {
        let compared = Self::of(changes);
        let restarts = impact::restarts_masked(&compared.changes, &compared.trees, after).into_iter().collect();
        Self { restarts, ..compared }
    }

    /// What a diff or a dry run reports of it.
    pub fn report(&self, settings: &Settings, warnings: usize) -> DiffReport {
        DiffReport {
            project: settings.project.clone(),
            environment: settings.environment.clone(),
            against: self.against,
            recorded: self.recorded.clone(),
            base: self.base.clone(),
            release: self.release,
            secrets: self.secrets.iter().cloned().map(|secret| used(secret, &self.changes)).collect(),
            changes: objects(&self.changes, &self.trees),
            restarts: self.restarts.iter().cloned().map(ObjectReport::from).collect(),
            waivers: self.waivers.iter().map(WaiverReport::from).chain(self.rules.iter().cloned()).collect(),
            live: self.live.clone(),
            warnings,
        }
    }
}

/// The objects that differ, field by field.
fn objects(changes: &[Change], trees: &[Option<Trees>]) -> Vec<ObjectDiff> {
    let names: BTreeMap<String, String> = trees.iter().flatten().filter_map(renamed).collect();
    let one = |(change, trees): (&Change, &Option<Trees>)| {
        let fields = trees.as_ref().map(|(before, after)| fields(before, after, &names)).unwrap_or_default();
        object(change, fields.into_iter().map(FieldDiff::from).collect())
    };
    changes.iter().zip(trees).map(one).collect()
}

/// The names of an object that is named by its content, before and after.
fn renamed((before, after): &Trees) -> Option<(String, String)> {
    let [before, after] = [before, after].map(|tree| tree.at(&["metadata", "name"])?.as_text().map(str::to_owned));
    before.zip(after).filter(|(before, after)| before != after)
}

fn object(change: &Change, fields: Vec<FieldDiff>) -> ObjectDiff {
    let (kind, identity, before, after) = match change {
        Change::Added(Reviewed { identity, text }) => (ChangeKind::Added, identity, "", text.as_str()),
        Change::Removed(Reviewed { identity, text }) => (ChangeKind::Removed, identity, text.as_str(), ""),
        Change::Changed { identity, before, after } => (ChangeKind::Changed, identity, before.as_str(), after.as_str()),
    };
    let object = ChangedObject { change: kind, object: identity.clone().into() };
    ObjectDiff { object, fields, before: before.to_owned(), after: after.to_owned() }
}

/// The secret with the objects among `changes` that use it.
fn used(secret: SecretDiff, changes: &[Change]) -> SecretDiff {
    let ask = SecretRef { vault: secret.vault.clone(), name: secret.name.clone(), key: secret.key.clone(), version: None };
    let mentions = |text: &str| mask::mentions(text, &ask);
    let uses = |change: &Change| match change {
        Change::Added(Reviewed { identity, text }) | Change::Removed(Reviewed { identity, text }) => {
            mentions(text).then(|| identity.clone())
        }
        Change::Changed { identity, before, after } => (mentions(before) || mentions(after)).then(|| identity.clone()),
    };
    let used_by = changes.iter().filter_map(uses).map(ObjectReport::from).collect();
    SecretDiff { used_by, ..secret }
}
