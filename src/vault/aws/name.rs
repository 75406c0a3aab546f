//! Names and versions as the two services have them. They travel in the body of a request, so no name can lead anywhere.

use crate::service::ServiceError;
use crate::service::words;
use crate::vault::aws::settings::Service;
use crate::vault::name;
use crate::vault::name::Alphabet;

/// The names of secrets; RDS has an exclamation mark in those that it manages.
const SECRET: Alphabet = Alphabet { kind: "secret", longest: 512, others: "/_+=.@!-" };
/// The names of parameters, and how deep they may be.
const PARAMETER: Alphabet = Alphabet { kind: "parameter", longest: 1011, others: "/_.-" };
const DEPTH: usize = 15;
/// The labels that Secrets Manager gives to versions itself.
const STAGES: [&str; 3] = ["AWSCURRENT", "AWSPREVIOUS", "AWSPENDING"];

/// Whether `name` can be asked for, by the service's own rule; otherwise why not. A whole ARN of a secret is a name too.
pub(super) fn check(service: Service, name: &str) -> Result<(), String> {
    match service {
        Service::SecretsManager if is_arn(name) => return check_arn(name),
        Service::SecretsManager => SECRET.check(name)?,
        Service::ParameterStore => PARAMETER.check(name)?,
    }
    if service == Service::ParameterStore {
        let mut segments = name.strip_prefix('/').unwrap_or(name).split('/');
        if segments.clone().any(str::is_empty) {
            return Err(format!("`{}` has an empty segment", words::tame(name, 64)));
        }
        if segments.nth(DEPTH).is_some() {
            return Err(format!("`{}` has more than {DEPTH} segments", words::tame(name, 64)));
        }
    }
    Ok(())
}

/// The name as the service has it. A parameter in a hierarchy begins with a slash, which may be left out.
pub(super) fn full(service: Service, name: &str) -> String {
    if service == Service::ParameterStore && name.contains('/') && !name.starts_with('/') { format!("/{name}") } else { name.to_owned() }
}

/// Whether a name is an ARN.
pub(super) fn is_arn(name: &str) -> bool {
    name.starts_with("arn:")
}

/// The secret's name in its ARN, which six characters follow that Secrets Manager adds.
pub(super) fn of_arn(arn: &str) -> Option<&str> {
    let (name, suffix) = arn.split(":secret:").nth(1)?.rsplit_once('-')?;
    (suffix.len() == 6).then_some(name)
}

fn check_arn(arn: &str) -> Result<(), String> {
    let parts: Vec<&str> = arn.splitn(7, ':').collect();
    let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let whole = match parts[..] {
        ["arn", partition, "secretsmanager", region, account, "secret", _] => word(partition) && word(region) && word(account),
        _ => false,
    };
    let name = of_arn(arn).filter(|name| !is_arn(name) && check(Service::SecretsManager, name).is_ok());
    if whole && name.is_some() {
        return Ok(());
    }
    let shown = words::tame(arn, 128);
    Err(format!(
        "`{shown}` is not the ARN of a secret: it is written like `arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db-AbCdEf`"
    ))
}

/// Whether `version` can be one of the service's; otherwise the error of asking for it.
pub(super) fn check_version(service: Service, version: &str) -> Result<(), ServiceError> {
    let none = |what| Err(name::no_version(version, what));
    match service {
        Service::SecretsManager => {
            let id =
                (32..=64).contains(&version.len()) && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            if id || STAGES.contains(&version) {
                return Ok(());
            }
            none("versions here are ids of 32 to 64 characters, `AWSCURRENT`, `AWSPREVIOUS` and `AWSPENDING`")
        }
        Service::ParameterStore => {
            let letter = version.starts_with(|first: char| first.is_ascii_alphabetic());
            let label =
                letter && version.len() <= 100 && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
            if label || name::version(version).is_ok() { Ok(()) } else { none("versions here are 1, 2, 3, …, or labels") }
        }
    }
}

/// Whether a version is one of Secrets Manager's labels.
pub(super) fn is_stage(version: &str) -> bool {
    STAGES.contains(&version)
}

#[cfg(test)]
mod tests {
    use super::check;
    use super::check_version;
    use super::full;
    use super::of_arn;
    use crate::vault::aws::settings::Service::ParameterStore;
    use crate::vault::aws::settings::Service::SecretsManager;

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:shop/db-AbCdEf";

    #[test]
    fn secrets_are_named_as_aws_names_them() {
        let longest = "n".repeat(512);
        for name in ["a", "/prod/db", "shop/db-AbCdEf", "rds!db-1", "a+b=c.d@e_f", "..", ARN, &longest] {
            assert_eq!(check(SecretsManager, name), Ok(()), "{name}");
        }
        let reason = |name: &str| check(SecretsManager, name).unwrap_err();
        assert_eq!(reason(""), "a secret's name is empty");
        assert_eq!(reason(&"n".repeat(513)), "a secret's name is longer than 512 characters");
        assert_eq!(
            reason("a b"),
            "a secret's name begins with `a` and has ' '; it is made of letters, digits and `/` `_` `+` `=` `.` `@` `!` `-`"
        );
        let arn = |text: &str| format!("`{text}` is not the ARN of a secret: it is written like `{ARN}`");
        for text in
            ["arn:", "arn:aws:ssm:eu-central-1:1:parameter/a", &ARN[..ARN.len() - 7], &ARN.replace("eu-", "eu/"), &format!("{ARN}\n")]
        {
            assert!(reason(text).starts_with('`'), "{text:?}");
        }
        assert_eq!(reason("arn:aws"), arn("arn:aws"));
        assert_eq!(of_arn(ARN), Some("shop/db"));
    }

    #[test]
    fn parameters_are_named_as_aws_names_them() {
        for name in ["a", "/a", "/shop/db", "shop/db", "a.b-c_d"] {
            assert_eq!(check(ParameterStore, name), Ok(()), "{name}");
        }
        let reason = |name: &str| check(ParameterStore, name).unwrap_err();
        assert_eq!(reason(""), "a parameter's name is empty");
        assert_eq!(reason("a:3"), "a parameter's name begins with `a` and has ':'; it is made of letters, digits and `/` `_` `.` `-`");
        assert_eq!(reason("/"), "`/` has an empty segment");
        assert_eq!(reason("/a//b"), "`/a//b` has an empty segment");
        assert_eq!(reason(&"/a".repeat(16)), format!("`{}` has more than 15 segments", "/a".repeat(16)));
        assert_eq!(reason(&"n".repeat(1012)), "a parameter's name is longer than 1011 characters");
        assert_eq!((full(ParameterStore, "shop/db"), full(ParameterStore, "a")), ("/shop/db".to_owned(), "a".to_owned()));
        assert_eq!((full(ParameterStore, "/a"), full(SecretsManager, "shop/db")), ("/a".to_owned(), "shop/db".to_owned()));
    }

    #[test]
    fn versions_are_what_the_service_gives_out() {
        for version in ["AWSCURRENT", "AWSPREVIOUS", "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPLE", "terraform-20260101000000000000000001"] {
            assert_eq!(check_version(SecretsManager, version), Ok(()), "{version}");
        }
        let reason = |service, version: &str| check_version(service, version).unwrap_err().reason;
        let known = "versions here are ids of 32 to 64 characters, `AWSCURRENT`, `AWSPREVIOUS` and `AWSPENDING`";
        for version in ["1", "latest", "", "awscurrent", "EXAMPLE1-90ab-cdef-fedc-ba987EXAMPL\""] {
            assert_eq!(reason(SecretsManager, version), format!("`{version}` is not a version; {known}"));
        }
        for version in ["1", "42", "live", "v1.2-b_c"] {
            assert_eq!(check_version(ParameterStore, version), Ok(()), "{version}");
        }
        for version in ["", "0", "01", "-1", "1.0", "1&x=2", "99999999999999999999", "a:b"] {
            assert_eq!(reason(ParameterStore, version), format!("`{version}` is not a version; versions here are 1, 2, 3, …, or labels"));
        }
    }
}
