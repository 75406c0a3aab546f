//! The tables of fields, embedded as text and turned into trees of keys when first asked for.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::LazyLock;

use crate::reference::rule::ReferenceRule;

/// A field or a step on the way to one.
#[derive(Debug, Default)]
pub(super) struct Branch {
    /// What the field names; `None` on the way.
    pub(super) rule: Option<ReferenceRule>,
    children: Vec<(Cow<'static, str>, Branch)>,
}

/// The fields of a kind, whatever its version, and whether the kind is Kubernetes' own.
pub(super) fn fields(group: &str, kind: &str) -> Option<&'static Branch> {
    // Ingress had its first home in `extensions`, the workloads theirs too.
    let group = match (group, kind) {
        ("extensions", "Ingress") => "networking.k8s.io",
        ("extensions", _) => "apps",
        _ => group,
    };
    let own = |table: &'static Table| table.get(group)?.iter().find(|(name, _)| *name == kind).map(|(_, branch)| branch);
    own(&CORE).or_else(|| if group.contains('.') { own(&CUSTOM) } else { None })
}

/// Whether Kubernetes itself serves the group (kubernetes/api).
pub(super) fn is_core_group(group: &str) -> bool {
    !group.contains('.') || CORE_GROUPS.contains(&group)
}

/// The fields of a pod spec, wherever it is.
pub(super) fn pod_fields() -> Option<&'static Branch> {
    fields("", "Pod")?.below("spec")
}

type Table = HashMap<&'static str, Vec<(&'static str, Branch)>>;

static CORE: LazyLock<Table> = LazyLock::new(|| parse(include_str!("core.tsv")));
static CUSTOM: LazyLock<Table> = LazyLock::new(|| parse(include_str!("custom.tsv")));

/// Kubernetes' own groups with a dot. Others under `k8s.io` are of custom resources.
const CORE_GROUPS: [&str; 19] = [
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apiregistration.k8s.io",
    "authentication.k8s.io",
    "authorization.k8s.io",
    "certificates.k8s.io",
    "coordination.k8s.io",
    "discovery.k8s.io",
    "events.k8s.io",
    "flowcontrol.apiserver.k8s.io",
    "imagepolicy.k8s.io",
    "internal.apiserver.k8s.io",
    "networking.k8s.io",
    "node.k8s.io",
    "rbac.authorization.k8s.io",
    "resource.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "storagemigration.k8s.io",
];

impl Branch {
    /// One key further; `None` where no field lies that way.
    pub(super) fn below(&self, key: &str) -> Option<&Self> {
        self.children.iter().find(|(name, _)| *name == key).map(|(_, branch)| branch)
    }

    /// The branch below `key`, which is made where there is none.
    pub(super) fn grow(&mut self, key: impl Into<Cow<'static, str>>) -> &mut Self {
        let key = key.into();
        // The tables are sorted by path, so that the way is most often the last one taken.
        let index = self.children.iter().rposition(|(name, _)| *name == key).unwrap_or_else(|| {
            self.children.push((key, Self::default()));
            self.children.len() - 1
        });
        &mut self.children[index].1
    }
}

fn parse(text: &'static str) -> Table {
    let mut table = Table::new();
    for (group, kind, rule, path) in rows(text) {
        let kinds = table.entry(group).or_default();
        let index = kinds.iter().rposition(|(name, _)| *name == kind).unwrap_or_else(|| {
            kinds.push((kind, Branch::default()));
            kinds.len() - 1
        });
        let field = path.split('.').fold(&mut kinds[index].1, |branch, key| branch.grow(key));
        field.rule = ReferenceRule::parse(rule);
    }
    table
}

fn rows(text: &'static str) -> impl Iterator<Item = (&'static str, &'static str, &'static str, &'static str)> {
    text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| {
        let mut columns = line.split('\t');
        Some((columns.next()?, columns.next()?, columns.next()?, columns.next()?))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::fields;
    use super::is_core_group;
    use super::pod_fields;
    use super::rows;
    use crate::reference::rule::ReferenceRule;

    /// Rows of the two tables.
    pub(in crate::reference) const CORE_ROWS: usize = 262;
    pub(in crate::reference) const CUSTOM_ROWS: usize = 962;

    /// Group, kind, rule and path of every row of Kubernetes' own kinds.
    pub(in crate::reference) fn core_rows() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
        rows(include_str!("core.tsv")).collect()
    }

    /// Group, kind, rule and path of every row of custom resources.
    pub(in crate::reference) fn custom_rows() -> Vec<(&'static str, &'static str, &'static str, &'static str)> {
        rows(include_str!("custom.tsv")).collect()
    }

    #[test]
    fn every_row_is_read() {
        assert_eq!(core_rows().len(), CORE_ROWS);
        assert_eq!(custom_rows().len(), CUSTOM_ROWS);
        for (group, kind, rule, path) in core_rows().into_iter().chain(custom_rows()) {
            let root = fields(group, kind).unwrap();
            let field = path.split('.').fold(root, |branch, key| branch.below(key).unwrap());
            assert!(field.rule.is_some(), "{kind} {path}");
            assert!(ReferenceRule::parse(rule).is_some(), "{rule}");
        }
    }

    #[test]
    fn versions_and_old_homes_do_not_matter() {
        assert!(fields("apps", "Deployment").is_some());
        assert!(fields("extensions", "Deployment").is_some());
        assert!(fields("extensions", "Ingress").is_some());
        assert!(fields("serving.knative.dev", "Deployment").is_none());
    }

    #[test]
    fn groups_of_custom_resources_may_end_in_k8s_io() {
        for group in ["", "apps", "extensions", "networking.k8s.io", "rbac.authorization.k8s.io", "flowcontrol.apiserver.k8s.io"] {
            assert!(is_core_group(group), "{group}");
        }
        for group in ["sparkoperator.k8s.io", "gateway.networking.k8s.io", "secrets-store.csi.x-k8s.io", "example.com"] {
            assert!(!is_core_group(group), "{group}");
        }
    }

    #[test]
    fn a_pod_spec_has_its_own_table() {
        assert!(pod_fields().unwrap().below("volumes").is_some());
    }
}
