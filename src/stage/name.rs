//! Names that follow content: a ConfigMap or Secret gets its digest into its name, and every reference follows.

mod after;
mod content;
mod control;
mod duplicates;
mod follow;
mod index;
mod job;
mod naming;
mod stray;

use std::collections::HashMap;

use crate::digest::Digest;
use crate::manifest::ConfigKind;
use crate::manifest::Leaf;
use crate::manifest::Names;
use crate::manifest::Node;
use crate::manifest::Object;
use crate::manifest::Value;
use crate::parallel::find;
use crate::parallel::find_mut;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::reference::Learned;
use crate::reference::Product;
use crate::reference::products;
use crate::reference::walk;
use crate::stage::name::control::Control;
use crate::stage::name::follow::Follow;
use crate::stage::name::follow::Policies;
use crate::stage::name::index::Index;
use crate::stage::name::index::IndexedConfig;
use crate::stage::name::index::Restart;
use crate::stage::order;

pub use naming::BASE_NAME;
pub use naming::CHECKSUM;
pub use naming::Naming;
pub use naming::PLACEHOLDER;
pub use stray::strays;

/// The objects of a release under their final names, in apply order. Only [`name`] makes one.
#[derive(Debug)]
pub struct Named<B> {
    objects: Vec<Object<B>>,
    warnings: Vec<Problem>,
}

impl<B> Named<B> {
    /// The objects in apply order.
    pub fn objects(&self) -> &[Object<B>] {
        &self.objects
    }

    /// The objects in apply order, for the next stage.
    #[must_use]
    pub fn into_objects(self) -> Vec<Object<B>> {
        self.objects
    }

    /// What is not wrong but probably not meant, sorted by place.
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }
}

/// Names every ConfigMap and Secret, makes the versioned ones immutable, and lets every reference follow, each in its namespace.
///
/// Problems are: two objects with one identity, control annotations that say nothing known, an order that cannot be, names that get too long, references to
/// what is not in the release nor produced nor optional, and keys that do not exist.
pub fn name<B: Leaf + Send + Sync>(mut objects: Vec<Object<B>>, naming: &Naming<'_>) -> Result<Named<B>, Problems> {
    let mut problems = duplicates::duplicates(&objects);
    problems.extend(after::check(&objects, naming.complete));
    let mut targets = Vec::new();
    let mut made = Vec::new();
    let mut jobs = HashMap::new();
    for (number, mut own) in find(&objects, |object, found| found.push(NamedAs::of(object, naming))).into_iter().enumerate() {
        problems.append(&mut own.problems);
        made.append(&mut own.made);
        jobs.extend(own.rerun.map(|rerun| (number, rerun)));
        targets.extend(own.target.map(|target| IndexedConfig { object: number, ..target }));
    }
    problems.extend(duplicates::clashes(&objects, &targets));
    let suffixed: Vec<Problem> = targets.iter().filter_map(|target| suffixed(&objects[target.object], target)).collect();
    let index = Index::new(targets, naming.external, made);
    let policies = policies(&objects);
    let learned = Learned::of(naming.taught.iter().copied(), &objects);
    let found = find_mut(&mut objects, |object, found| {
        let renewed = control::is_renewed(object, &control::read(object, &mut Vec::new()));
        let mut follow = Follow::new(object, renewed, &index, naming, &policies, found);
        walk(object, &learned, &mut follow);
    });
    let mut warnings = Vec::new();
    for found in found {
        found.settle(&index, &mut problems, &mut warnings);
    }
    warnings.extend(suffixed);
    warnings.extend(unused(&index.unused().map(|target| &objects[target.object]).collect::<Vec<_>>()));
    let targets = index.into_targets();
    for (number, rerun) in jobs {
        let job = &mut objects[number];
        let known = !naming.masked.contains(&job.identity);
        let near = |target: &&IndexedConfig| target.referent == ConfigKind::Secret && target.namespace == job.identity.namespace && !rerun;
        let secrets = targets.iter().filter(near).map(|target| (target.name.as_str(), target.base.as_str())).collect();
        problems.extend(job::rename(job, known, &secrets).err());
    }
    for target in targets {
        rename(&mut objects[target.object], &target);
    }
    order::sort(&mut objects);
    let warnings = Problems::from(warnings).into_list();
    Problems::or(Named { objects, warnings }, problems)
}

/// What one object says of names.
#[derive(Debug, Default)]
struct NamedAs {
    target: Option<IndexedConfig>,
    /// What it produces.
    made: Vec<Product>,
    /// Of a Job that is named by its content: whether a change of a Secret's values makes it run again.
    rerun: Option<bool>,
    problems: Vec<Problem>,
}

impl NamedAs {
    fn of<B: Leaf>(object: &Object<B>, naming: &Naming<'_>) -> Self {
        let mut problems = Vec::new();
        let control = control::read(object, &mut problems);
        let rerun = control::is_renewed(object, &control).then_some(control.rerun);
        let target = referent(object).map(|referent| target(object, referent, &control, naming, &mut problems));
        Self { target, made: products(object).into_iter().collect(), rerun, problems }
    }
}

fn referent<B>(object: &Object<B>) -> Option<ConfigKind> {
    if object.is_config_map() {
        Some(ConfigKind::ConfigMap)
    } else if object.is_secret() {
        Some(ConfigKind::Secret)
    } else {
        None
    }
}

/// The names and keys of a ConfigMap or Secret.
fn target<B: Leaf>(
    object: &Object<B>,
    referent: ConfigKind,
    control: &Control,
    naming: &Naming<'_>,
    problems: &mut Vec<Problem>,
) -> IndexedConfig {
    let names = control::names(object, control, naming.default, problems);
    let base = match names {
        Names::Versioned => control::base_name(object),
        Names::Stable => &object.identity.name,
    };
    let parts = content::parts(object, base, problems);
    let name = match names {
        Names::Stable => base.to_owned(),
        Names::Versioned => {
            let suffix = match (referent, naming.keyed) {
                (ConfigKind::Secret, Some(keys)) => keys.name(&parts).suffix(),
                (ConfigKind::ConfigMap, _) if !naming.masked.contains(&object.identity) => Digest::plain(&parts).suffix(),
                (ConfigKind::ConfigMap | ConfigKind::Secret, _) => PLACEHOLDER.to_owned(),
            };
            format!("{base}-{suffix}")
        }
    };
    if names == Names::Versioned && name.len() > LONGEST_NAME {
        let reason = format!("the name and its suffix have {} characters; Kubernetes allows {LONGEST_NAME}", name.len());
        let next = format!("shorten the name to {} characters", LONGEST_NAME - PLACEHOLDER.len() - 1);
        problems.push(Problem::new(Fault::Check, reason, next).at(object.place(object.mark_at(&["metadata", "name"]))));
    }
    let restart = match naming.keyed {
        _ if !control.restart => Restart::No,
        None => Restart::Unknown,
        Some(keys) => Restart::By(keys.name(&[&[b"restart".as_slice()], parts.as_slice()].concat())),
    };
    IndexedConfig {
        object: 0,
        referent,
        namespace: object.identity.namespace.clone(),
        given: object.identity.name.clone(),
        base: base.to_owned(),
        name,
        names,
        keys: content::keys(object),
        restart,
    }
}

/// The most characters of a name (apimachinery `DNS1123SubdomainMaxLength`).
const LONGEST_NAME: usize = 253;

fn rename<B>(object: &mut Object<B>, target: &IndexedConfig) {
    if target.names == Names::Stable {
        return;
    }
    object.identity.name.clone_from(&target.name);
    object.root.set("immutable", Node::made(Value::Bool(true)));
    if let Some(metadata) = object.root.get_mut("metadata") {
        metadata.set("name", Node::text(&*target.name));
        if metadata.get("annotations").and_then(Node::as_map).is_none() {
            metadata.set("annotations", Node::made(Value::Map(Vec::new())));
        }
        if let Some(annotations) = metadata.get_mut("annotations") {
            annotations.set(BASE_NAME, Node::text(&*target.base));
        }
    }
}

/// The admission policies of the release, and whether ConfigMaps are their parameters.
fn policies<B>(objects: &[Object<B>]) -> Policies {
    let policy =
        |object: &&Object<B>| object.identity.group() == "admissionregistration.k8s.io" && object.identity.kind.ends_with("Policy");
    objects
        .iter()
        .filter(policy)
        .map(|object| {
            let text = |key| object.root.at(&["spec", "paramKind", key]).and_then(Node::as_text);
            let takes = text("apiVersion") == Some("v1") && text("kind") == Some("ConfigMap");
            ((object.identity.kind.clone(), object.identity.name.clone()), takes)
        })
        .collect()
}

/// A warning of a name that kustomize made of the content already: ten characters of its own (`encode` in
/// sigs.k8s.io/kustomize/api/hasher), of which at least one is a digit.
fn suffixed<B>(object: &Object<B>, target: &IndexedConfig) -> Option<Problem> {
    let suffix = target.base.rsplit_once('-').filter(|_| target.names == Names::Versioned)?.1;
    let is_of_kustomize = |byte: u8| matches!(byte, b'2' | b'4'..=b'9' | b'b'..=b'd' | b'f'..=b'h' | b'k' | b'm' | b't');
    let is_digest = suffix.len() == 10 && suffix.bytes().all(is_of_kustomize) && suffix.bytes().any(|byte| byte.is_ascii_digit());
    is_digest.then(|| {
        let reason = format!("`{}` seems to end with kustomize's digest of the content, and gets one more", target.base);
        let next = "set `generatorOptions: { disableNameSuffixHash: true }` in the kustomization";
        Problem::new(Fault::Check, reason, next).at(object.place(object.mark_at(&["metadata", "name"])))
    })
}

/// Warnings of versioned objects that nothing refers to: one for each, or one for all where they are many, as on a first import.
fn unused<B>(objects: &[&Object<B>]) -> Vec<Problem> {
    let next = "give it a stable name by the annotation `cloze.dev/names: stable` if something else reads it, or remove it";
    let warning = |object: &Object<B>, reason: String, next: &str| {
        Problem::new(Fault::Check, reason, next).at(object.place(object.mark_at(&["metadata", "name"])))
    };
    if let [first, second, third, rest @ ..] = objects
        && !rest.is_empty()
    {
        let shown = [first, second, third].map(|object| object.identity.to_string()).join(", ");
        let reason = format!(
            "nothing in the release refers to {} objects whose names follow their content: {shown} and {} more",
            objects.len(),
            rest.len()
        );
        return vec![warning(first, reason, &format!("{next}; `names: stable` in the project file does so for all"))];
    }
    let one = |object: &&Object<B>| {
        let reason = format!("nothing in the release refers to {}, whose name follows its content", object.identity);
        warning(object, reason, next)
    };
    objects.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::convert::Infallible;

    use proptest::prelude::ProptestConfig;
    use proptest::prop_assert_eq;
    use proptest::proptest;
    use serde_json::Value as Json;
    use serde_json::json;

    use super::CHECKSUM;
    use super::Named;
    use super::Naming;
    use super::name;
    use crate::clock::Machine;
    use crate::manifest::ConfigKind;
    use crate::manifest::Names;
    use crate::problem::Problem;
    use crate::problem::Problems;
    use crate::reference::External;
    use crate::reference::sample;
    use crate::seal::Keys;

    fn map(namespace: &str, name: &str, data: &Json) -> Json {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}, "data": data})
    }

    fn secret(namespace: &str, name: &str, data: &Json) -> Json {
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": data})
    }

    fn stable(mut json: Json) -> Json {
        json["metadata"]["annotations"] = json!({"cloze.dev/names": "stable"});
        json
    }

    fn restarting(mut json: Json) -> Json {
        json["metadata"]["annotations"] = json!({"cloze.dev/names": "stable", "cloze.dev/restart": "true"});
        json
    }

    /// A Deployment in `namespace` whose one container has these `envFrom`.
    fn deployment(namespace: &str, from: &Json) -> Json {
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": namespace},
            "spec": {"template": {"spec": {"containers": [{"name": "web", "image": "web", "envFrom": from}]}}}})
    }

    /// The same with one variable.
    fn reading(source: &str, reference: &Json) -> Json {
        let mut json = deployment("shop", &json!([]));
        json["spec"]["template"]["spec"]["containers"][0]["env"] = json!([{"name": "E", "valueFrom": {source: reference}}]);
        json
    }

    fn from_map(name: &str) -> Json {
        json!([{"configMapRef": {"name": name}}])
    }

    fn from_secret(name: &str) -> Json {
        json!([{"secretRef": {"name": name}}])
    }

    fn run(objects: &[Json], naming: &Naming<'_>) -> Result<Named<Infallible>, Vec<Problem>> {
        name(objects.iter().map(sample::object).collect(), naming).map_err(Problems::into_list)
    }

    fn review(objects: &[Json]) -> Result<Named<Infallible>, Vec<Problem>> {
        run(
            objects,
            &Naming { keyed: None, default: Names::Versioned, external: &[], masked: &HashSet::new(), taught: &[], complete: true },
        )
    }

    fn deploy(objects: &[Json], keys: &Keys) -> Named<Infallible> {
        run(
            objects,
            &Naming { keyed: Some(keys), default: Names::Versioned, external: &[], masked: &HashSet::new(), taught: &[], complete: true },
        )
        .unwrap()
    }

    /// The only problem's reason and next step.
    fn problem(objects: &[Json]) -> (String, String) {
        let problems = review(objects).unwrap_err();
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].place.is_some());
        (problems[0].reason.clone(), problems[0].next.clone())
    }

    fn trees(named: &Named<Infallible>) -> Vec<Json> {
        named.objects().iter().map(|object| sample::json(&object.root)).collect()
    }

    fn final_names(named: &Named<Infallible>) -> Vec<String> {
        named.objects().iter().map(|object| object.identity.name.clone()).collect()
    }

    fn env_from(named: &Named<Infallible>) -> Json {
        let trees = trees(named);
        let deployment = trees.iter().find(|tree| tree["kind"] == "Deployment").unwrap();
        deployment["spec"]["template"]["spec"]["containers"][0]["envFrom"].clone()
    }

    #[test]
    fn a_config_map_is_named_by_its_content_and_references_follow() {
        let named = review(&[deployment("shop", &from_map("app")), map("shop", "app", &json!({"a": "b"}))]).unwrap();
        let renamed = &named.objects()[0].identity;
        // The name is a promise: it may not change between versions of cloze, or every pod restarts.
        assert_eq!(renamed.name, "app-g869mxrlcp");
        assert_eq!(env_from(&named), from_map(&renamed.name));
        let tree = &trees(&named)[0];
        assert_eq!(tree["metadata"]["name"], renamed.name);
        assert_eq!(tree["metadata"]["annotations"]["cloze.dev/base-name"], "app");
        assert_eq!(tree["immutable"], true);
        assert!(named.warnings().is_empty());
    }

    #[test]
    fn a_stable_object_keeps_its_name() {
        let objects = [stable(map("shop", "app", &json!({"a": "b"}))), deployment("shop", &from_map("app"))];
        let named = review(&objects).unwrap();
        assert_eq!(env_from(&named), from_map("app"));
        assert_eq!(trees(&named)[0], objects[0]);
    }

    #[test]
    fn a_review_shows_a_placeholder_where_it_cannot_know() {
        let objects = [secret("shop", "db", &json!({"a": "Yg=="})), map("shop", "app", &json!({"a": "<secret>"}))];
        let masked: HashSet<_> = [sample::object::<Infallible>(&objects[1]).identity].into();
        let named =
            run(&objects, &Naming { keyed: None, default: Names::Versioned, external: &[], masked: &masked, taught: &[], complete: true })
                .unwrap();
        assert_eq!(final_names(&named), ["app-xxxxxxxxxx", "db-xxxxxxxxxx"]);
    }

    #[test]
    fn a_secrets_name_depends_on_the_key_and_says_nothing_without_it() {
        let (one, two) = (Keys::fresh(&Machine), Keys::fresh(&Machine));
        let objects = [secret("shop", "db", &json!({"pin": "MTIzNA=="}))];
        let name = |keys: &Keys| final_names(&deploy(&objects, keys)).remove(0);
        assert_eq!(name(&one), name(&one));
        assert_ne!(name(&one), name(&two));
        let map = [map("shop", "db", &json!({"pin": "MTIzNA=="}))];
        assert_eq!(final_names(&deploy(&map, &one)), final_names(&deploy(&map, &two)));
        assert_eq!(final_names(&deploy(&map, &one)), final_names(&review(&map).unwrap()));
    }

    #[test]
    fn references_stay_in_their_namespace() {
        let objects =
            [map("shop", "app", &json!({"a": "1"})), stable(map("other", "app", &json!({}))), deployment("other", &from_map("app"))];
        assert_eq!(env_from(&review(&objects).unwrap()), from_map("app"));
        let (reason, next) = problem(&[map("shop", "app", &json!({})), deployment("other", &from_map("app"))]);
        assert_eq!(reason, "ConfigMap other/app is not in the release");
        assert_eq!(next, "add it to the templates, or list it under `external:`");
    }

    #[test]
    fn a_dangling_reference_is_a_problem_with_the_nearest_name() {
        let (reason, next) = problem(&[map("shop", "app-config", &json!({})), deployment("shop", &from_map("app-confg"))]);
        assert_eq!(reason, "ConfigMap shop/app-confg is not in the release");
        assert_eq!(next, "write `app-config`, or list it under `external:`");
        // A ConfigMap is no Secret.
        let (reason, _) = problem(&[map("shop", "app", &json!({})), deployment("shop", &from_secret("app"))]);
        assert_eq!(reason, "Secret shop/app is not in the release");
    }

    #[test]
    fn a_custom_resources_optional_name_is_doubted_when_it_is_a_slip() {
        let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "web-tls", "namespace": "shop"}, "data": {}});
        let warned = |name: &str| {
            let proxy = json!({"apiVersion": "projectcontour.io/v1", "kind": "HTTPProxy", "metadata": {"name": "web", "namespace": "shop"},
                "spec": {"virtualhost": {"tls": {"secretName": name}}}});
            let warnings = review(&[secret.clone(), proxy]).unwrap().warnings;
            warnings
                .into_iter()
                .map(|warning| (warning.reason, warning.next))
                .filter(|(reason, _)| reason.ends_with("is not in the release"))
                .collect::<Vec<_>>()
        };
        let doubt = |name: &str| {
            vec![(
                format!("Secret shop/{name} is not in the release"),
                "write `web-tls` if that is meant, or list it under `external:`".to_owned(),
            )]
        };
        for slip in ["web-tsl", "web_tls", "web-tlss"] {
            assert_eq!(warned(slip), doubt(slip));
        }
        // Another program may make it.
        assert_eq!(warned("wildcard"), []);
        assert_eq!(warned("web-tls"), []);
    }

    #[test]
    fn what_is_optional_external_produced_or_always_there_does_not_dangle() {
        let certificate = json!({"apiVersion": "cert-manager.io/v1", "kind": "Certificate",
            "metadata": {"name": "web", "namespace": "shop"}, "spec": {"secretName": "web-tls"}});
        let optional = json!([{"configMapRef": {"name": "gone", "optional": true}}]);
        assert!(review(&[deployment("shop", &optional)]).is_ok());
        assert!(review(&[deployment("shop", &from_map("kube-root-ca.crt"))]).is_ok());
        assert!(review(&[certificate.clone(), deployment("shop", &from_secret("web-tls"))]).is_ok());
        assert!(review(&[certificate, deployment("other", &from_secret("web-tls"))]).is_err());
        let external = |namespace: Option<&str>| External {
            referent: ConfigKind::Secret,
            namespace: namespace.map(str::to_owned),
            name: "theirs".to_owned(),
            keys: Some(vec!["user".to_owned()]),
        };
        let with = |external: &[External], objects: &[Json]| {
            run(objects, &Naming { keyed: None, default: Names::Versioned, external, masked: &HashSet::new(), taught: &[], complete: true })
        };
        let uses = [deployment("shop", &from_secret("theirs"))];
        assert!(with(&[external(None)], &uses).is_ok());
        assert!(with(&[external(Some("shop"))], &uses).is_ok());
        assert!(with(&[external(Some("other"))], &uses).is_err());
        let reads = |key: &str| [reading("secretKeyRef", &json!({"name": "theirs", "key": key}))];
        assert!(with(&[external(None)], &reads("user")).is_ok());
        let problems = with(&[external(None)], &reads("usr")).unwrap_err();
        assert_eq!(problems[0].reason, "Secret shop/theirs has no key `usr`");
        assert_eq!(problems[0].next, "write `user`, or add the key");
    }

    #[test]
    fn a_key_that_does_not_exist_is_a_problem() {
        let app = || map("shop", "app", &json!({"LOG_LEVEL": "info"}));
        let reads = |reference: Json| reading("configMapKeyRef", &reference);
        assert!(review(&[app(), reads(json!({"name": "app", "key": "LOG_LEVEL"}))]).is_ok());
        let (reason, next) = problem(&[app(), reads(json!({"name": "app", "key": "LOG_LEVL"}))]);
        assert_eq!((reason.as_str(), next.as_str()), ("ConfigMap shop/app has no key `LOG_LEVL`", "write `LOG_LEVEL`, or add the key"));
        let (_, next) = problem(&[app(), reads(json!({"name": "app", "key": "colour"}))]);
        assert_eq!(next, "add the key, or use one that exists");
        assert!(review(&[app(), reads(json!({"name": "app", "key": "colour", "optional": true}))]).is_ok());
        let mut mount = deployment("shop", &json!([]));
        mount["spec"]["template"]["spec"]["volumes"] =
            json!([{"name": "v", "configMap": {"name": "app", "items": [{"key": "LOG_LEVEL", "path": "a"}, {"key": "x", "path": "b"}]}}]);
        assert_eq!(problem(&[app(), mount]).0, "ConfigMap shop/app has no key `x`");
    }

    #[test]
    fn a_variable_cannot_come_from_binary_data() {
        let mut app = map("shop", "app", &json!({}));
        app["binaryData"] = json!({"logo": "eA=="});
        let (reason, next) = problem(&[app, reading("configMapKeyRef", &json!({"name": "app", "key": "logo"}))]);
        assert_eq!(reason, "key `logo` of ConfigMap shop/app is in binaryData, which environment variables cannot read");
        assert_eq!(next, "move it to `data`, or mount it as a file");
    }

    #[test]
    fn keys_of_string_data_count_in_a_review() {
        let db = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "db", "namespace": "shop"},
            "stringData": {"password": "<secret default/db>"}});
        assert!(review(&[db, reading("secretKeyRef", &json!({"name": "db", "key": "password"}))]).is_ok());
    }

    #[test]
    fn two_objects_with_one_identity_are_a_problem() {
        let (reason, next) = problem(&[stable(map("shop", "app", &json!({}))), stable(map("shop", "app", &json!({"a": "b"})))]);
        assert_eq!(reason, "ConfigMap shop/app is defined twice, first in x.yaml");
        assert_eq!(next, "rename or remove one of the two");
    }

    #[test]
    fn two_objects_that_get_one_name_are_a_problem() {
        let app = map("shop", "app", &json!({"a": "b"}));
        let given = final_names(&review(std::slice::from_ref(&app)).unwrap()).remove(0);
        let line = sample::object::<Infallible>(&app).root.at(&["metadata", "name"]).unwrap().mark.line;
        let (reason, next) = problem(&[app, stable(map("shop", &given, &json!({})))]);
        assert_eq!(reason, format!("ConfigMap shop/{given} and the object at x.yaml (rendered):{line}:1 get the same name {given}"));
        assert_eq!(next, "rename one of the two");
    }

    #[test]
    fn a_name_may_get_too_long() {
        assert!(review(&[map("shop", &"a".repeat(242), &json!({}))]).is_ok());
        let (reason, next) = problem(&[map("shop", &"a".repeat(243), &json!({}))]);
        assert_eq!(reason, "the name and its suffix have 254 characters; Kubernetes allows 253");
        assert_eq!(next, "shorten the name to 242 characters");
    }

    #[test]
    fn a_reference_from_the_cluster_means_the_only_object_of_that_name() {
        let issuer = json!({"apiVersion": "cert-manager.io/v1", "kind": "ClusterIssuer", "metadata": {"name": "ca"},
            "spec": {"ca": {"secretName": "root"}}});
        let named = review(&[secret("cert-manager", "root", &json!({})), issuer.clone()]).unwrap();
        let tree = trees(&named).into_iter().find(|tree| tree["kind"] == "ClusterIssuer").unwrap();
        assert_eq!(tree["spec"]["ca"]["secretName"], "root-xxxxxxxxxx");
        let keys = Keys::fresh(&Machine);
        let objects = [secret("a", "root", &json!({})), secret("b", "root", &json!({})), issuer];
        let naming =
            Naming { keyed: Some(&keys), default: Names::Versioned, external: &[], masked: &HashSet::new(), taught: &[], complete: true };
        let problems = run(&objects, &naming).unwrap_err();
        assert_eq!(problems[0].reason, "Secret `root` is in more than one namespace (a, b), and the field does not say which");
        assert!(problems[0].next.starts_with("write the namespace if the field has one"));
    }

    #[test]
    fn a_restart_puts_a_checksum_on_the_templates_that_use_the_object() {
        let keys = Keys::fresh(&Machine);
        let checksum = |data: &Json, named: &dyn Fn(&[Json]) -> Named<Infallible>| {
            let named = named(&[restarting(map("shop", "app", data)), deployment("shop", &from_map("app"))]);
            let tree = trees(&named).into_iter().find(|tree| tree["kind"] == "Deployment").unwrap();
            tree["spec"]["template"]["metadata"]["annotations"][CHECKSUM].as_str().map(str::to_owned)
        };
        let with_keys = |objects: &[Json]| deploy(objects, &keys);
        let first = checksum(&json!({"a": "1"}), &with_keys).unwrap();
        assert_eq!(first.len(), 10);
        assert_eq!(checksum(&json!({"a": "1"}), &with_keys), Some(first.clone()));
        assert_ne!(checksum(&json!({"a": "2"}), &with_keys), Some(first));
        assert_eq!(checksum(&json!({"a": "1"}), &|objects| review(objects).unwrap()).as_deref(), Some("xxxxxxxxxx"));
        let without = deploy(&[stable(map("shop", "app", &json!({}))), deployment("shop", &from_map("app"))], &keys);
        assert_eq!(trees(&without)[1]["spec"]["template"]["metadata"], Json::Null);
    }

    #[test]
    fn parameters_follow_where_the_policy_takes_config_maps() {
        let policy = |kind: &str| {
            json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy", "metadata": {"name": "p"},
                "spec": {"paramKind": {"apiVersion": "v1", "kind": kind}}})
        };
        let binding = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": "b"}, "spec": {"policyName": "p", "paramRef": {"name": "app", "namespace": "shop"}}});
        let name = |kind: &str| {
            let named = review(&[stable(map("shop", "app", &json!({}))), policy(kind), binding.clone()]);
            named.map(|_| ()).map_err(|problems| problems.len())
        };
        assert_eq!(name("ConfigMap"), Ok(()));
        let dangling = [policy("ConfigMap"), binding.clone()];
        assert_eq!(problem(&dangling).0, "ConfigMap shop/app is not in the release");
        assert!(review(&[policy("Secret"), binding.clone()]).is_ok());
        assert!(review(&[binding]).is_ok());
    }

    #[test]
    fn a_name_that_is_no_string_is_a_problem() {
        let (reason, next) = problem(&[deployment("shop", &json!([{"configMapRef": {"name": 7}}]))]);
        assert_eq!((reason.as_str(), next.as_str()), ("`name` is a number where Kubernetes needs a string", "quote it"));
    }

    #[test]
    fn what_nothing_refers_to_is_warned_about() {
        let named = review(&[map("shop", "app", &json!({}))]).unwrap();
        assert_eq!(named.warnings()[0].reason, "nothing in the release refers to ConfigMap shop/app, whose name follows its content");
        assert!(named.warnings()[0].next.contains("cloze.dev/names: stable"));
        assert!(review(&[stable(map("shop", "app", &json!({})))]).unwrap().warnings().is_empty());
    }

    #[test]
    fn a_digest_of_kustomize_is_noticed() {
        let reasons = |object: &Json| -> Vec<String> {
            let named = review(std::slice::from_ref(object)).unwrap();
            named.warnings().iter().map(|warning| warning.reason.clone()).filter(|reason| reason.contains("kustomize")).collect()
        };
        for name in ["db-b6mkfm84t6", "a-b-2456789bcd", "x-kkkkkkkkk2"] {
            let expected = format!("`{name}` seems to end with kustomize's digest of the content, and gets one more");
            assert_eq!(reasons(&map("shop", name, &json!({}))), [expected]);
            assert!(reasons(&stable(map("shop", name, &json!({})))).is_empty(), "{name}");
        }
        for name in ["db", "db-b6mkfm84t", "db-b6mkfm84t66", "db-b6mkfm84t0", "b6mkfm84t6", "db-bcdfghkmtb", "web-production"] {
            assert!(reasons(&map("shop", name, &json!({}))).is_empty(), "{name}");
        }
    }

    #[test]
    fn many_unused_objects_are_one_warning() {
        let maps: Vec<Json> = ["a", "b", "c", "d", "e"].iter().map(|name| map("shop", name, &json!({}))).collect();
        assert_eq!(review(&maps[..3]).unwrap().warnings().len(), 3);
        let named = review(&maps).unwrap();
        let [warning] = named.warnings() else { panic!("{:?}", named.warnings()) };
        let reason = "nothing in the release refers to 5 objects whose names follow their content: ConfigMap shop/a, ConfigMap shop/b, ConfigMap shop/c and 2 more";
        assert_eq!(warning.reason, reason);
    }

    fn job(annotations: &Json, pod: &Json) -> Json {
        json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "migrate", "namespace": "shop", "annotations": annotations},
            "spec": {"template": {"spec": {"containers": [{"name": "a", "image": "b", "envFrom": pod}]}}}})
    }

    #[test]
    fn a_changing_name_in_what_never_changes_is_a_problem() {
        let (reason, next) = problem(&[map("shop", "app", &json!({})), job(&json!({}), &from_map("app"))]);
        assert_eq!(
            reason,
            "the pod template of a Job can never change, and it names ConfigMap shop/app, whose name changes with its content"
        );
        assert!(next.contains("`cloze.dev/names: stable`") && next.contains("`cloze.dev/names: versioned` on the Job"));
        let class = json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "files"},
            "parameters": {"csi.storage.k8s.io/node-stage-secret-name": "db", "csi.storage.k8s.io/node-stage-secret-namespace": "shop"}});
        let (reason, _) = problem(&[secret("shop", "db", &json!({})), class.clone()]);
        assert!(reason.starts_with("the parameters of a StorageClass can never change"));
        let volume = json!({"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "files"},
            "spec": {"csi": {"nodeStageSecretRef": {"name": "db", "namespace": "shop"}}}});
        let (reason, _) = problem(&[secret("shop", "db", &json!({})), volume]);
        assert!(reason.starts_with("the source of a PersistentVolume can never change"));
        assert!(review(&[stable(secret("shop", "db", &json!({}))), class]).is_ok());
        assert!(review(&[stable(map("shop", "app", &json!({}))), job(&json!({}), &from_map("app"))]).is_ok());
    }

    #[test]
    fn a_bare_pod_is_warned_about() {
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "shop"},
            "spec": {"containers": [{"name": "a", "image": "b", "envFrom": [{"configMapRef": {"name": "app"}}, {"configMapRef": {"name": "app"}}]}]}});
        let named = review(&[map("shop", "app", &json!({})), pod]).unwrap();
        assert_eq!(named.warnings().len(), 1);
        assert!(named.warnings()[0].reason.starts_with("the spec of a Pod can never change, and it names ConfigMap shop/app"));
    }

    #[test]
    fn a_job_can_be_named_by_its_content() {
        let versioned = json!({"cloze.dev/names": "versioned"});
        let name = |data: &Json, labels: &Json| {
            let mut job = job(&versioned, &from_map("app"));
            job["metadata"]["labels"] = labels.clone();
            let named = review(&[map("shop", "app", data), job]).unwrap();
            let tree = trees(&named).into_iter().find(|tree| tree["kind"] == "Job").unwrap();
            assert_eq!(tree["metadata"]["annotations"]["cloze.dev/base-name"], "migrate");
            assert_eq!(tree["immutable"], Json::Null);
            tree["metadata"]["name"].as_str().unwrap().to_owned()
        };
        let first = name(&json!({"a": "1"}), &json!({}));
        assert!(first.starts_with("migrate-") && first.len() == "migrate-".len() + 10);
        assert_eq!(name(&json!({"a": "1"}), &json!({"version": "2"})), first);
        assert_ne!(name(&json!({"a": "2"}), &json!({})), first);
        let masked = review(&[secret("shop", "db", &json!({})), job(&versioned, &from_secret("db"))]).unwrap();
        assert!(final_names(&masked).contains(&"migrate-xxxxxxxxxx".to_owned()));
        let keys = Keys::fresh(&Machine);
        let named = |value: &str, rerun: bool| {
            let mut job = job(&versioned, &from_secret("db"));
            if rerun {
                job["metadata"]["annotations"]["cloze.dev/rerun"] = json!("secrets");
            }
            let deployed = deploy(&[secret("shop", "db", &json!({ "a": value })), job], &keys);
            let tree = trees(&deployed).into_iter().find(|tree| tree["kind"] == "Job").unwrap();
            (tree["metadata"]["name"].clone(), tree["metadata"]["annotations"]["cloze.dev/content"].clone())
        };
        let [old, new] = ["Mg==", "Mw=="].map(|value| named(value, false));
        assert!(old.0 != new.0 && old.1 == new.1, "a secret alone is another Job of the same content: {old:?} {new:?}");
        assert_ne!(named("Mg==", true).1, named("Mw==", true).1);
        let once = deploy(&[map("shop", "app", &json!({})), job(&versioned, &from_map("app"))], &keys);
        assert_eq!(trees(&deploy(&trees(&once), &keys)), trees(&once));
        let mut long = job(&versioned, &json!([]));
        long["metadata"]["name"] = json!("a".repeat(53));
        assert_eq!(problem(&[long]).0, "the name and its suffix have 64 characters; the name of a Job must fit into a label of 63");
    }

    #[test]
    fn a_permission_to_change_what_is_immutable_is_warned_about() {
        let role = |verbs: Json, names: Json| {
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "panel", "namespace": "shop"},
                "rules": [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": names, "verbs": verbs}]})
        };
        let warnings =
            |objects: &[Json]| review(objects).unwrap().warnings().iter().map(|warning| warning.reason.clone()).collect::<Vec<_>>();
        let uses = deployment("shop", &from_secret("certs"));
        let certs = || secret("shop", "certs", &json!({}));
        for verbs in [json!(["get", "update"]), json!(["patch"]), json!(["*"])] {
            let warnings = warnings(&[certs(), role(verbs, json!(["certs"])), uses.clone()]);
            assert_eq!(
                warnings,
                ["Role shop/panel permits changing Secret shop/certs, which is immutable because its name follows its content"]
            );
        }
        assert!(warnings(&[certs(), role(json!(["get"]), json!(["certs"])), uses.clone()]).is_empty());
        assert!(warnings(&[stable(certs()), role(json!(["update"]), json!(["certs"])), uses]).is_empty());
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let problems = review(&[
            deployment("shop", &json!([{"configMapRef": {"name": "a"}}, {"secretRef": {"name": "b"}}])),
            json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "annotations": {"cloze.dev/nmes": "stable"}}}),
        ]);
        assert_eq!(problems.unwrap_err().len(), 3);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn naming_what_was_named_changes_nothing(data in proptest::collection::btree_map("[a-z]{1,4}", ".{0,8}", 0..6), pin in "[0-9]{4}") {
            let keys = Keys::fresh(&Machine);
            let objects = [
                map("shop", "app", &json!(data)),
                secret("shop", "db", &json!({"pin": pin})),
                deployment("shop", &json!([{"configMapRef": {"name": "app"}}, {"secretRef": {"name": "db"}}])),
            ];
            let once = deploy(&objects, &keys);
            let twice = deploy(&trees(&once), &keys);
            prop_assert_eq!(trees(&once), trees(&twice));
        }

        #[test]
        fn equal_content_has_an_equal_name_and_other_content_another(
            a in proptest::collection::btree_map("[a-z]{1,4}", ".{0,8}", 0..4),
            b in proptest::collection::btree_map("[a-z]{1,4}", ".{0,8}", 0..4),
        ) {
            let name = |data: &Json| final_names(&review(&[map("shop", "app", data)]).unwrap()).remove(0);
            prop_assert_eq!(name(&json!(a)) == name(&json!(b)), a == b);
        }
    }
}
