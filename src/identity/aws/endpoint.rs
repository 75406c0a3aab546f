//! Where a service of AWS is: its region's host name in its partition (docs.aws.amazon.com/general/latest/gr/rande.html).

/// Which of a region's addresses.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct EndpointKind {
    /// With cryptography that is validated by FIPS 140.
    pub(crate) fips: bool,
    /// With IPv6.
    pub(crate) dual_stack: bool,
}

/// Whether `region` can be a region's name; it becomes a part of a host name.
pub(crate) fn check(region: &str) -> Result<(), String> {
    let parts: Vec<&str> = region.split('-').collect();
    let plain = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if parts.len() >= 3 && region.len() <= 32 && parts.iter().all(plain) {
        Ok(())
    } else {
        Err("the region is not valid: regions are written like `eu-central-1`".to_owned())
    }
}

/// The address of a service in a region.
pub(crate) fn of(service: &str, region: &str, kind: EndpointKind) -> Result<String, String> {
    let suffix = suffix(region, kind.dual_stack).ok_or_else(|| format!("there is no dual-stack address in region {region}"))?;
    let fips = if kind.fips { "-fips" } else { "" };
    Ok(format!("https://{service}{fips}.{region}.{suffix}"))
}

/// Whether a host is the service's own in some region. Endpoints in a VPC have names that their users choose.
#[cfg(feature = "aws")]
pub(crate) fn is_service(service: &str, host: &str) -> bool {
    let region = host.split('.').nth(1).filter(|region| check(region).is_ok());
    let kinds = [(false, false), (true, false), (false, true), (true, true)];
    region.is_some_and(|region| {
        kinds.into_iter().any(|(fips, dual_stack)| {
            of(service, region, EndpointKind { fips, dual_stack }).is_ok_and(|address| address.strip_prefix("https://") == Some(host))
        })
    })
}

/// What a partition's host names end in; `None` where it has no addresses with IPv6.
fn suffix(region: &str, dual_stack: bool) -> Option<&'static str> {
    let partitions = [
        ("cn-", "amazonaws.com.cn", Some("api.amazonwebservices.com.cn")),
        ("us-gov-", "amazonaws.com", Some("api.aws")),
        ("us-isob-", "sc2s.sgov.gov", None),
        ("us-isof-", "csp.hci.ic.gov", None),
        ("eu-isoe-", "cloud.adc-e.uk", None),
        ("us-iso-", "c2s.ic.gov", None),
        ("eusc-", "amazonaws.eu", None),
    ];
    let found = partitions.into_iter().find(|(prefix, ..)| region.starts_with(prefix));
    let (_, plain, dual) = found.unwrap_or(("", "amazonaws.com", Some("api.aws")));
    if dual_stack { dual } else { Some(plain) }
}

#[cfg(test)]
mod tests {
    use super::EndpointKind;
    use super::check;
    use super::of;

    #[test]
    fn each_partition_has_its_names() {
        let plain = |region: &str| of("ssm", region, EndpointKind::default()).unwrap();
        assert_eq!(plain("eu-central-1"), "https://ssm.eu-central-1.amazonaws.com");
        assert_eq!(plain("cn-north-1"), "https://ssm.cn-north-1.amazonaws.com.cn");
        assert_eq!(plain("us-gov-west-1"), "https://ssm.us-gov-west-1.amazonaws.com");
        assert_eq!(plain("us-iso-east-1"), "https://ssm.us-iso-east-1.c2s.ic.gov");
        assert_eq!(plain("us-isob-east-1"), "https://ssm.us-isob-east-1.sc2s.sgov.gov");
        assert_eq!(plain("eusc-de-east-1"), "https://ssm.eusc-de-east-1.amazonaws.eu");
        let kind = |fips, dual_stack| of("secretsmanager", "us-east-1", EndpointKind { fips, dual_stack }).unwrap();
        assert_eq!(kind(true, false), "https://secretsmanager-fips.us-east-1.amazonaws.com");
        assert_eq!(kind(true, true), "https://secretsmanager-fips.us-east-1.api.aws");
        let dual = EndpointKind { fips: false, dual_stack: true };
        assert_eq!(of("ssm", "cn-north-1", dual).unwrap(), "https://ssm.cn-north-1.api.amazonwebservices.com.cn");
        assert_eq!(of("ssm", "eusc-de-east-1", dual).unwrap_err(), "there is no dual-stack address in region eusc-de-east-1");
    }

    #[cfg(feature = "aws")]
    #[test]
    fn only_exact_hosts_are_the_services_own() {
        for host in [
            "secretsmanager.eu-central-1.amazonaws.com",
            "secretsmanager.cn-north-1.amazonaws.com.cn",
            "secretsmanager-fips.us-east-1.amazonaws.com",
            "secretsmanager.eu-central-1.api.aws",
        ] {
            assert!(super::is_service("secretsmanager", host), "{host}");
        }
        for host in [
            "secretsmanager.cn-north-1.amazonaws.com",
            "evil.s3.eu-central-1.amazonaws.com",
            "s3.eu-central-1.amazonaws.com",
            "x.execute-api.eu-central-1.amazonaws.com",
            "vpce-1.secretsmanager.eu-central-1.vpce.amazonaws.com",
            "secretsmanager.eu-central-1.amazonaws.com.evil.example",
            "secretsmanager.evil.amazonaws.com",
            "amazonaws.com",
        ] {
            assert!(!super::is_service("secretsmanager", host), "{host}");
        }
    }

    #[test]
    fn a_region_cannot_lead_elsewhere() {
        for region in ["eu-central-1", "us-gov-west-1", "eusc-de-east-1", "ap-southeast-7"] {
            assert_eq!(check(region), Ok(()), "{region}");
        }
        for region in
            ["", "eu", "eu-central-1.evil.example/", "eu-central-1@evil", "EU-CENTRAL-1", "eu--1", "eu-central-1\n", "é-central-1"]
        {
            assert_eq!(check(region).unwrap_err(), "the region is not valid: regions are written like `eu-central-1`", "{region}");
        }
    }
}
