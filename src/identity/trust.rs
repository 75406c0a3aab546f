//! Which origins may have credentials. A project names the addresses of its vaults, and a pull request can change a project: so an origin is
//! trusted by who holds the credentials, and never by the project.

use std::fmt;

use reqwest::Url;

use crate::service::http::Base;
use crate::service::http::is_loopback;
use crate::service::http::safe;

/// Origins that the owner of the credentials trusts with them.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedOrigins {
    entries: Vec<TrustEntry>,
}

/// An origin, and an audience for which it may have id tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TrustEntry {
    origin: Url,
    audience: Option<String>,
}

/// Where credentials are about to go.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CredentialDestination<'a> {
    /// The server.
    pub(crate) address: &'a str,
    /// The audience of the id token that is asked for, where it is not the server's own origin.
    pub(crate) audience: Option<&'a str>,
    /// Whether a host is the provider's own, where tenants have no say.
    pub(crate) is_service: fn(&str) -> bool,
    /// The variable of the provider's own tools that names a server, and its text.
    pub(crate) named: Option<(&'static str, &'a str)>,
    /// Whether a server on this machine will do.
    pub(crate) loopback: bool,
}

/// Why an origin may have credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grounds {
    /// It is the provider's own service.
    Service,
    /// The variable of the provider's own tools names it.
    Variable(&'static str),
    /// The owner lists it.
    Listed,
    /// It is on this machine.
    Loopback,
    /// The address cannot be used, so nothing is sent there.
    Unusable,
}

/// An origin, with an audience perhaps, that nobody trusts. Its text is the entry that would: `https://vault.example.com:8200` or
/// `https://vault.example.com:8200=AUDIENCE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Untrusted {
    pub(crate) origin: String,
    pub(crate) audience: Option<String>,
}

impl TrustedOrigins {
    /// The entries `ORIGIN` and `ORIGIN=AUDIENCE`. What cannot be an origin trusts nothing.
    pub(crate) fn new<'e>(entries: impl IntoIterator<Item = &'e str>) -> Self {
        Self { entries: entries.into_iter().filter_map(TrustEntry::read).collect() }
    }

    /// Why credentials may go to `destination`.
    ///
    /// # Errors
    /// Nobody but the project says so.
    pub(crate) fn check(&self, destination: &CredentialDestination<'_>) -> Result<Grounds, Untrusted> {
        let Ok(base) = Base::new(destination.address) else { return Ok(Grounds::Unusable) };
        let (url, host) = (base.url(), base.url().host_str().unwrap_or_default());
        let refused = |audience: Option<&str>| Err(Untrusted { origin: base.origin(), audience: audience.map(str::to_owned) });
        let audience = destination.audience.filter(|audience| *audience != base.origin());
        let of_origin = || self.entries.iter().filter(|entry| is_same(&entry.origin, url));
        if of_origin().any(|entry| audience.is_none() || entry.audience.as_deref() == audience) {
            return Ok(Grounds::Listed);
        }
        let is_named = |text: &str| Url::parse(text).is_ok_and(|named| is_same(&named, url));
        let named = destination.named.filter(|(_, text)| is_named(text));
        // The token of another audience leaves no machine on the loopback.
        if is_loopback(host) && (destination.loopback || named.is_some()) {
            return Ok(named.map_or(Grounds::Loopback, |(variable, _)| Grounds::Variable(variable)));
        }
        let grounds = match named {
            Some((variable, _)) => Some(Grounds::Variable(variable)),
            None if url.scheme() == "https" && url.port().is_none() && (destination.is_service)(host) => Some(Grounds::Service),
            None => None,
        };
        grounds.filter(|_| audience.is_none()).map_or_else(|| refused(audience), Ok)
    }
}

impl TrustEntry {
    fn read(text: &str) -> Option<Self> {
        let (origin, audience) = text.split_once('=').map_or((text, None), |(origin, audience)| (origin, Some(audience.to_owned())));
        let origin = Url::parse(origin).ok().filter(|url| safe(url).is_ok() && url.host_str().is_some())?;
        Some(Self { origin, audience })
    }
}

/// Whether two addresses are of one scheme, host and port.
fn is_same(one: &Url, other: &Url) -> bool {
    (one.scheme(), one.host_str(), one.port_or_known_default()) == (other.scheme(), other.host_str(), other.port_or_known_default())
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)?;
        self.audience.as_ref().map_or(Ok(()), |audience| write!(f, "={audience}"))
    }
}

/// The hosts of Microsoft Entra ID in its clouds (learn.microsoft.com/entra/identity-platform/authentication-national-cloud).
#[cfg(feature = "azure")]
pub(crate) fn is_entra(host: &str) -> bool {
    [
        "login.microsoftonline.com",
        "login.microsoftonline.us",
        "login.chinacloudapi.cn",
        "login.partner.microsoftonline.cn",
        "login.windows.net",
    ]
    .contains(&host)
}

#[cfg(test)]
mod tests {
    use super::CredentialDestination;
    use super::Grounds;
    use super::TrustedOrigins;

    fn to(address: &str) -> CredentialDestination<'_> {
        CredentialDestination { address, audience: None, is_service: |host| host == "service.example", named: None, loopback: true }
    }

    fn of(entries: &[&str], destination: CredentialDestination<'_>) -> Result<Grounds, String> {
        TrustedOrigins::new(entries.iter().copied()).check(&destination).map_err(|untrusted| untrusted.to_string())
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        let listed = ["https://vault.example:8200", "https://other.example/"];
        for address in
            ["https://vault.example:8200", "https://VAULT.example:8200/behind/proxy", "https://other.example:443", "https://other.example"]
        {
            assert_eq!(of(&listed, to(address)), Ok(Grounds::Listed), "{address}");
        }
        for (address, entry) in [
            ("https://vault.example", "https://vault.example"),
            ("https://vault.example:8201/x", "https://vault.example:8201"),
            ("https://vault.example.evil.example:8200", "https://vault.example.evil.example:8200"),
            ("https://evil.example\\@vault.example:8200", "https://evil.example"),
            ("https://a.other.example", "https://a.other.example"),
            ("https://other.example.", "https://other.example."),
            ("https://10.0.0.1", "https://10.0.0.1"),
        ] {
            assert_eq!(of(&listed, to(address)), Err(entry.to_owned()), "{address}");
        }
        // Nothing is sent to these: the vault refuses them.
        for address in ["http://vault.example:8200", "https://vault.example:8200@evil.example", "vault.example", ""] {
            assert_eq!(of(&listed, to(address)), Ok(Grounds::Unusable), "{address}");
        }
    }

    #[test]
    fn entries_that_are_not_origins_trust_nothing() {
        let entries = ["*", "https://*", "https://", "vault.example", "http://vault.example", "https://u:p@vault.example", "="];
        assert!(of(&entries, to("https://vault.example")).is_err());
    }

    #[test]
    fn a_service_is_its_exact_host_at_its_usual_port() {
        assert_eq!(of(&[], to("https://service.example")), Ok(Grounds::Service));
        assert_eq!(of(&[], to("https://service.example/base")), Ok(Grounds::Service));
        for address in ["https://service.example:8443", "https://a.service.example", "https://service.example.evil.example"] {
            assert!(of(&[], to(address)).is_err(), "{address}");
        }
    }

    #[test]
    fn the_variable_of_the_tool_names_one_origin() {
        let named =
            |address| CredentialDestination { named: Some(("VAULT_ADDR", "https://vault.example/")), loopback: false, ..to(address) };
        assert_eq!(of(&[], named("https://vault.example/x")), Ok(Grounds::Variable("VAULT_ADDR")));
        assert!(of(&[], named("https://evil.example")).is_err());
        assert!(of(&[], named("http://127.0.0.1:8200")).is_err(), "what is set for one vault went to another");
    }

    #[test]
    fn this_machine_is_trusted_where_it_will_do() {
        for address in ["http://127.0.0.1:1", "http://localhost:1", "https://[::1]:1"] {
            assert_eq!(of(&[], to(address)), Ok(Grounds::Loopback), "{address}");
            assert!(of(&[], CredentialDestination { loopback: false, ..to(address) }).is_err(), "{address}");
        }
        for address in ["https://localhost.evil.example", "https://127.0.0.1.evil.example", "https://2130706434"] {
            assert_ne!(of(&[], to(address)), Ok(Grounds::Service), "{address}");
        }
        assert!(of(&[], to("https://localhost.evil.example")).is_err());
    }

    #[test]
    fn an_audience_is_bound_to_its_origin() {
        let with = |audience| CredentialDestination { audience: Some(audience), ..to("https://vault.example:8200") };
        let listed = ["https://vault.example:8200=vault", "https://vault.example:8200=other", "https://cloud.example=sts.amazonaws.com"];
        assert_eq!(of(&listed, with("vault")), Ok(Grounds::Listed));
        assert_eq!(of(&listed, with("other")), Ok(Grounds::Listed));
        assert_eq!(of(&listed, with("https://vault.example:8200")), Ok(Grounds::Listed), "its own origin");
        let entry = "https://vault.example:8200=sts.amazonaws.com".to_owned();
        assert_eq!(of(&listed, with("sts.amazonaws.com")), Err(entry.clone()));
        assert_eq!(of(&["https://vault.example:8200"], with("sts.amazonaws.com")), Err(entry.clone()));
        let named = CredentialDestination { named: Some(("VAULT_ADDR", "https://vault.example:8200")), ..with("sts.amazonaws.com") };
        assert_eq!(of(&[], named), Err(entry), "the variable names an address and no audience");
        let local = CredentialDestination { address: "http://127.0.0.1:8200", ..with("x") };
        assert_eq!(of(&[], local), Ok(Grounds::Loopback));
    }

    #[cfg(feature = "azure")]
    #[test]
    fn the_authorities_are_exact() {
        assert!(super::is_entra("login.microsoftonline.com") && super::is_entra("login.chinacloudapi.cn"));
        for host in ["login.microsoftonline.com.evil.example", "evil.login.microsoftonline.com", "microsoftonline.com"] {
            assert!(!super::is_entra(host), "{host}");
        }
    }
}
