//! Which cloud a vault is in: its host's suffix says where its tokens come from and what they are for.

use reqwest::Url;

use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::is_loopback;
use crate::service::words;

/// A cloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cloud {
    /// What the hosts of its vaults end with.
    suffix: &'static str,
    /// What a token has to be for.
    pub(super) resource: &'static str,
    /// Where its tokens come from.
    pub(super) authority: &'static str,
    /// The audience of the tokens of others that its applications trust.
    pub(super) exchange: &'static str,
}

/// The clouds whose vaults are known by their names.
const CLOUDS: [Cloud; 3] = [
    Cloud {
        suffix: ".vault.azure.net",
        resource: "https://vault.azure.net",
        authority: "https://login.microsoftonline.com",
        exchange: "api://AzureADTokenExchange",
    },
    Cloud {
        suffix: ".vault.azure.cn",
        resource: "https://vault.azure.cn",
        authority: "https://login.chinacloudapi.cn",
        exchange: "api://AzureADTokenExchangeChina",
    },
    Cloud {
        suffix: ".vault.usgovcloudapi.net",
        resource: "https://vault.usgovcloudapi.net",
        authority: "https://login.microsoftonline.us",
        exchange: "api://AzureADTokenExchangeUSGov",
    },
];

impl Cloud {
    /// The cloud of a vault's host, if its name tells.
    pub(super) fn of(host: &str) -> Option<Self> {
        CLOUDS.into_iter().find(|cloud| host.strip_suffix(cloud.suffix).is_some_and(|name| !name.is_empty() && !name.contains('.')))
    }

    /// The public one.
    pub(super) fn public() -> Self {
        CLOUDS[0]
    }
}

/// Whether Microsoft runs what is at this host: a vault of some tenant, which gets its requests' answers and never their tokens.
pub(crate) fn is_service(host: &str) -> bool {
    Cloud::of(host).is_some()
}

/// Whether a host is a managed HSM, which keeps keys and no secrets.
pub(super) fn is_hsm(host: &str) -> bool {
    [".managedhsm.azure.net", ".managedhsm.azure.cn", ".managedhsm.usgovcloudapi.net"].iter().any(|suffix| host.ends_with(suffix))
}

/// What a server that asks for a token said about it (RFC 9110 section 11.6.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Challenge {
    /// What the token has to be for.
    pub(super) resource: String,
    /// The tenant that the vault belongs to.
    pub(super) tenant: Option<String>,
}

impl Challenge {
    /// Reads `Bearer authorization="https://LOGIN/TENANT", resource="https://…"`; `scope` may be in place of `resource`.
    pub(super) fn read(text: &str) -> Option<Self> {
        let parameters = text.strip_prefix("Bearer ").or_else(|| text.strip_prefix("bearer "))?;
        let find = |name: &str| {
            parameters.split([',', ' ']).find_map(|part| {
                let (key, value) = part.trim().split_once('=')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"').to_owned())
            })
        };
        let scope = || find("scope").map(|scope| scope.strip_suffix("/.default").map_or(scope.clone(), str::to_owned));
        let resource = find("resource").or_else(scope)?.trim_end_matches('/').to_owned();
        let login = find("authorization").or_else(|| find("authorization_uri")).and_then(|url| Url::parse(&url).ok());
        let tenant = login.and_then(|url| url.path_segments()?.next().map(str::to_owned)).filter(|tenant| !tenant.is_empty());
        Some(Self { resource, tenant })
    }

    /// The scope to ask for, if the vault at `host` belongs to what the token would be for. A server that is no vault could otherwise ask
    /// for a token for something else and keep it.
    pub(super) fn scope(&self, host: &str) -> Result<String, ServiceError> {
        let resource = Url::parse(&self.resource).ok();
        let domain = resource.as_ref().filter(|url| matches!(url.scheme(), "https" | "http")).and_then(Url::host_str);
        let own = domain.is_some_and(|domain| {
            let below = host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'));
            host == domain || below && domain.contains('.') || is_loopback(host) && is_loopback(domain)
        });
        if own {
            return Ok(format!("{}/.default", self.resource));
        }
        let shown = words::tame(domain.unwrap_or(&self.resource), 128);
        let reason = format!("the vault asks for a token for {shown}, which {host} does not belong to; none was sent");
        Err(ServiceError::new(ServiceFault::Unavailable, reason, "check the vault's address: it may not be a key vault"))
    }
}

#[cfg(test)]
mod tests {
    use super::Challenge;
    use super::Cloud;
    use super::is_hsm;

    #[test]
    fn a_vaults_name_tells_its_cloud() {
        let resource = |host: &str| Cloud::of(host).map(|cloud| cloud.resource);
        assert_eq!(resource("shop.vault.azure.net"), Some("https://vault.azure.net"));
        assert_eq!(resource("shop.vault.azure.cn"), Some("https://vault.azure.cn"));
        assert_eq!(resource("shop.vault.usgovcloudapi.net"), Some("https://vault.usgovcloudapi.net"));
        for host in ["vault.azure.net", "shop.vault.azure.net.evil.example", "shopvault.azure.net", "a.b.vault.azure.net", "127.0.0.1"] {
            assert_eq!(resource(host), None, "{host}");
        }
        assert_eq!(Cloud::of("a.vault.azure.cn").unwrap().authority, "https://login.chinacloudapi.cn");
        assert_eq!(Cloud::of("a.vault.usgovcloudapi.net").unwrap().exchange, "api://AzureADTokenExchangeUSGov");
        assert!(is_hsm("shop.managedhsm.azure.net") && !is_hsm("shop.vault.azure.net"));
    }

    #[test]
    fn challenges_are_read_in_both_forms() {
        let old = r#"Bearer authorization="https://login.microsoftonline.com/tenant-1", resource="https://vault.azure.net""#;
        let new = r#"Bearer authorization="https://login.microsoftonline.com/tenant-1" scope="https://vault.azure.net/.default""#;
        let expected = Challenge { resource: "https://vault.azure.net".to_owned(), tenant: Some("tenant-1".to_owned()) };
        assert_eq!(Challenge::read(old), Some(expected.clone()));
        assert_eq!(Challenge::read(new), Some(expected));
        assert_eq!(Challenge::read("Basic realm=\"x\""), None);
        assert_eq!(Challenge::read("Bearer realm=\"x\""), None);
    }

    #[test]
    fn a_token_is_asked_for_the_vaults_own_domain_only() {
        let scope = |resource: &str, host: &str| Challenge { resource: resource.to_owned(), tenant: None }.scope(host);
        assert_eq!(scope("https://vault.example", "shop.vault.example").unwrap(), "https://vault.example/.default");
        assert_eq!(scope("https://127.0.0.1", "127.0.0.1").unwrap(), "https://127.0.0.1/.default");
        assert!(scope("https://localhost", "127.0.0.1").is_ok());
        for (resource, host) in [
            ("https://vault.azure.net", "evil.example"),
            ("https://vault.azure.net", "vault.azure.net.evil.example"),
            ("https://vault.azure.net", "evilvault.azure.net"),
            ("https://example", "evil.example"),
            ("https://vault.azure.net", "127.0.0.1"),
            ("vault.azure.net", "shop.vault.azure.net"),
            ("file://evil.example", "evil.example"),
            ("https://management.azure.com", "localhost"),
        ] {
            let error = scope(resource, host).unwrap_err();
            assert!(error.reason.ends_with(&format!("which {host} does not belong to; none was sent")), "{}", error.reason);
        }
        let error = scope("https://graph.microsoft.com", "evil.example").unwrap_err();
        assert_eq!(
            error.reason,
            "the vault asks for a token for graph.microsoft.com, which evil.example does not belong to; none was sent"
        );
    }
}
