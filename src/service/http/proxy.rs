//! The proxy that a machine reaches servers by, chosen as curl chooses it (curl.se/docs/manpage.html, section `ENVIRONMENT`).

use std::fmt;
use std::net::IpAddr;
use std::net::Ipv4Addr;

use reqwest::Url;

use crate::service::http::is_loopback;

/// A proxy, and the servers that are reached without it. `Debug` shows no password.
#[derive(Clone, Default)]
pub struct Proxies {
    proxy: Option<Url>,
    except: Except,
}

/// How a server is reached.
#[derive(Clone, Copy)]
pub(super) enum Route<'a> {
    /// No proxy is set.
    Plain,
    /// A proxy is set and is not used; why, as a fragment.
    Direct(&'static str),
    /// By this proxy.
    Proxy(&'a Url),
}

/// What `NO_PROXY` lists.
#[derive(Debug, Clone, Default)]
enum Except {
    #[default]
    Nothing,
    Everything,
    Servers(Vec<String>),
}

impl Proxies {
    /// `proxy` as `HTTPS_PROXY` has it (`http://HOST:PORT`, also with `USER:PASSWORD@`, or without the scheme), `except` as `NO_PROXY` has it:
    /// domains, addresses and networks such as `10.0.0.0/8`, separated by commas or white space, or `*` alone.
    ///
    /// # Errors
    /// What the proxy's address is not. The address itself is not in the message: it can hold a password.
    pub fn new(proxy: &str, except: Option<&str>) -> Result<Self, &'static str> {
        let url = if proxy.contains("://") { Url::parse(proxy) } else { Url::parse(&format!("http://{proxy}")) };
        let url = url.map_err(|_| "it is not a URL")?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err("it is not the address of an HTTP proxy");
        }
        if !url.has_host() {
            return Err("it has no host");
        }
        let list = |text: &str| text.split([',', ' ', '\t']).map(name).filter(|name| !name.is_empty()).collect();
        let except = match except.map(str::trim) {
            None => Except::Nothing,
            Some("*") => Except::Everything,
            Some(text) => Except::Servers(list(text)),
        };
        Ok(Self { proxy: Some(url), except })
    }

    /// The address of the proxy by which a server is reached, for a client that is not ours.
    #[cfg(feature = "cluster")]
    pub(crate) fn of(&self, origin: &str) -> Option<String> {
        match self.route(&Url::parse(origin).ok()?) {
            Route::Proxy(url) => Some(url.to_string()),
            Route::Plain | Route::Direct(_) => None,
        }
    }

    /// How the server of `origin` is reached. This machine and its own network segment, where cloud providers keep their metadata services,
    /// are reached without a proxy: a proxy would be sent somewhere else.
    pub(super) fn route(&self, origin: &Url) -> Route<'_> {
        let (Some(proxy), Some(host)) = (&self.proxy, origin.host_str()) else { return Route::Plain };
        if is_loopback(host) || host.parse().is_ok_and(|address: Ipv4Addr| address.is_link_local()) {
            return Route::Direct("the address is on this machine");
        }
        match &self.except {
            Except::Everything => Route::Direct("NO_PROXY is `*`"),
            Except::Servers(list) if list.iter().any(|entry| covers(entry, &name(host))) => Route::Direct("NO_PROXY lists the host"),
            Except::Servers(_) | Except::Nothing => Route::Proxy(proxy),
        }
    }
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proxies").field("proxy", &self.proxy.as_ref().map(address)).field("except", &self.except).finish()
    }
}

/// `HOST:PORT` of a proxy, for messages.
pub(super) fn address(proxy: &Url) -> String {
    let port = proxy.port_or_known_default().unwrap_or_default();
    format!("{}:{port}", proxy.host_str().unwrap_or_default())
}

/// A host in lower case, without the brackets of IPv6 and without dots around it.
fn name(host: &str) -> String {
    host.trim_matches(['.', '[', ']']).to_ascii_lowercase()
}

/// Whether an entry of `NO_PROXY` covers a host: a domain its subdomains, a network its addresses, an address itself.
fn covers(entry: &str, host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return match entry.split_once('/') {
            Some((network, bits)) => {
                network.parse().ok().zip(bits.parse().ok()).is_some_and(|(network, bits)| contains(network, bits, address))
            }
            None => entry.parse() == Ok(address),
        };
    }
    host.strip_suffix(entry).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Whether the first `bits` of two addresses of one family are the same.
fn contains(network: IpAddr, bits: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            bits <= 32 && (network.to_bits() ^ address.to_bits()).checked_shr(32 - bits).is_none_or(|differ| differ == 0)
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            bits <= 128 && (network.to_bits() ^ address.to_bits()).checked_shr(128 - bits).is_none_or(|differ| differ == 0)
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use reqwest::Url;

    use super::Proxies;
    use super::Route;

    fn is_proxied(except: &str, host: &str) -> bool {
        let proxies = Proxies::new("http://proxy.corp:3128", Some(except)).unwrap();
        matches!(proxies.route(&Url::parse(&format!("https://{host}/")).unwrap()), Route::Proxy(_))
    }

    #[test]
    fn exceptions_are_domains_addresses_and_networks() {
        for (except, host) in [
            ("example.com", "example.com"),
            (".example.com", "example.com"),
            ("example.com.", "vault.example.com"),
            ("a.example, EXAMPLE.com", "vault.Example.COM"),
            ("a.example example.com", "vault.example.com"),
            ("10.0.0.0/8", "10.200.3.4"),
            ("10.1.2.3", "10.1.2.3"),
            ("0.0.0.0/0", "192.0.2.1"),
            ("2001:db8::/32", "[2001:db8::1]"),
            ("[2001:db8::1]", "[2001:db8::1]"),
            ("*", "vault.example.com"),
        ] {
            assert!(!is_proxied(except, host), "{except} {host}");
        }
        for (except, host) in [
            ("", "example.com"),
            ("example.com", "notexample.com"),
            ("vault.example.com", "example.com"),
            ("example.com:8200", "example.com"),
            ("10.0.0.0/8", "11.0.0.1"),
            ("10.0.0.0/33", "10.0.0.1"),
            ("10.0.0", "10.0.0.1"),
            ("10.0.0.0/8", "10.example"),
            ("::/0", "192.0.2.1"),
            ("a, *", "example.com"),
        ] {
            assert!(is_proxied(except, host), "{except} {host}");
        }
    }

    #[test]
    fn this_machine_is_never_asked_through_a_proxy() {
        for host in ["localhost:8200", "127.0.0.1", "127.9.9.9", "[::1]:8200", "169.254.169.254"] {
            assert!(!is_proxied("", host), "{host}");
        }
        assert!(matches!(Proxies::default().route(&Url::parse("https://vault.example").unwrap()), Route::Plain));
    }

    #[test]
    fn a_proxy_is_an_http_address_and_its_password_does_not_print() {
        for address in ["proxy:3128", "http://proxy:3128", "https://u:hunter2@proxy", "u:hunter2@proxy:3128"] {
            let proxies = Proxies::new(address, None).unwrap();
            assert!(!format!("{proxies:?}").contains("hunter2"), "{proxies:?}");
        }
        assert_eq!(Proxies::new("socks5://proxy", None).unwrap_err(), "it is not the address of an HTTP proxy");
        assert_eq!(Proxies::new("http://", None).unwrap_err(), "it is not a URL");
        assert_eq!(Proxies::new("pro xy", None).unwrap_err(), "it is not a URL");
    }
}
