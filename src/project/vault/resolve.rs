//! From what is said of a vault to what applies.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::problem::Fault;
use crate::problem::Problem;
use crate::project::location::Location;
use crate::project::origin::Choice;
use crate::project::origin::Origin;
use crate::project::resolver::Resolver;
use crate::project::resolver::file;
use crate::project::variable::Variable;
use crate::project::vault::AwsTarget;
use crate::project::vault::AzureTarget;
use crate::project::vault::Field;
use crate::project::vault::GcpTarget;
use crate::project::vault::HashicorpTarget;
use crate::project::vault::VaultEntry;
use crate::project::vault::VaultKind;
use crate::project::vault::VaultTarget;
use crate::project::vault::fields;

/// Where the vault is and how it is entered, noted setting by setting; `None` where something that it needs is missing, which is reported.
pub(in crate::project) fn target(resolver: &mut Resolver<'_>, environment: &str, entry: &VaultEntry) -> Option<VaultTarget> {
    let mut chosen = Chosen { texts: BTreeMap::new() };
    for field in fields(entry.kind) {
        let default = match (entry.kind, field.key) {
            (VaultKind::Local, "path") => Some(format!("secrets/{environment}.vault")),
            _ => field.default.map(str::to_owned),
        };
        chosen.note(resolver, entry, field, default);
    }
    Some(match entry.kind {
        VaultKind::Local => VaultTarget::Local { path: chosen.text("path")? },
        VaultKind::Hashicorp => VaultTarget::Hashicorp(HashicorpTarget {
            address: chosen.needed(resolver, entry, "address", "address", "add `address: https://…`, or set `VAULT_ADDR`")?,
            mount: chosen.text("mount")?,
            engine: chosen.text("engine")?,
            namespace: chosen.text("namespace"),
            auth: chosen.text("auth")?,
            auth_mount: chosen.text("authMount"),
            role: chosen.text("role"),
            audience: chosen.text("audience"),
            token_file: chosen.location("tokenFile"),
            ca: chosen.location("ca"),
            client_certificate: chosen.location("clientCertificate"),
            client_key: chosen.location("clientKey"),
        }),
        VaultKind::Azure => VaultTarget::Azure(AzureTarget {
            url: chosen.text("url")?,
            credential: chosen.text("credential"),
            tenant: chosen.text("tenant"),
            client: chosen.text("client"),
            authority: chosen.text("authority"),
            api_version: chosen.text("apiVersion"),
            service_connection: chosen.text("serviceConnection"),
            certificate: chosen.location("certificate"),
            token_file: chosen.location("tokenFile"),
            ca: chosen.location("ca"),
        }),
        VaultKind::Aws => VaultTarget::Aws(AwsTarget {
            service: chosen.text("service")?,
            region: chosen.text("region"),
            profile: chosen.text("profile"),
            endpoint: chosen.text("endpoint"),
            ca: chosen.location("ca"),
        }),
        VaultKind::Gcp => VaultTarget::Gcp(GcpTarget {
            project: chosen.needed(resolver, entry, "project", "project", "add `project: …`, or set `GOOGLE_CLOUD_PROJECT`")?,
            location: chosen.text("location"),
            endpoint: chosen.text("endpoint"),
            credentials: chosen.location("credentials"),
            ca: chosen.location("ca"),
        }),
        VaultKind::Env => VaultTarget::Env { prefix: chosen.text("prefix").unwrap_or_default() },
        VaultKind::Exec => {
            let command: Vec<String> = entry.command.iter().map(|said| said.value.clone()).collect();
            let place = entry.command.first().and_then(|said| said.place.clone()).map_or(Origin::Default, Origin::File);
            resolver.note(key(entry, "command"), &Choice::of([Some((command.join(" "), place))]), String::clone);
            VaultTarget::Exec { command }
        }
    })
}

/// What was chosen for each key.
struct Chosen {
    texts: BTreeMap<&'static str, (String, Origin)>,
}

impl Chosen {
    fn note(&mut self, resolver: &mut Resolver<'_>, entry: &VaultEntry, field: &Field, default: Option<String>) {
        let said = entry.said.get(field.key).and_then(|said| file(said, String::clone));
        let set = |variable: &&Variable| resolver.is_set(**variable);
        let variable = if said.is_none() { field.variables.iter().find(set).copied() } else { None };
        let variable = variable.and_then(|variable| resolver.variable(variable, |text| field.form.check_variable(text)));
        let choice = Choice::of([said, variable, default.map(|text| (text, Origin::Default))]);
        if let (Some(text), Some(origin)) = (resolver.note(key(entry, field.key), &choice, String::clone), choice.origin()) {
            self.texts.insert(field.key, (text, origin));
        }
    }

    fn text(&self, key: &str) -> Option<String> {
        self.texts.get(key).map(|(text, _)| text.clone())
    }

    /// A text without which there is no vault. A variable with a fault is reported already.
    fn needed(&self, resolver: &mut Resolver<'_>, entry: &VaultEntry, key: &str, what: &str, next: &str) -> Option<String> {
        let text = self.text(key);
        let set = fields(entry.kind)
            .iter()
            .find(|field| field.key == key)
            .is_some_and(|field| field.variables.iter().any(|variable| resolver.is_set(*variable)));
        if text.is_none() && !set {
            let reason = format!("the vault `{}` has no {what}", entry.name.value);
            resolver.report(entry.name.at(Problem::new(Fault::Project, reason, next)));
        }
        text
    }

    /// A path: beneath the root where a project file names it, anywhere where a variable does.
    fn location(&self, key: &str) -> Option<Location> {
        let (text, origin) = self.texts.get(key)?;
        Some(match origin {
            Origin::Variable(_) => Location::Anywhere(PathBuf::from(text)),
            _ => Location::Beneath(text.clone()),
        })
    }
}

fn key(entry: &VaultEntry, key: &str) -> String {
    format!("vaults.{}.{key}", entry.name.value)
}
