//! In which order the objects of a release are applied: by kind, and as `cloze.dev/after` asks.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::cluster::target::item::stage_of;
use crate::manifest::AFTER;
use crate::manifest::Identity;
use crate::manifest::after_names;
use crate::manifest::annotation_in;
use crate::manifest::named_in;
use crate::manifest::steps;
use crate::target::Manifest;
use crate::target::ManifestSet;

/// A stage, and a turn within it.
pub(super) type ApplyStep = (u8, usize);

/// The steps of a release.
#[derive(Debug, Default)]
pub(super) struct Steps<'a> {
    of: HashMap<&'a Identity, (ApplyStep, Vec<&'a Identity>)>,
    /// All of them.
    pub(super) all: BTreeSet<ApplyStep>,
}

impl<'a> Steps<'a> {
    /// Those of the objects of `set`.
    pub(super) fn of(set: &'a ManifestSet<'a>) -> Self {
        let bases: Vec<Identity> = set.manifests.iter().map(Manifest::named_by_template).collect();
        let before = |manifest: &Manifest<'_>| -> Vec<usize> {
            let text = annotation_in(manifest.bytes, AFTER).unwrap_or_default();
            after_names(&text).flat_map(|name| named_in(name, &manifest.identity.namespace, &bases)).collect()
        };
        let before: Vec<Vec<usize>> = set.manifests.iter().map(before).collect();
        let stages: Vec<u8> = set.manifests.iter().map(|manifest| stage_of(manifest.phase)).collect();
        let steps = steps(&stages, &before);
        let all = steps.iter().copied().collect();
        let one = |(manifest, (step, before)): (&'a Manifest<'a>, (ApplyStep, Vec<usize>))| {
            (manifest.identity, (step, before.into_iter().map(|index| set.manifests[index].identity).collect()))
        };
        Self { of: set.manifests.iter().zip(steps.into_iter().zip(before)).map(one).collect(), all }
    }

    /// The step of an object.
    pub(super) fn step(&self, object: &Identity) -> ApplyStep {
        self.of.get(object).map(|(step, _)| *step).unwrap_or_default()
    }

    /// The objects that have to be ready before it is applied.
    pub(super) fn before(&self, object: &Identity) -> &[&'a Identity] {
        self.of.get(object).map(|(_, before)| before.as_slice()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::Steps;
    use crate::manifest::Identity;
    use crate::target::Manifest;
    use crate::target::ManifestSet;
    use crate::target::Syntax;

    #[test]
    fn a_workload_waits_for_the_job_that_its_template_names() {
        let identity = |version: &str, kind: &str, name: &str| Identity {
            api_version: version.into(),
            kind: kind.into(),
            namespace: "shop".into(),
            name: name.into(),
        };
        let job = identity("batch/v1", "Job", "migrate-7kq2m9xw4c");
        let web = identity("apps/v1", "Deployment", "web");
        let text = b"kind: Deployment\nmetadata: { annotations: { cloze.dev/after: Job/migrate } }\n";
        let manifests = vec![Manifest::new(&web, "web", text), Manifest::new(&job, "migrate", b"kind: Job\n")];
        let set = ManifestSet { syntax: Syntax::Yaml, manifests };
        let steps = Steps::of(&set);
        assert_eq!((steps.step(&job), steps.step(&web)), ((4, 0), (4, 1)));
        assert_eq!(steps.before(&web), [&job]);
        assert_eq!(steps.all.into_iter().collect::<Vec<_>>(), [(4, 0), (4, 1)]);
    }
}
