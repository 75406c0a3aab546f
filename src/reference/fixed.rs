//! Fields that a cluster never lets change once the object is there.

/// How far a node is from such a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fixed {
    /// None lies this way.
    No,
    /// The keys that still lead to one.
    Way(&'static [&'static str]),
    /// The node is one, or lies in one.
    Inside,
}

impl Fixed {
    /// Where the fixed part of a kind begins, and what to call it.
    pub(super) fn of(group: &str, kind: &str) -> (Self, &'static str) {
        FIXED
            .iter()
            .find(|(of, name, _, _)| *of == group && *name == kind)
            .map_or((Self::No, ""), |(_, _, path, shown)| (Self::Way(path), *shown))
    }

    /// One key further.
    pub(super) fn below(self, key: &str) -> Self {
        match self {
            Self::Way([next]) if *next == key => Self::Inside,
            Self::Way([next, rest @ ..]) if *next == key => Self::Way(rest),
            Self::Inside => Self::Inside,
            Self::Way(_) | Self::No => Self::No,
        }
    }
}

type Row = (&'static str, &'static str, &'static [&'static str], &'static str);

/// Group, kind, path, and words (the kinds' `ValidateUpdate` in kubernetes/pkg/apis; the webhooks of Tekton and Knative).
const FIXED: [Row; 9] = [
    ("", "PersistentVolume", &["spec"], "the source of a PersistentVolume"),
    ("", "Pod", &["spec"], "the spec of a Pod"),
    ("apps", "StatefulSet", &["spec", "volumeClaimTemplates"], "the volumeClaimTemplates of a StatefulSet"),
    ("batch", "Job", &["spec", "template"], "the pod template of a Job"),
    ("serving.knative.dev", "Revision", &["spec"], "the spec of a Revision"),
    ("storage.k8s.io", "StorageClass", &["parameters"], "the parameters of a StorageClass"),
    ("storage.k8s.io", "VolumeAttributesClass", &["parameters"], "the parameters of a VolumeAttributesClass"),
    ("tekton.dev", "PipelineRun", &["spec"], "the spec of a PipelineRun"),
    ("tekton.dev", "TaskRun", &["spec"], "the spec of a TaskRun"),
];

#[cfg(test)]
mod tests {
    use super::Fixed;

    #[test]
    fn only_what_lies_in_the_fixed_part_is_fixed() {
        let at = |group: &str, kind: &str, path: &[&str]| path.iter().fold(Fixed::of(group, kind).0, |fixed, key| fixed.below(key));
        assert_eq!(at("batch", "Job", &["spec", "template", "spec", "volumes"]), Fixed::Inside);
        assert_eq!(at("batch", "Job", &["spec", "suspend"]), Fixed::No);
        assert_eq!(at("apps", "StatefulSet", &["spec", "volumeClaimTemplates", "metadata"]), Fixed::Inside);
        assert_eq!(at("apps", "StatefulSet", &["spec", "template"]), Fixed::No);
        assert_eq!(at("storage.k8s.io", "StorageClass", &["parameters", "secretName"]), Fixed::Inside);
        assert_eq!(at("batch", "CronJob", &["spec", "jobTemplate", "spec", "template"]), Fixed::No);
    }
}
