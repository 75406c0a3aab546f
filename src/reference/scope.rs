//! Which kinds belong to the cluster and which to a namespace.

use std::collections::HashMap;

use crate::manifest::Node;

/// The scopes of kinds: those of Kubernetes and of well-known custom resources, and what the definitions of a release say.
#[derive(Debug, Default)]
pub struct Scopes {
    defined: HashMap<(String, String), bool>,
}

impl Scopes {
    /// The scopes that hold in a release of these documents, whose project lists kinds without a namespace by group and kind.
    pub fn of<'a, B: 'a>(roots: impl IntoIterator<Item = &'a Node<B>>, listed: &[(String, String)]) -> Self {
        let mut scopes = Self { defined: listed.iter().map(|kind| (kind.clone(), true)).collect() };
        for root in roots {
            scopes.learn(root);
        }
        scopes
    }

    /// Takes note of a `CustomResourceDefinition`; anything else says nothing about scopes.
    fn learn<B>(&mut self, root: &Node<B>) {
        let text = |path: &[&str]| root.at(path).and_then(Node::as_text);
        if text(&["kind"]) != Some("CustomResourceDefinition") {
            return;
        }
        if let (Some(group), Some(kind), Some(scope)) =
            (text(&["spec", "group"]), text(&["spec", "names", "kind"]), text(&["spec", "scope"]))
        {
            self.defined.insert((group.to_owned(), kind.to_owned()), scope == "Cluster");
        }
    }

    /// Whether objects of that kind have no namespace. A kind that nobody knows has one; the version does not matter.
    pub fn is_cluster(&self, api_version: &str, kind: &str) -> bool {
        let group = api_version.split_once('/').map_or("", |(group, _)| group);
        if !self.defined.is_empty()
            && let Some(cluster) = self.defined.get(&(group.to_owned(), kind.to_owned()))
        {
            return *cluster;
        }
        CLUSTER.iter().any(|(known, kinds)| *known == group && (kinds.contains(&kind) || kinds.is_empty()))
    }
}

/// Kinds without a namespace, by group; all of the group's where none is listed.
const CLUSTER: [(&str, &[&str]); 54] = [
    // Kubernetes' own (kubernetes/api, types marked `+genclient:nonNamespaced`)
    ("", &["ComponentStatus", "Namespace", "Node", "PersistentVolume"]),
    (
        "admissionregistration.k8s.io",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    ("apiextensions.k8s.io", &["CustomResourceDefinition"]),
    ("apiregistration.k8s.io", &["APIService"]),
    ("authentication.k8s.io", &["SelfSubjectReview", "TokenReview"]),
    ("authorization.k8s.io", &["SelfSubjectAccessReview", "SelfSubjectRulesReview", "SubjectAccessReview"]),
    ("certificates.k8s.io", &["CertificateSigningRequest", "ClusterTrustBundle"]),
    ("extensions", &["PodSecurityPolicy"]),
    ("flowcontrol.apiserver.k8s.io", &["FlowSchema", "PriorityLevelConfiguration"]),
    ("internal.apiserver.k8s.io", &["StorageVersion"]),
    ("networking.k8s.io", &["IPAddress", "IngressClass", "ServiceCIDR"]),
    ("node.k8s.io", &["RuntimeClass"]),
    ("policy", &["PodSecurityPolicy"]),
    ("rbac.authorization.k8s.io", &["ClusterRole", "ClusterRoleBinding"]),
    ("resource.k8s.io", &["DeviceClass", "DeviceTaintRule", "ResourceSlice"]),
    ("scheduling.k8s.io", &["PriorityClass"]),
    ("storage.k8s.io", &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment", "VolumeAttributesClass"]),
    ("storagemigration.k8s.io", &["StorageVersionMigration"]),
    // Well-known custom resources
    ("argoproj.io", &["ClusterAnalysisTemplate", "ClusterWorkflowTemplate"]),
    ("cert-manager.io", &["ClusterIssuer"]),
    ("cilium.io", &["CiliumClusterwideEnvoyConfig", "CiliumClusterwideNetworkPolicy", "CiliumLoadBalancerIPPool", "CiliumNode"]),
    ("external-secrets.io", &["ClusterExternalSecret", "ClusterPushSecret", "ClusterSecretStore"]),
    ("gateway.networking.k8s.io", &["GatewayClass"]),
    ("generators.external-secrets.io", &["ClusterGenerator"]),
    ("karpenter.k8s.aws", &["EC2NodeClass"]),
    ("karpenter.sh", &["NodeClaim", "NodePool"]),
    ("keda.sh", &["ClusterTriggerAuthentication"]),
    ("kyverno.io", &["ClusterCleanupPolicy", "ClusterPolicy", "GlobalContextEntry"]),
    ("operator.tigera.io", &["APIServer", "Installation", "TigeraStatus"]),
    ("pkg.crossplane.io", &["Configuration", "Function", "Provider"]),
    ("apiextensions.crossplane.io", &["CompositeResourceDefinition", "Composition", "CompositionRevision"]),
    ("policy.networking.k8s.io", &["AdminNetworkPolicy", "BaselineAdminNetworkPolicy"]),
    ("security.openshift.io", &["SecurityContextConstraints"]),
    ("snapshot.storage.k8s.io", &["VolumeSnapshotClass", "VolumeSnapshotContent"]),
    ("trust.cert-manager.io", &["Bundle"]),
    ("capsule.clastix.io", &["CapsuleConfiguration", "GlobalTenantResource", "Tenant"]),
    ("config.openshift.io", &[]),
    ("console.openshift.io", &[]),
    ("constraints.gatekeeper.sh", &[]),
    (
        "crd.projectcalico.org",
        &[
            "BGPConfiguration",
            "BGPFilter",
            "BGPPeer",
            "BlockAffinity",
            "CalicoNodeStatus",
            "ClusterInformation",
            "FelixConfiguration",
            "GlobalNetworkPolicy",
            "GlobalNetworkSet",
            "HostEndpoint",
            "IPAMBlock",
            "IPAMConfig",
            "IPAMHandle",
            "IPPool",
            "IPReservation",
            "KubeControllersConfiguration",
            "StagedGlobalNetworkPolicy",
            "Tier",
        ],
    ),
    (
        "fluentbit.fluent.io",
        &["ClusterFilter", "ClusterFluentBitConfig", "ClusterInput", "ClusterMultilineParser", "ClusterOutput", "ClusterParser"],
    ),
    ("kuma.io", &["Mesh", "Zone", "ZoneEgress", "ZoneIngress"]),
    (
        "machineconfiguration.openshift.io",
        &["ContainerRuntimeConfig", "ControllerConfig", "KubeletConfig", "MachineConfig", "MachineConfigPool"],
    ),
    ("mutations.gatekeeper.sh", &[]),
    ("nvidia.com", &["ClusterPolicy", "NVIDIADriver"]),
    ("operator.tekton.dev", &[]),
    ("policy.sigstore.dev", &["ClusterImagePolicy"]),
    ("project.openshift.io", &["Project"]),
    (
        "projectcalico.org",
        &[
            "BGPConfiguration",
            "BGPFilter",
            "BGPPeer",
            "CalicoNodeStatus",
            "ClusterInformation",
            "FelixConfiguration",
            "GlobalNetworkPolicy",
            "GlobalNetworkSet",
            "HostEndpoint",
            "IPPool",
            "IPReservation",
            "KubeControllersConfiguration",
            "StagedGlobalNetworkPolicy",
            "Tier",
        ],
    ),
    ("templates.gatekeeper.sh", &["ConstraintTemplate"]),
    ("tekton.dev", &["ClusterTask"]),
    ("triggers.tekton.dev", &["ClusterInterceptor", "ClusterTriggerBinding"]),
    ("user.openshift.io", &["Group", "Identity", "User", "UserIdentityMapping"]),
    ("wgpolicyk8s.io", &["ClusterPolicyReport"]),
];

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use serde_json::json;

    use super::Scopes;
    use crate::reference::sample::node;

    #[test]
    fn kubernetes_own_kinds_are_known() {
        let scopes = Scopes::default();
        for (api, kind) in [
            ("v1", "Namespace"),
            ("rbac.authorization.k8s.io/v1", "ClusterRole"),
            ("cert-manager.io/v1", "ClusterIssuer"),
            ("crd.projectcalico.org/v1", "IPPool"),
            ("constraints.gatekeeper.sh/v1beta1", "K8sAnyName"),
        ] {
            assert!(scopes.is_cluster(api, kind), "{kind}");
        }
        for (api, kind) in
            [("v1", "ConfigMap"), ("apps/v1", "Deployment"), ("example.com/v1", "Namespace"), ("cert-manager.io/v1", "Issuer")]
        {
            assert!(!scopes.is_cluster(api, kind), "{kind}");
        }
    }

    #[test]
    fn a_definition_in_the_release_or_the_project_says_the_scope() {
        let definition = |kind: &str, scope: &str| {
            node::<Infallible>(&json!({"kind": "CustomResourceDefinition",
                "spec": {"group": "example.com", "names": {"kind": kind}, "scope": scope}}))
        };
        let roots = [definition("Galaxy", "Cluster"), definition("Planet", "Namespaced"), node(&json!({"kind": "Pod"}))];
        let scopes = Scopes::of(&roots, &[("example.com".to_owned(), "Star".to_owned())]);
        assert!(scopes.is_cluster("example.com/v1", "Galaxy"));
        assert!(!scopes.is_cluster("example.com/v1", "Planet"));
        assert!(scopes.is_cluster("example.com/v2", "Star"));
        assert!(scopes.is_cluster("v1", "Node"));
    }
}
