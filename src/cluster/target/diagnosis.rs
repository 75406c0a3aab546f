//! The way to a cluster and what may be done there, step by step; and the least role that a project needs.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use serde_json::json;

use crate::cluster::target::Cluster;
use crate::cluster::target::external::others;
use crate::cluster::target::fence::inventory;
use crate::cluster::target::kinds::Kinds;
use crate::cluster::target::places::places;
use crate::cluster::target::refused::Refused;
use crate::cluster::target::refused::unanswered;
use crate::cluster::target::resource::Resource;
use crate::cluster::target::right::NeededRights;
use crate::cluster::target::right::ObjectRights;
use crate::cluster::target::right::Right;
use crate::cluster::target::right::RightPurpose;
use crate::cluster::target::right::by_objects;
use crate::cluster::target::right::missing;
use crate::cluster::target::right::pruning;
use crate::cluster::target::right::rights;
use crate::cluster::target::role::role;
use crate::cluster::target::server::Part;
use crate::manifest::Identity;
use crate::problem::Fault;
use crate::problem::Problem;

/// What a step found.
#[derive(Debug)]
pub struct ClusterFinding {
    /// The step.
    pub step: &'static str,
    /// What was found, or what is wrong.
    pub outcome: Result<String, Problem>,
    /// What to look at though it went well.
    pub warning: Option<Problem>,
}

/// An object of a project, as far as rights are concerned.
#[derive(Debug, Clone)]
pub struct PlannedObject {
    /// What it is.
    pub identity: Identity,
    /// The kind that it defines: group, kind, name in URLs, and whether its objects are in namespaces.
    pub defines: Option<(String, String, String, bool)>,
    /// The rights that it grants, where it is a role.
    pub grants: Vec<GrantedRight>,
}

/// A right that a role grants, as RBAC knows it.
#[derive(Debug, Clone)]
pub struct GrantedRight {
    /// The group of the kind; empty for the core group.
    pub group: String,
    /// The kind's name in URLs.
    pub plural: String,
    /// The one object that it is about; `None` for all.
    pub name: Option<String>,
    /// What may be done.
    pub verb: String,
}

/// The minor versions of API servers that cloze is made for: the four newest.
const SUPPORTED: RangeInclusive<u32> = 33..=36;

impl Cluster {
    /// The steps to the server, and every right that deploying `objects` needs. Ends at the first step that fails, but names every right.
    pub async fn diagnose(&self, objects: &[PlannedObject]) -> Vec<ClusterFinding> {
        let mut findings = vec![good("context", self.name.trim_start_matches("cluster "))];
        let version = match self.server.get("/version", Part::Whole).await {
            Ok(version) => version,
            Err(refused) => return ended(findings, "server", unanswered(refused, "ask for the version")),
        };
        findings.push(good("server", &format!("{} answers", self.address)));
        let review = json!({ "apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview" });
        match self.server.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", &review).await {
            Ok(answer) => findings.push(good("identity", answer["status"]["userInfo"]["username"].as_str().unwrap_or("unknown"))),
            Err(Refused::Absent) => findings.push(good("identity", "the server does not say")),
            Err(refused) => return ended(findings, "identity", unanswered(refused, "ask who it is")),
        }
        let text = |key: &str| version[key].as_str().unwrap_or_default();
        let minor: Option<u32> = text("minor").trim_end_matches('+').parse().ok();
        let is_supported = text("major") == "1" && minor.is_some_and(|minor| SUPPORTED.contains(&minor));
        findings.push(ClusterFinding {
            warning: (!is_supported).then(|| unsupported(text("gitVersion"))),
            ..good("version", text("gitVersion"))
        });
        match inventory(&self.server, &self.parent).await {
            Ok(None) => findings.push(good("inventory", &format!("{} is not there yet", self.parent.words()))),
            Ok(Some(there)) => {
                let held = there.release().map_or_else(|| "holds no release".to_owned(), |release| format!("holds release {release}"));
                findings.push(good("inventory", &format!("{} {held}", self.parent.words())));
            }
            Err(problem) => findings.push(ClusterFinding { step: "inventory", outcome: Err(problem), warning: None }),
        }
        findings.extend(self.permissions(objects).await);
        findings
    }

    async fn permissions(&self, objects: &[PlannedObject]) -> Vec<ClusterFinding> {
        let rights = match self.planned_rights(objects).await {
            Ok(rights) => rights,
            Err(problem) => return vec![ClusterFinding { step: "permission", outcome: Err(problem), warning: None }],
        };
        let denied = match missing(&self.server, &rights).await {
            Ok(denied) => denied,
            Err(refused) => {
                let problem = unanswered(refused, "ask for permissions");
                return vec![ClusterFinding { step: "permission", outcome: Err(problem), warning: None }];
            }
        };
        let line = |granted: ObjectRights| {
            let is_denied = |verb: &Cow<'static, str>| denied.contains_key(&Right { verb: verb.clone(), ..granted.right.clone() });
            let (no, yes): (Vec<_>, Vec<_>) = granted.verbs.iter().cloned().partition(is_denied);
            let refused = ObjectRights { verbs: no, ..granted.clone() };
            match granted.purpose {
                _ if refused.verbs.is_empty() => good("permission", &format!("{} {}", yes.join(", "), granted.objects())),
                RightPurpose::Deploy | RightPurpose::Granting => {
                    ClusterFinding { step: "permission", outcome: Err(refused.denied(0)), warning: None }
                }
                _ => {
                    good("permission", &format!("not granted: {} {}{}", refused.verbs.join(", "), granted.objects(), granted.consequence()))
                }
            }
        };
        by_objects(rights).into_iter().map(line).collect()
    }

    /// The least role that deploys `objects`, with what a history in the namespace `history` needs, as YAML documents: a Role and its binding for each
    /// namespace, and for what belongs to the cluster.
    pub async fn role(&self, objects: &[PlannedObject], history: Option<&str>) -> Result<String, Problem> {
        let mut rights = self.planned_rights(objects).await?;
        if let Some(namespace) = history {
            for verb in ["create", "delete", "get", "list"] {
                let (namespace, group, plural) = (namespace.to_owned(), String::new(), "secrets".to_owned());
                rights.insert(Right { namespace, group, plural, name: None, verb: verb.into() }, RightPurpose::Deploy);
            }
        }
        Ok(role(&self.parent.name, rights))
    }

    async fn planned_rights(&self, objects: &[PlannedObject]) -> Result<NeededRights, Problem> {
        let versions = objects.iter().map(|object| object.identity.api_version.as_str()).collect();
        let kinds = Kinds::of(&self.server, versions).await.map_err(|refused| unanswered(refused, "ask for the kinds"))?;
        let defined = |object: &Identity| {
            let mut kinds = objects.iter().filter_map(|object| object.defines.as_ref());
            let (.., plural, namespaced) = kinds.find(|(group, kind, ..)| group == object.group() && *kind == object.kind)?;
            let (api_version, kind) = (object.api_version.clone(), object.kind.clone());
            Some(Resource { api_version, kind, plural: plural.clone(), namespaced: *namespaced })
        };
        let place = |PlannedObject { identity, .. }: &PlannedObject| {
            Some((kinds.find(identity).cloned().or_else(|| defined(identity))?, identity.namespace.clone()))
        };
        let mut rights = rights(&objects.iter().filter_map(place).collect(), &self.parent, &others(self.external.iter()));
        for PlannedObject { identity, grants, .. } in objects {
            for GrantedRight { group, plural, name, verb } in grants.clone() {
                let right = Right { namespace: identity.namespace.clone(), group, plural, name, verb: verb.into() };
                rights.entry(right).or_insert(RightPurpose::Granting);
            }
        }
        // What earlier releases had and this one does not is removed, too.
        if let Ok(Some(there)) = inventory(&self.server, &self.parent).await {
            let left = places(&self.server, &self.parent, &there).await.unwrap_or_default();
            for (right, purpose) in pruning(&left) {
                rights.entry(right).or_insert(purpose);
            }
        }
        Ok(rights)
    }
}

fn good(step: &'static str, found: &str) -> ClusterFinding {
    ClusterFinding { step, outcome: Ok(found.to_owned()), warning: None }
}

fn ended(mut findings: Vec<ClusterFinding>, step: &'static str, problem: Problem) -> Vec<ClusterFinding> {
    findings.push(ClusterFinding { step, outcome: Err(problem), warning: None });
    findings
}

fn unsupported(version: &str) -> Problem {
    let (from, to) = (SUPPORTED.start(), SUPPORTED.end());
    Problem::new(
        Fault::Check,
        format!("the API server has version {version}, and this version of cloze is made for 1.{from} to 1.{to}"),
        "use a version of cloze that is made for it, or try a deploy where nothing depends on it",
    )
}

#[cfg(test)]
mod tests {
    use super::unsupported;

    #[test]
    fn a_server_of_another_version_is_said() {
        let said = unsupported("v1.30.2");
        assert_eq!(said.reason, "the API server has version v1.30.2, and this version of cloze is made for 1.33 to 1.36");
        assert_eq!(said.next, "use a version of cloze that is made for it, or try a deploy where nothing depends on it");
    }
}
