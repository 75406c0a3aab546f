//! One object of each kind that people release.

/// A template.
pub(super) const TEMPLATE: &str = r#"
apiVersion: v1
kind: Namespace
metadata: { name: kinds, labels: { pod-security.kubernetes.io/enforce: restricted } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: a }
imagePullSecrets: [{ name: pull }]
---
apiVersion: v1
kind: Secret
metadata: { name: pull }
type: kubernetes.io/dockerconfigjson
stringData:
  .dockerconfigjson: '{"auths": {"registry.example.com": {"username": "u", "password": "{{ secret(name="registry") }}"}}}'
---
apiVersion: v1
kind: Secret
metadata: { name: a }
stringData:
  password: '{{ secret(name="password") }}'
  url: 'postgres://u:{{ secret(name="password") | urlencode }}@db/a'
---
apiVersion: v1
kind: ConfigMap
metadata: { name: a }
data: { level: info, count: "3" }
binaryData: { bytes: AAEC }
---
apiVersion: v1
kind: PersistentVolume
metadata: { name: a }
spec: { capacity: { storage: 1Gi }, accessModes: [ReadWriteOnce], hostPath: { path: /data }, storageClassName: slow }
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: a }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } }, storageClassName: slow }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: { name: slow }
provisioner: example.com/slow
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: storage.k8s.io/v1
kind: CSIDriver
metadata: { name: example.com }
spec: { attachRequired: false }
---
apiVersion: v1
kind: Service
metadata: { name: a }
spec: { selector: { app: a }, ports: [{ name: http, port: 80, targetPort: http }, { name: more, port: 81, targetPort: 8081 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: a, labels: { kubernetes.io/service-name: a } }
addressType: IPv4
endpoints: [{ addresses: ["10.0.0.1"], conditions: { ready: true } }]
ports: [{ name: http, port: 80 }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: a }
spec:
  ingressClassName: a
  tls: [{ hosts: [a.example.com], secretName: a }]
  rules: [{ host: a.example.com, http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: a, port: { name: http } } } }] } }]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: { name: a }
spec: { controller: example.com/a }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: a }
spec: { podSelector: {}, policyTypes: [Ingress], ingress: [{ from: [{ ipBlock: { cidr: 10.0.0.0/8 } }], ports: [{ port: 80 }, { port: http }] }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: a }
spec:
  replicas: 2
  selector: { matchLabels: { app: a } }
  strategy: { rollingUpdate: { maxSurge: 25%, maxUnavailable: 0 } }
  template:
    metadata: { labels: { app: a } }
    spec:
      serviceAccountName: a
      initContainers: [{ name: init, image: i:1, command: [sh, -c, "true"] }]
      containers:
        - name: a
          image: i:1
          env:
            - { name: PASSWORD, valueFrom: { secretKeyRef: { name: a, key: password } } }
            - { name: LEVEL, valueFrom: { configMapKeyRef: { name: a, key: level } } }
          envFrom: [{ prefix: X_, secretRef: { name: a } }]
          ports: [{ name: http, containerPort: 8080 }]
          resources: { requests: { cpu: 100m, memory: 64Mi }, limits: { cpu: "1", memory: 1Gi } }
          readinessProbe: { httpGet: { path: /, port: http } }
          volumeMounts: [{ name: all, mountPath: /all, readOnly: true }, { name: tmp, mountPath: /tmp }]
      volumes:
        - { name: all, projected: { sources: [{ secret: { name: a } }, { configMap: { name: a, items: [{ key: level, path: level }] } }] } }
        - { name: tmp, emptyDir: { sizeLimit: 10Mi } }
---
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: a }
spec:
  serviceName: a
  selector: { matchLabels: { app: s } }
  template: { metadata: { labels: { app: s } }, spec: { containers: [{ name: a, image: i:1, envFrom: [{ configMapRef: { name: a } }] }] } }
  volumeClaimTemplates: [{ metadata: { name: data }, spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1Gi } } } }]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: a }
spec:
  selector: { matchLabels: { app: d } }
  template: { metadata: { labels: { app: d } }, spec: { tolerations: [{ operator: Exists }], containers: [{ name: a, image: i:1 }] } }
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: { name: a }
spec: { selector: { matchLabels: { app: r } }, template: { metadata: { labels: { app: r } }, spec: { containers: [{ name: a, image: i:1 }] } } }
---
apiVersion: batch/v1
kind: Job
metadata: { name: a, annotations: { cloze.dev/names: versioned } }
spec: { template: { spec: { restartPolicy: Never, containers: [{ name: a, image: i:1, envFrom: [{ secretRef: { name: a } }] }] } } }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: a }
spec:
  schedule: "0 3 * * *"
  jobTemplate: { spec: { template: { spec: { restartPolicy: OnFailure, containers: [{ name: a, image: i:1, envFrom: [{ secretRef: { name: a } }] }] } } } }
---
apiVersion: v1
kind: Pod
metadata: { name: a }
spec: { containers: [{ name: a, image: i:1, securityContext: { runAsNonRoot: true, capabilities: { drop: [ALL] } } }] }
---
apiVersion: v1
kind: ReplicationController
metadata: { name: a }
spec: { replicas: 1, selector: { app: c }, template: { metadata: { labels: { app: c } }, spec: { containers: [{ name: a, image: i:1 }] } } }
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { name: a }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: a }
  maxReplicas: 5
  metrics: [{ type: Resource, resource: { name: cpu, target: { type: Utilization, averageUtilization: 80 } } }]
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: { name: a }
spec: { maxUnavailable: 50%, selector: { matchLabels: { app: a } } }
---
apiVersion: scheduling.k8s.io/v1
kind: PriorityClass
metadata: { name: a }
value: 1000
---
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: { name: a }
handler: runc
---
apiVersion: v1
kind: ResourceQuota
metadata: { name: a }
spec: { hard: { pods: "10", requests.cpu: "4" } }
---
apiVersion: v1
kind: LimitRange
metadata: { name: a }
spec: { limits: [{ type: Container, default: { cpu: 500m } }] }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: a }
rules: [{ apiGroups: [""], resources: [secrets], resourceNames: [a], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: a }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: a }
subjects: [{ kind: ServiceAccount, name: a }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: a }
rules: [{ nonResourceURLs: [/metrics], verbs: [get] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: a }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: a }
subjects: [{ kind: Group, name: people, apiGroup: rbac.authorization.k8s.io }]
---
apiVersion: coordination.k8s.io/v1
kind: Lease
metadata: { name: a }
spec: { holderIdentity: a, leaseDurationSeconds: 15 }
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingWebhookConfiguration
metadata: { name: a }
webhooks:
  - name: a.example.com
    admissionReviewVersions: [v1]
    sideEffects: None
    clientConfig: { service: { namespace: kinds, name: a, path: /validate } }
    rules: [{ apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments] }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: MutatingWebhookConfiguration
metadata: { name: a }
webhooks: [{ name: a.example.com, admissionReviewVersions: [v1], sideEffects: None, clientConfig: { url: "https://example.com/mutate" } }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata: { name: a }
spec:
  matchConstraints: { resourceRules: [{ apiGroups: [apps], apiVersions: [v1], operations: [CREATE], resources: [deployments] }] }
  validations: [{ expression: "object.spec.replicas < 9", message: too many }]
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata: { name: a }
spec: { policyName: a, validationActions: [Deny] }
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: caches.example.com }
spec:
  group: example.com
  scope: Namespaced
  names: { plural: caches, singular: cache, kind: Cache }
  versions:
    - name: v1
      served: true
      storage: true
      schema: { openAPIV3Schema: { type: object, properties: { spec: { type: object, properties: { size: { type: integer, minimum: 1 } } } } } }
"#;
