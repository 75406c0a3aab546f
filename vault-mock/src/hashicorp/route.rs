//! What a path within a namespace stands for.

use crate::asked::Asked;
use crate::hashicorp::policy::Capability;

/// What a path within a namespace stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route<'p> {
    Health,
    SealStatus,
    /// `auth/MOUNT/login`.
    Login(&'p str),
    LookupSelf,
    RenewSelf,
    RevokeSelf,
    CapabilitiesSelf,
    /// Which mount a path belongs to.
    MountOf(&'p str),
    /// Something of a mount, perhaps.
    Mounted,
}

impl<'p> Route<'p> {
    pub(crate) fn of(path: &'p str) -> Self {
        match path {
            "sys/health" => Self::Health,
            "sys/seal-status" => Self::SealStatus,
            "sys/capabilities-self" => Self::CapabilitiesSelf,
            "auth/token/lookup-self" => Self::LookupSelf,
            "auth/token/renew-self" => Self::RenewSelf,
            "auth/token/revoke-self" => Self::RevokeSelf,
            _ => {
                let login = || path.strip_prefix("auth/")?.strip_suffix("/login").map(Self::Login);
                let mount = || path.strip_prefix("sys/internal/ui/mounts/").map(Self::MountOf);
                login().or_else(mount).unwrap_or(Self::Mounted)
            }
        }
    }

    /// The method that the route has, and the others have not.
    pub(crate) fn takes(self, method: &str) -> bool {
        match self {
            Self::Mounted => true,
            Self::Health | Self::SealStatus | Self::LookupSelf | Self::MountOf(_) => method == "GET",
            Self::Login(_) | Self::RenewSelf | Self::RevokeSelf | Self::CapabilitiesSelf => method == "POST" || method == "PUT",
        }
    }

    /// Its name in the journal; none where the mount knows better.
    pub(crate) fn name(self) -> Option<&'static str> {
        Some(match self {
            Self::Health => "health",
            Self::SealStatus => "seal-status",
            Self::Login(_) => "login",
            Self::LookupSelf => "lookup-self",
            Self::RenewSelf => "renew-self",
            Self::RevokeSelf => "revoke-self",
            Self::CapabilitiesSelf => "capabilities-self",
            Self::MountOf(_) => "mount",
            Self::Mounted => return None,
        })
    }
}

/// Whether names are asked for: the method `LIST`, or `GET` with `list=true`.
pub(crate) fn is_listing(asked: &Asked<'_>) -> bool {
    asked.method == "LIST" || asked.method == "GET" && asked.parameter("list").as_deref() == Some("true")
}

/// What one must be allowed for a request to a mount: one of these.
pub(crate) fn needed(asked: &Asked<'_>) -> &'static [Capability] {
    match asked.method {
        _ if is_listing(asked) => &[Capability::List],
        "GET" => &[Capability::Read],
        "POST" | "PUT" => &[Capability::Create, Capability::Update],
        "DELETE" => &[Capability::Delete],
        _ => &[Capability::Patch],
    }
}

/// The name in the journal of a request for `rest` of a KV mount, and the secret's path within it.
pub(crate) fn operation<'r>(asked: &Asked<'_>, version: u8, rest: &'r str) -> (&'static str, &'r str) {
    let (verb, path) = if version == 1 { ("data", rest) } else { rest.split_once('/').unwrap_or((rest, "")) };
    let name = match (asked.method, verb) {
        _ if is_listing(asked) => "list",
        ("GET", "data") => "read",
        ("GET", "subkeys") => "subkeys",
        ("GET", "metadata") => "metadata",
        ("POST" | "PUT", "data") => "write",
        ("DELETE", "data") | ("POST" | "PUT", "delete") => "delete",
        ("POST" | "PUT", "undelete") => "undelete",
        ("POST" | "PUT", "destroy") => "destroy",
        ("DELETE", "metadata") => "forget",
        _ => "other",
    };
    (name, path)
}

#[cfg(test)]
mod tests {
    use super::Route;

    #[test]
    fn paths_are_told_apart() {
        assert_eq!(Route::of("auth/approle/login"), Route::Login("approle"));
        assert_eq!(Route::of("auth/deep/er/login"), Route::Login("deep/er"));
        assert_eq!(Route::of("sys/internal/ui/mounts/secret/a"), Route::MountOf("secret/a"));
        assert_eq!(Route::of("secret/data/auth/x/login"), Route::Mounted);
        assert!(Route::of("auth/jwt/login").takes("PUT") && !Route::of("auth/jwt/login").takes("GET"));
    }
}
