//! Where a history is kept: as a project, a variable or a flag says it, and as it applies.

use std::fmt;
use std::path::PathBuf;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::check;
use crate::project::check::BadText;
use crate::project::location::Location;
use crate::project::path::normalise;
use crate::project::spanned::Spanned;

/// What a project says of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Where it is kept.
    pub url: Spanned<HistoryUrl>,
    /// The region of a bucket on S3.
    pub region: Option<Spanned<String>>,
    /// Another address of the object store's service.
    pub endpoint: Option<Spanned<String>>,
    /// The storage account of a container on Azure.
    pub account: Option<Spanned<String>>,
}

/// Where a history is kept, as it applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistorySettings {
    /// The place.
    pub url: HistoryUrl,
    /// The region of a bucket on S3, where the project says it.
    pub region: Option<String>,
    /// Another address of the object store's service, where the project says it.
    pub endpoint: Option<String>,
    /// The storage account of a container on Azure, where the project says it.
    pub account: Option<String>,
}

/// The place of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HistoryUrl {
    /// A directory.
    Directory(Location),
    /// A bucket of an object store.
    Bucket(BucketUrl),
    /// Secrets of a cluster.
    Cluster(ClusterUrl),
}

/// A place in a cluster: `cluster://NAMESPACE` or `cluster://NAMESPACE/NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterUrl {
    /// The namespace, a DNS label.
    pub namespace: String,
    /// Which of the histories in the namespace, a DNS label; one alone needs no name.
    pub name: Option<String>,
}

/// A place in an object store: `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketUrl {
    /// Whose interface it has.
    pub provider: Provider,
    /// The bucket; a container on Azure.
    pub bucket: String,
    /// What the names of its objects begin with, segments joined by `/`; may be empty.
    pub prefix: String,
}

/// The interface of an object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provider {
    /// Amazon S3, and whatever has its interface.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
}

impl Provider {
    const ALL: [Self; 3] = [Self::S3, Self::Gcs, Self::Azure];

    /// The scheme of its URLs.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::S3 => "s3",
            Self::Gcs => "gs",
            Self::Azure => "az",
        }
    }
}

impl HistorySettings {
    /// A history of which only the URL is said, by `source` on the command line.
    pub fn at(source: &str, text: &str) -> Result<Self, Problem> {
        let url = HistoryUrl::parse(text).map_err(|BadText { reason, next }| {
            Problem::new(Fault::Usage, format!("{} of `{source}` {reason}", check::show(text)), next)
        })?;
        Ok(Self { url, region: None, endpoint: None, account: None })
    }
}

impl HistoryUrl {
    /// A history's URL: a path beneath the project's root, `file:///…`, or a place in an object store.
    pub(in crate::project) fn parse(text: &str) -> Result<Self, BadText> {
        if let Some(path) = text.strip_prefix("file://") {
            if !path.starts_with('/') || path.contains(['%', '?', '#']) || path.split('/').any(|step| step == "..") {
                return refused("is not a plain file URL", "write `file:///` and an absolute path");
            }
            return Ok(Self::Directory(Location::Anywhere(PathBuf::from(path))));
        }
        if let Some(rest) = text.strip_prefix("cluster://") {
            return ClusterUrl::parse(rest).map(Self::Cluster);
        }
        if let Some((scheme, rest)) = text.split_once("://") {
            let Some(provider) = Provider::ALL.into_iter().find(|provider| provider.scheme() == scheme) else {
                return refused(
                    "names a store that is not known",
                    "write a directory of the project, such as `.cloze/history/dev`, `file:///` and an absolute path, or \
                     `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX`, `az://CONTAINER/PREFIX` or `cluster://NAMESPACE`",
                );
            };
            return BucketUrl::parse(provider, rest).map(Self::Bucket);
        }
        if text.starts_with('/') {
            return refused("is an absolute path", &format!("write `file://{text}`"));
        }
        check::path(text)?;
        normalise(text).map(|path| Self::Directory(Location::Beneath(path))).map_err(check::refusal)
    }
}

impl ClusterUrl {
    fn parse(rest: &str) -> Result<Self, BadText> {
        let (namespace, name) = rest.split_once('/').map_or((rest, None), |(namespace, name)| (namespace, Some(name)));
        let name = name.filter(|name| !name.is_empty());
        if check::label(namespace).is_err() || name.is_some_and(|name| check::label(name).is_err()) {
            return refused(
                "does not name a namespace",
                "write `cluster://NAMESPACE`, or `cluster://NAMESPACE/NAME` where several histories share it; both are DNS labels",
            );
        }
        Ok(Self { namespace: namespace.to_owned(), name: name.map(str::to_owned) })
    }
}

impl BucketUrl {
    fn parse(provider: Provider, rest: &str) -> Result<Self, BadText> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'_');
        let ends = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
        let bytes = bucket.as_bytes();
        if !(3..=222).contains(&bytes.len()) || !bytes.iter().copied().all(plain) || !ends(bytes.first()) || !ends(bytes.last()) {
            let what = if provider == Provider::Azure { "container" } else { "bucket" };
            let scheme = provider.scheme();
            return refused(
                &format!("does not name a {what}"),
                &format!("write `{scheme}://{}/PREFIX`; the name has 3 or more of a-z, 0-9, `-` and `.`", what.to_uppercase()),
            );
        }
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        let is_step = |step: &str| {
            !matches!(step, "" | "." | "..") && step.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        if !prefix.is_empty() && !prefix.split('/').all(is_step) {
            return refused(
                "has a prefix that cannot be used",
                "write a prefix of letters, digits, `-`, `_` and `.`, with `/` between its parts, such as `shop/prod`",
            );
        }
        Ok(Self { provider, bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }
}

fn refused<T>(reason: &str, next: &str) -> Result<T, BadText> {
    Err(BadText { reason: reason.to_owned(), next: next.to_owned() })
}

impl fmt::Display for HistoryUrl {
    /// The path of a directory of the project; a URL for everything else.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(location) => location.fmt(f),
            Self::Bucket(url) => url.fmt(f),
            Self::Cluster(url) => url.fmt(f),
        }
    }
}

impl fmt::Display for ClusterUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cluster://{}", self.namespace)?;
        self.name.as_ref().map_or(Ok(()), |name| write!(f, "/{name}"))
    }
}

impl fmt::Display for BucketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.provider.scheme(), self.bucket)?;
        if self.prefix.is_empty() { Ok(()) } else { write!(f, "/{}", self.prefix) }
    }
}

#[cfg(test)]
mod tests {
    use super::HistoryUrl;

    #[test]
    fn urls_of_object_stores_name_a_bucket_and_a_prefix() {
        for text in ["s3://releases/shop/prod", "gs://my.releases", "az://releases/shop_1", "file:///srv/history", ".cloze/history/dev"] {
            assert_eq!(HistoryUrl::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(HistoryUrl::parse("s3://releases/shop/").unwrap().to_string(), "s3://releases/shop");
        let reason = |text: &str| HistoryUrl::parse(text).unwrap_err().reason;
        for text in ["s3://", "s3:///x", "s3://ab/x", "s3://Releases", "gs://user@host/x", "s3://host:9000/x", "s3://-releases"] {
            assert_eq!(reason(text), "does not name a bucket", "{text}");
        }
        assert_eq!(reason("az://a"), "does not name a container");
        for text in
            ["s3://releases/a//b", "s3://releases/../b", "s3://releases/a?b", "gs://releases/a b", "s3://releases/ä", "s3://releases/a//"]
        {
            assert_eq!(reason(text), "has a prefix that cannot be used", "{text}");
        }
        for text in ["cluster://cloze-history", "cluster://cloze-history/shop-prod"] {
            assert_eq!(HistoryUrl::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["cluster://", "cluster://Cloze", "cluster://a/b/c", "cluster://a/b.c", "cluster://user@a", "cluster://a:80", "cluster:///a"]
        {
            assert_eq!(reason(text), "does not name a namespace", "{text}");
        }
        assert_eq!(reason("http://releases/a"), "names a store that is not known");
        assert_eq!(reason("S3://releases/a"), "names a store that is not known");
    }
}
