//! A connection to the cluster that is meant: a context of the kubeconfig as kubectl finds it, or else the cluster that the run is in.

use std::fmt;
use std::path::Path;
use std::path::PathBuf;

use http::HeaderValue;
use http::header::USER_AGENT;
use kube::Client;
use kube::Config;
use kube::config::Kubeconfig;
use kube::config::KubeconfigError;

use crate::identity::ToolEnvironment;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::service::http::Proxies;
use crate::service::http::is_untrusted;
use crate::suggest::suggest;

/// A connection to a cluster. Nothing is sent before it is used.
pub struct Connection {
    pub(super) client: Client,
    name: String,
    address: String,
}

/// What says which cluster is meant.
#[derive(Debug)]
pub struct Selection<'a> {
    /// The variables of kubectl, and the home directory.
    pub environment: &'a ToolEnvironment,
    /// The context that is named.
    pub context: Option<&'a str>,
    /// Whether the context is one that a pull request could have changed, and this machine's kubeconfig holds what its owner gave to CI.
    pub unconfirmed: bool,
    /// The proxy of the machine.
    pub proxies: &'a Proxies,
}

/// Where the service account of a pod is (kubernetes.io/docs/tasks/run-application/access-api-from-pod).
const SERVICE_ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

impl Connection {
    /// The connection that `selection` names, as kubectl would: the files of `KUBECONFIG`, the first of which has the last word, or
    /// `~/.kube/config`; and where there is neither, the cluster that this pod runs in.
    ///
    /// # Errors
    /// No cluster, a kubeconfig that cannot be read, a context that is not in it, and in CI a choice between contexts that only the project makes.
    pub fn open(selection: &Selection<'_>) -> Result<Self, Problem> {
        let Some(kubeconfig) = kubeconfig(selection.environment)? else { return Self::in_cluster(selection) };
        let named: Vec<&str> = kubeconfig.contexts.iter().map(|context| context.name.as_str()).collect();
        if selection.unconfirmed && selection.context.is_some() && named.len() > 1 {
            let reason = format!("the kubeconfig has {} contexts, and only the project says which of them is meant", named.len());
            return Err(problem(reason, "set CLOZE_CONTEXT where the pipeline keeps its protected settings"));
        }
        let context = selection.context.or(kubeconfig.current_context.as_deref()).filter(|context| !context.is_empty());
        let Some(context) = context.map(str::to_owned) else {
            return Err(problem(
                "the kubeconfig has no current context",
                "name one with `cluster.context` in the project file or CLOZE_CONTEXT",
            ));
        };
        if !named.contains(&context.as_str()) {
            let next = match suggest(&context, named.iter().copied()) {
                Some(near) => format!("name `{near}`"),
                None if named.is_empty() => "add it to the kubeconfig".to_owned(),
                None => format!("name one of {}", named.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")),
            };
            return Err(problem(format!("the kubeconfig has no context `{context}`"), next));
        }
        let own_proxy = kubeconfig
            .contexts
            .iter()
            .find(|one| one.name == context)
            .and_then(|one| one.context.as_ref())
            .and_then(|one| kubeconfig.clusters.iter().find(|cluster| cluster.name == one.cluster))
            .and_then(|cluster| cluster.cluster.as_ref()?.proxy_url.clone())
            .filter(|proxy| !proxy.is_empty());
        let config = Config::try_from(Kubeconfig { current_context: Some(context.clone()), ..kubeconfig }).map_err(|error| {
            problem(format!("the context `{context}` of the kubeconfig cannot be used: {}", fragment(&error)), "correct the kubeconfig")
        })?;
        Self::of(config, own_proxy, selection.proxies, context)
    }

    /// The cluster that this pod runs in, by its service account.
    fn in_cluster(selection: &Selection<'_>) -> Result<Self, Problem> {
        let variable = |name| selection.environment.text(name);
        let address = variable("KUBERNETES_SERVICE_HOST").map(|host| {
            let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
            format!("https://{host}:{}", variable("KUBERNETES_SERVICE_PORT").unwrap_or("443"))
        });
        let Some(address) = address else {
            return Err(problem("there is no kubeconfig", "name its file in KUBECONFIG, or log in to the cluster as for kubectl"));
        };
        let address = address
            .parse()
            .map_err(|_| problem("KUBERNETES_SERVICE_HOST is not a host", "unset it, or name a kubeconfig in KUBECONFIG"))?;
        if let Some(context) = selection.context {
            let reason = format!("there is no kubeconfig with the context `{context}`; this pod's own cluster has no name");
            return Err(problem(reason, "name a kubeconfig in KUBECONFIG, or name no context"));
        }
        let mut config = Config::new(address);
        config.root_cert_file = Some(Path::new(SERVICE_ACCOUNT).join("ca.crt"));
        config.auth_info.token_file = Some(format!("{SERVICE_ACCOUNT}/token"));
        Self::of(config, None, selection.proxies, "in-cluster".to_owned())
    }

    fn of(mut config: Config, own_proxy: Option<String>, proxies: &Proxies, name: String) -> Result<Self, Problem> {
        // The crate's own choice reads the process environment, and asks whether NO_PROXY lists the proxy.
        let proxy = own_proxy.or_else(|| proxies.of(&config.cluster_url.to_string()));
        let unusable =
            |what: &str| problem(format!("the cluster of the context `{name}` cannot be reached: {what}"), "correct the kubeconfig");
        config.proxy_url = proxy.map(|proxy| proxy.parse().map_err(|_| unusable("its proxy is not a URL"))).transpose()?;
        let address = config.cluster_url.to_string();
        // Who asks twice is the history's to say.
        config.default_retry = false;
        // As the API server's audit names it (RFC 9110, 10.1.5).
        config.headers.push((USER_AGENT, HeaderValue::from_static(concat!("cloze/", env!("CARGO_PKG_VERSION")))));
        let client = Client::try_from(config).map_err(|error| {
            unusable(match error {
                kube::Error::Auth(_) => "its credential cannot be read",
                kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
                    "its proxy is not an `http://` one"
                }
                kube::Error::RustlsTls(_) => "its certificates cannot be read",
                _ => "its settings do not go together",
            })
        })?;
        Ok(Self { client, name, address })
    }

    /// The address of the API server.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The name of the context; `in-cluster` for the pod's own cluster.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Why there is no answer from an API server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// Its certificate is not valid here, and will not be.
    Untrusted,
    /// It cannot be reached; that may pass.
    Away,
}

impl NoAnswer {
    /// The reason behind an error of the crate that is not the server's own.
    pub(super) fn of(error: &kube::Error) -> Self {
        if is_untrusted(error) { Self::Untrusted } else { Self::Away }
    }

    /// The reason, a lowercase fragment, and what to do about it.
    pub(super) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Untrusted => (
                "the API server's certificate is not valid here",
                "check the cluster's `certificate-authority` in the kubeconfig, its address and the machine's clock",
            ),
            Self::Away => ("the API server cannot be reached", "check the cluster's address with `kubectl cluster-info`"),
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The files of the kubeconfig as one; `None` where there is none.
fn kubeconfig(environment: &ToolEnvironment) -> Result<Option<Kubeconfig>, Problem> {
    let listed: Option<Vec<PathBuf>> =
        environment.text("KUBECONFIG").map(|list| std::env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect());
    let files = listed.clone().or_else(|| environment.at_home(".kube/config").map(|path| vec![path])).unwrap_or_default();
    let mut merged: Option<Kubeconfig> = None;
    for path in files.iter().filter(|path| path.exists()) {
        let unread = |error: &KubeconfigError| {
            problem(
                format!("the kubeconfig `{}` cannot be read: {}", path.display(), fragment(error)),
                "check its permissions and its text with `kubectl config view`",
            )
        };
        let next = Kubeconfig::read_from(path).map_err(|error| unread(&error))?;
        merged = Some(match merged {
            None => next,
            Some(merged) => merged.merge(next).map_err(|error| unread(&error))?,
        });
    }
    match (merged, listed) {
        (None, Some(listed)) if !listed.is_empty() => {
            let shown: Vec<String> = listed.iter().map(|path| format!("`{}`", path.display())).collect();
            Err(problem(format!("KUBECONFIG names {}, and there is no such file", shown.join(", ")), "correct the variable, or unset it"))
        }
        (merged, _) => Ok(merged),
    }
}

/// What is wrong with a kubeconfig, without its text: it holds credentials.
fn fragment(error: &KubeconfigError) -> &'static str {
    match error {
        KubeconfigError::ReadConfig(..) => "permission denied, or it is not a file",
        KubeconfigError::Parse(_) => "it is not a kubeconfig",
        KubeconfigError::KindMismatch | KubeconfigError::ApiVersionMismatch => "its files have different kinds or versions",
        KubeconfigError::LoadClusterOfContext(_) => "its cluster is not in the file",
        KubeconfigError::MissingClusterUrl | KubeconfigError::ParseClusterUrl(_) => "its cluster has no address that can be used",
        KubeconfigError::ParseCertificates(_) | KubeconfigError::LoadCertificateAuthority(_) => {
            "its authority's certificate cannot be read"
        }
        KubeconfigError::LoadClientCertificate(_) | KubeconfigError::LoadClientKey(_) => "its client certificate cannot be read",
        _ => "it cannot be understood",
    }
}

fn problem(reason: impl Into<String>, next: impl Into<String>) -> Problem {
    Problem::new(Fault::History, reason, next)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::Connection;
    use super::Selection;
    use crate::identity::ToolEnvironment;
    use crate::problem::Problem;
    use crate::service::http::Proxies;

    fn kubeconfig(contexts: &[&str], current: &str) -> String {
        let context = |name: &&str| format!("- {{ name: {name}, context: {{ cluster: {name}, user: {name} }} }}\n");
        let cluster = |name: &&str| format!("- {{ name: {name}, cluster: {{ server: \"https://{name}.example:6443\" }} }}\n");
        let (contexts, clusters): (String, String) = (contexts.iter().map(context).collect(), contexts.iter().map(cluster).collect());
        format!("apiVersion: v1\nkind: Config\ncurrent-context: {current}\ncontexts:\n{contexts}clusters:\n{clusters}")
    }

    struct Machine(TempDir);

    impl Machine {
        fn new(files: &[(&str, String)]) -> Self {
            let dir = TempDir::new().unwrap();
            for (path, text) in files {
                let path = dir.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(dir)
        }

        /// The name of the context that is meant, or the problem.
        fn open(&self, variables: &[(&str, &str)], context: Option<&str>, unconfirmed: bool) -> Result<String, Problem> {
            let dir = self.0.path().display().to_string();
            let pairs = variables.iter().map(|(name, value)| ((*name).into(), value.replace("DIR", &dir).into()));
            let environment = ToolEnvironment::collect(pairs, Some(self.0.path().to_owned()));
            let selection = Selection { environment: &environment, context, unconfirmed, proxies: &Proxies::default() };
            Ok(Connection::open(&selection)?.name().to_owned())
        }

        fn refused(&self, variables: &[(&str, &str)], context: Option<&str>, unconfirmed: bool) -> String {
            let problem = self.open(variables, context, unconfirmed).unwrap_err();
            format!("{}; {}", problem.reason, problem.next).replace(&self.0.path().display().to_string(), "DIR")
        }
    }

    #[tokio::test]
    async fn the_kubeconfig_is_found_as_kubectl_finds_it() {
        let machine = Machine::new(&[
            (".kube/config", kubeconfig(&["home"], "home")),
            ("one", kubeconfig(&["a", "b"], "b")),
            ("two", kubeconfig(&["c", "a"], "c")),
        ]);
        assert_eq!(machine.open(&[], None, false).unwrap(), "home");
        assert_eq!(
            machine.open(&[("KUBECONFIG", "DIR/one:DIR/missing:DIR/two")], None, false).unwrap(),
            "b",
            "the first has the last word"
        );
        assert_eq!(machine.open(&[("KUBECONFIG", "DIR/one:DIR/two")], Some("c"), false).unwrap(), "c");
        assert_eq!(
            machine.refused(&[("KUBECONFIG", "DIR/missing")], None, false),
            "KUBECONFIG names `DIR/missing`, and there is no such file; correct the variable, or unset it"
        );
    }

    #[tokio::test]
    async fn a_context_that_cannot_be_used_is_said() {
        let machine = Machine::new(&[
            (".kube/config", kubeconfig(&["shop-prod", "shop-dev"], "\"\"")),
            ("broken", "a: [".to_owned()),
            ("lost", "apiVersion: v1\nkind: Config\ncontexts: [{ name: a, context: { cluster: none, user: a } }]\n".to_owned()),
        ]);
        for (variables, context, expected) in [
            (&[][..], Some("shop-prd"), "the kubeconfig has no context `shop-prd`; name `shop-prod`"),
            (&[][..], Some("elsewhere"), "the kubeconfig has no context `elsewhere`; name one of `shop-prod`, `shop-dev`"),
            (&[][..], None, "the kubeconfig has no current context; name one with `cluster.context` in the project file or CLOZE_CONTEXT"),
            (
                &[("KUBECONFIG", "DIR/broken")][..],
                None,
                "the kubeconfig `DIR/broken` cannot be read: it is not a kubeconfig; check its permissions and its text with `kubectl config view`",
            ),
            (
                &[("KUBECONFIG", "DIR/lost")][..],
                Some("a"),
                "the context `a` of the kubeconfig cannot be used: its cluster is not in the file; correct the kubeconfig",
            ),
        ] {
            assert_eq!(machine.refused(variables, context, false), expected);
        }
    }

    #[tokio::test]
    async fn in_ci_only_the_owner_chooses_among_contexts() {
        let machine = Machine::new(&[(".kube/config", kubeconfig(&["a", "b"], "b")), ("one", kubeconfig(&["a"], "a"))]);
        assert!(machine.refused(&[], Some("a"), true).starts_with("the kubeconfig has 2 contexts, and only the project says"));
        assert_eq!(machine.open(&[], None, true).unwrap(), "b", "the kubeconfig is its owner's word");
        assert_eq!(machine.open(&[("KUBECONFIG", "DIR/one")], Some("a"), true).unwrap(), "a", "there is nothing to choose");
    }

    #[tokio::test]
    async fn without_a_kubeconfig_it_is_the_pods_own_cluster() {
        let machine = Machine::new(&[]);
        assert_eq!(
            machine.refused(&[], None, false),
            "there is no kubeconfig; name its file in KUBECONFIG, or log in to the cluster as for kubectl"
        );
        let pod = [("KUBERNETES_SERVICE_HOST", "10.0.0.1"), ("KUBERNETES_SERVICE_PORT", "443")];
        assert_eq!(
            machine.refused(&pod, Some("shop"), false),
            "there is no kubeconfig with the context `shop`; this pod's own cluster has no name; name a kubeconfig in KUBECONFIG, or name no context"
        );
        // This machine has no service account.
        assert!(machine.refused(&pod, None, false).starts_with("the cluster of the context `in-cluster` cannot be reached: "));
    }
}
