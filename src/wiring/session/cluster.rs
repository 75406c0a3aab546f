//! The steps to the cluster of an environment, and the role that deploys there.

use crate::blank::BlankText;
use crate::cluster::ClusterFinding;
use crate::cluster::GrantedRight;
use crate::cluster::PlannedObject;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::ClusterSettings;
use crate::project::HistoryUrl;
use crate::report::StepReport;
use crate::report::VaultDiagnosis;
use crate::wiring::RolloutRequest;
use crate::wiring::Session;

impl Session<'_> {
    /// The steps to the cluster, and each right that the project needs there; `None` where deploys only write.
    pub(super) async fn diagnose_cluster(&self) -> Option<VaultDiagnosis> {
        let settings = self.settings.cluster.as_ref()?;
        let (words, found) = match self.cluster_findings(settings).await {
            Ok(found) => found,
            Err(problem) => (String::new(), vec![ClusterFinding { step: "context", outcome: Err(problem), warning: None }]),
        };
        let step = |ClusterFinding { step, outcome, warning }: ClusterFinding| {
            if let Some(warning) = warning {
                self.warn(warning);
            }
            let (step, ok) = (step.to_owned(), outcome.is_ok());
            match outcome {
                Ok(found) => StepReport { step, ok, found: Some(found), reason: None, next: None },
                Err(problem) => StepReport { step, ok, found: None, reason: Some(problem.to_string()), next: Some(problem.next) },
            }
        };
        let findings: Vec<StepReport> = found.into_iter().map(step).collect();
        Some(VaultDiagnosis { name: "cluster".to_owned(), vault: words, ok: findings.iter().all(|finding| finding.ok), findings })
    }

    async fn cluster_findings(&self, settings: &ClusterSettings) -> Result<(String, Vec<ClusterFinding>), Problem> {
        let wiring = self.wiring();
        let connection = wiring.connection()?;
        let cluster = wiring.cluster_of(settings, &connection, RolloutRequest::default());
        let (objects, problems) = match self.planned() {
            Ok(objects) => (objects, None),
            Err(problems) => (Vec::new(), Some(problems)),
        };
        let mut findings = cluster.diagnose(&objects).await;
        if let Some(problems) = problems {
            let reason = match problems.list().len() {
                1 => "the project has a problem, so its kinds are not known".to_owned(),
                count => format!("the project has {count} problems, so its kinds are not known"),
            };
            let outcome = Err(Problem::new(Fault::Check, reason, "run `cloze check`, then this again"));
            findings.push(ClusterFinding { step: "permission", outcome, warning: None });
        }
        Ok((cluster.to_string(), findings))
    }

    /// The least role that deploys the project to the cluster of the environment, as YAML documents whose subject is to be filled in.
    pub async fn role(&self) -> Result<String, Problems> {
        let wiring = self.wiring();
        let Some(settings) = &self.settings.cluster else { return Err(self.writes_only().into()) };
        let objects = self.planned()?;
        let history = if let HistoryUrl::Cluster(url) = &self.settings.history.url { Some(url.namespace.as_str()) } else { None };
        Ok(wiring.cluster_of(settings, &wiring.connection()?, RolloutRequest::default()).role(&objects, history).await?)
    }

    fn planned(&self) -> Result<Vec<PlannedObject>, Problems> {
        Ok(self.prepare()?.parsed.objects().iter().map(planned).collect())
    }
}

fn planned(object: &Object<BlankText>) -> PlannedObject {
    let text = |path: &[&str]| object.root.at(path).and_then(Node::as_text).map(str::to_owned);
    let is_definition = object.identity.kind == "CustomResourceDefinition";
    let defined = || {
        let namespaced = text(&["spec", "scope"])? == "Namespaced";
        Some((text(&["spec", "group"])?, text(&["spec", "names", "kind"])?, text(&["spec", "names", "plural"])?, namespaced))
    };
    let is_role = matches!(object.identity.kind.as_str(), "Role" | "ClusterRole");
    PlannedObject {
        identity: object.identity.clone(),
        defines: if is_definition { defined() } else { None },
        grants: if is_role { granted(&object.root) } else { Vec::new() },
    }
}

/// The rights of a role's rules, but for those on URLs.
fn granted(role: &Node<BlankText>) -> Vec<GrantedRight> {
    let texts = |node: &Node<BlankText>, key: &str| -> Vec<String> {
        let items = node.get(key).and_then(Node::as_list).unwrap_or_default();
        items.iter().filter_map(Node::as_text).map(str::to_owned).collect()
    };
    let mut found = Vec::new();
    for rule in role.get("rules").and_then(Node::as_list).unwrap_or_default() {
        let mut names: Vec<Option<String>> = texts(rule, "resourceNames").into_iter().map(Some).collect();
        if names.is_empty() {
            names.push(None);
        }
        let (groups, plurals, verbs) = (texts(rule, "apiGroups"), texts(rule, "resources"), texts(rule, "verbs"));
        for (group, plural) in groups.iter().flat_map(|group| plurals.iter().map(move |plural| (group, plural))) {
            for (name, verb) in names.iter().flat_map(|name| verbs.iter().map(move |verb| (name, verb))) {
                found.push(GrantedRight { group: group.clone(), plural: plural.clone(), name: name.clone(), verb: verb.clone() });
            }
        }
    }
    found
}
