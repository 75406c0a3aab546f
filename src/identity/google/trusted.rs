//! What credentials may ask for that a project names: anyone who may change the file could have any file of the machine sent anywhere, or any
//! program run.

use reqwest::Url;

use crate::identity::google::field::unusable;
use crate::secret::Secret;
use crate::service::ServiceError;
use crate::service::http::is_loopback;
use crate::service::http::safe;
use crate::service::json::Json;
use crate::service::json::JsonKind;

/// Where credentials go, by what they say themselves.
const ADDRESSES: [&str; 3] = ["token_uri", "token_url", "service_account_impersonation_url"];
/// Who may be asked for a token by what the project's own file says, and what such files name beside. Not all below `googleapis.com`: there
/// are buckets and private connections of others.
const HOSTS: [&str; 6] = [
    "sts.googleapis.com",
    "oauth2.googleapis.com",
    "iamcredentials.googleapis.com",
    "iam.googleapis.com",
    "www.googleapis.com",
    "accounts.google.com",
];
/// Ways to a workload's token that the project's own file may not name: a program, an address that is asked with headers of its own
/// choice, the machine's role at AWS.
const SOURCES: [&str; 3] = ["executable", "url", "environment_id"];
const YOURS: &str = "name the file in GOOGLE_APPLICATION_CREDENTIALS: that is for the user who runs cloze to say, and not for the project";

/// Whether the project's credentials ask for nothing that is not the project's to choose. Addresses of this machine are allowed where `local`.
///
/// # Errors
/// What they may not ask for.
pub(super) fn check(json: &Secret, local: bool) -> Result<(), ServiceError> {
    value(Json::parse(json.expose()).map_err(|_| unusable("are not JSON"))?, local)
}

/// At whatever depth, for one login can be the source of another.
fn value(json: Json<'_>, local: bool) -> Result<(), ServiceError> {
    match json.kind() {
        JsonKind::Object => {
            let sources = || json.all("credential_source").flat_map(|source| source.members()).filter_map(|(key, _)| key);
            if let Some(way) = SOURCES.iter().find(|way| sources().any(|key| key.is(way))) {
                let error = unusable(&format!("of the project ask for a token by `{way}`"));
                return Err(ServiceError { next: YOURS.to_owned(), ..error });
            }
            let mut addresses = ADDRESSES.iter().flat_map(|key| json.all(key)).filter_map(|address| address.text());
            if addresses.any(|address| Url::parse(&address).is_err()) {
                return Err(unusable("name an address that cannot be used: it is not a URL"));
            }
            json.members().try_for_each(|(_, member)| value(member, local))
        }
        JsonKind::Array => json.members().try_for_each(|(_, member)| value(member, local)),
        JsonKind::Text => json.text().map_or(Ok(()), |text| address(&text, local)),
        _ => Ok(()),
    }
}

fn address(text: &str, local: bool) -> Result<(), ServiceError> {
    // As the client will read it: `http:\\host` is an address, too.
    let Some(url) = Url::parse(text).ok().filter(Url::has_host) else { return Ok(()) };
    safe(&url).map_err(|reason| unusable(&format!("name an address that cannot be used: {reason}")))?;
    let host = url.host_str().unwrap_or_default();
    let is_googles = HOSTS.contains(&host);
    if is_googles || local && is_loopback(host) {
        return Ok(());
    }
    let error = unusable(&format!("of the project name {host}, which is not a host of Google's"));
    Err(ServiceError { next: YOURS.to_owned(), ..error })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::secret::Secret;

    fn reason(json: &str, local: bool) -> Option<String> {
        check(&Secret::copy_of(json.as_bytes()), local).err().map(|error| error.reason)
    }

    #[test]
    fn a_second_field_of_the_same_name_is_looked_at_too() {
        let json = r#"{"credential_source": {"file": "x"}, "credential_source": {"executable": {}}}"#;
        assert_eq!(reason(json, false).unwrap(), "the Google credentials of the project ask for a token by `executable`");
        let json = r#"{"token_url": "https://sts.googleapis.com/v1/token", "token_url": "https://evil.example"}"#;
        assert!(reason(json, false).unwrap().ends_with("name evil.example, which is not a host of Google's"));
        for host in ["evil.storage.googleapis.com", "storage.googleapis.com", "sts-evil.p.googleapis.com", "googleapis.com"] {
            let json = format!(r#"{{"token_url": "https://{host}/token"}}"#);
            assert!(reason(&json, false).unwrap().ends_with(&format!("name {host}, which is not a host of Google's")));
        }
        assert_eq!(reason(r#"{"token_url": "https://sts.googleapis.com/v1/token"}"#, false), None);
    }

    #[test]
    fn an_address_of_this_machine_is_for_stand_ins_only() {
        let json = r#"{"token_url": "http://127.0.0.1:8080/token"}"#;
        assert_eq!(reason(json, true), None);
        assert!(reason(json, false).unwrap().ends_with("name 127.0.0.1, which is not a host of Google's"));
    }
}
