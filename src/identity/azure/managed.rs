//! The identity of a machine or an app: the metadata service of Azure's machines, or App Service and Container Apps
//! (learn.microsoft.com/entra/identity/managed-identities-azure-resources/how-to-use-vm-token).

use std::net::Ipv4Addr;

use reqwest::Url;
use reqwest::header::HeaderName;
use tokio::time::Instant;

use crate::identity::ToolEnvironment;
use crate::identity::azure::entra;
use crate::identity::azure::parts::LoginParts;
use crate::identity::token_service::TokenService;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::ServiceFault;
use crate::service::http::Call;
use crate::service::http::Reply;
use crate::service::http::is_loopback;

const NAME: &str = "the machine's identity service";
const METADATA: &str = "http://169.254.169.254/metadata/identity/oauth2/token";
/// How the kinds of machines show that are not supported: Service Fabric, Azure ML and Cloud Shell, Azure Arc.
const UNSUPPORTED: [&str; 3] = ["IDENTITY_SERVER_THUMBPRINT", "MSI_ENDPOINT", "IMDS_ENDPOINT"];

/// What is wrong with the machine, as far as can be seen here.
pub(super) fn check(environment: &ToolEnvironment) -> Result<(), ServiceError> {
    let app_service = environment.text("IDENTITY_ENDPOINT").is_some() && environment.secret("IDENTITY_HEADER").is_some();
    let thumbprint = environment.text(UNSUPPORTED[0]).is_some();
    if thumbprint || !app_service && UNSUPPORTED.iter().any(|name| environment.text(name).is_some()) {
        let reason = "the managed identity of this kind of machine is not supported";
        return Err(ServiceError::new(ServiceFault::Unauthenticated, reason, "choose another credential"));
    }
    Ok(())
}

/// The answer with a token for `scope`, for the user-assigned identity `client` if one is named.
pub(super) async fn token(parts: &LoginParts, client: Option<&str>, scope: &str, until: Instant) -> Result<Reply, ServiceError> {
    let call = call(&parts.environment, client, scope.strip_suffix("/.default").unwrap_or(scope))?;
    let LoginParts { transport, meter, .. } = parts;
    // Where there is no such service, there will be none in a second either.
    let service = TokenService { name: NAME, transport, meter, attempts: 1 };
    let reply = service.ask(&call, until).await.map_err(|error| {
        let next = "managed identities are for Azure's own machines; elsewhere, choose another credential";
        ServiceError { next: next.to_owned(), ..error }
    })?;
    if reply.status == 200 { Ok(reply) } else { Err(entra::refusal(&reply, NAME, b"")) }
}

/// What is asked where.
fn call(environment: &ToolEnvironment, client: Option<&str>, resource: &str) -> Result<Call, ServiceError> {
    let (address, version, name, value) = match (environment.text("IDENTITY_ENDPOINT"), environment.secret("IDENTITY_HEADER")) {
        (Some(address), Some(header)) => (address, "2019-08-01", "x-identity-header", header.duplicate()),
        _ => (METADATA, "2018-02-01", "metadata", Secret::copy_of(b"true")),
    };
    let unusable = || {
        let reason = format!("the address of {NAME} is not on this machine, or its header cannot be sent");
        ServiceError::new(ServiceFault::Unauthenticated, reason, "check IDENTITY_ENDPOINT and IDENTITY_HEADER, or unset them")
    };
    let mut url = Url::parse(address).ok().filter(is_of_this_machine).ok_or_else(unusable)?;
    url.query_pairs_mut().append_pair("api-version", version).append_pair("resource", resource);
    if let Some(client) = client {
        url.query_pairs_mut().append_pair("client_id", client);
    }
    Call::get(url).with_secret(HeaderName::from_static(name), &value).ok_or_else(unusable)
}

/// Whether an address is of this machine: the loopback, or one that no router passes on (RFC 3927), as that of the metadata service is.
fn is_of_this_machine(url: &Url) -> bool {
    let is_near = |host: &str| is_loopback(host) || host.parse().is_ok_and(|address: Ipv4Addr| address.is_link_local());
    url.scheme() == "http" && url.host_str().is_some_and(is_near)
}

#[cfg(test)]
mod tests {
    use super::call;
    use super::check;
    use crate::identity::ToolEnvironment;

    fn environment(pairs: &[(&str, &str)]) -> ToolEnvironment {
        ToolEnvironment::collect(pairs.iter().map(|(name, value)| (name.into(), value.into())), None)
    }

    #[test]
    fn managed_identities_are_asked_for_on_the_machine_only() {
        let url =
            |pairs: &[(&str, &str)]| call(&environment(pairs), Some("a b"), "https://vault.azure.net").map(|call| call.url().to_string());
        let metadata = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https%3A%2F%2Fvault.azure.net&client_id=a+b";
        assert_eq!(url(&[]).unwrap(), metadata);
        let at = |address| url(&[("IDENTITY_ENDPOINT", address), ("IDENTITY_HEADER", "x")]);
        let app = "http://169.254.129.4:8081/msi/token?api-version=2019-08-01&resource=https%3A%2F%2Fvault.azure.net&client_id=a+b";
        assert_eq!(at("http://169.254.129.4:8081/msi/token").unwrap(), app);
        assert!(at("http://localhost:42356/msi/token").is_ok());
        for other in
            ["http://evil.example/msi/token", "https://evil.example/msi/token", "http://169.255.1.1/x", "https://169.254.129.4/x", "x"]
        {
            assert!(at(other).unwrap_err().reason.ends_with("is not on this machine, or its header cannot be sent"), "{other}");
        }
    }

    #[test]
    fn other_kinds_of_machines_are_refused() {
        let app_service = [("IDENTITY_ENDPOINT", "http://localhost/"), ("IDENTITY_HEADER", "x")];
        assert!(check(&environment(&[])).is_ok() && check(&environment(&app_service)).is_ok());
        assert!(check(&environment(&[app_service[0], app_service[1], ("MSI_ENDPOINT", "http://localhost/")])).is_ok());
        assert!(check(&environment(&[app_service[0], app_service[1], ("IDENTITY_SERVER_THUMBPRINT", "x")])).is_err());
        for name in ["MSI_ENDPOINT", "IMDS_ENDPOINT"] {
            assert!(check(&environment(&[(name, "http://localhost/")])).is_err(), "{name}");
        }
    }
}
