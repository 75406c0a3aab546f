//! A history that is opened by its URL alone: it says whose it is, and something else must say that it is the one that is meant.

use std::path::Path;

use crate::digest::Digest;
use crate::event::Event;
use crate::event::Observer as _;
use crate::history;
use crate::history::Checkpoint;
use crate::history::History;
use crate::history::Owner;
use crate::history::Reader;
use crate::key::Keyring;
use crate::key::Recipient;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::Flags;
use crate::project::HistoryUrl;
use crate::project::Location;
use crate::project::Project;
use crate::project::Root;
use crate::project::Settings;
use crate::project::variable;
use crate::wiring::Ports;
use crate::wiring::Session;
use crate::wiring::environment_keys::EnvironmentKeys;
use crate::workflow::access::owner;

impl<'p> Session<'p> {
    /// Opens the history that `flags` or the variables name, without a project: the history says whose it is, and its keyring, which keys open
    /// it. What no project says is as if a project left it open.
    ///
    /// # Errors
    /// A store that cannot be reached or holds no history; the history of another environment than the one that is asked for.
    pub async fn of_history(directory: &Path, flags: &Flags, ports: Ports<'p>) -> Result<Self, Problems> {
        let nobody = Owner { project: "project".to_owned(), environment: "environment".to_owned() };
        let asked = flags.environment.clone().or_else(|| ports.variables.get(variable::ENV).map(str::to_owned));
        let settings = settings(&nobody, &[], flags, &ports)?;
        let mut session = Self::with(directory, Root::open(directory)?, settings, ports);
        session.pin = Some(session.pin_of_url()?);
        let reader = Reader::new(session.store()?, nobody);
        let Some(identity) = reader.identity().await? else { return Err(Problem::from(reader.empty()).into()) };
        let owner = identity.owner;
        if let Some(asked) = asked.filter(|asked| *asked != owner.environment) {
            let Owner { project, environment } = &owner;
            let reason = format!("this history belongs to environment {environment} of project {project}, not to environment {asked}");
            return Err(Problem::new(Fault::History, reason, format!("name it with `-e {environment}`, or name another history")).into());
        }
        // What is wrong with it is reported when it is needed.
        let keyring = Reader::new(session.store()?, owner.clone()).keyring().await.ok().flatten();
        let keyring = keyring.and_then(|bytes| Keyring::parse(&String::from_utf8_lossy(&bytes)).ok());
        let holders: Vec<&Recipient> = keyring.iter().flat_map(Keyring::recipients).collect();
        session.settings = self::settings(&owner, &holders, flags, &session.ports)?;
        Ok(session)
    }

    /// Where the head of the history of this URL is remembered: by the user, since the directory that the command runs in may be anybody's.
    fn pin_of_url(&self) -> Result<std::path::PathBuf, Problem> {
        let url = match &self.settings.history.url {
            HistoryUrl::Directory(Location::Beneath(path)) => {
                let path = self.base.join(path);
                path.canonicalize().unwrap_or(path).display().to_string()
            }
            other => other.to_string(),
        };
        let name = format!("histories/{}.json", Digest::plain(&[url.as_bytes()]));
        self.ports.state.map(|state| state.join(name)).ok_or_else(|| {
            let reason = "there is no home directory in which to remember the newest release of this history";
            Problem::new(Fault::Usage, reason, "set HOME or XDG_STATE_HOME")
        })
    }

    /// That the history whose keyring came out of it is the one that is meant. Who can write to a store can put a history there that opens with
    /// other people's keys; none that has the id of another, or goes on where this user's checkpoint is.
    pub(super) async fn believe(&self, keys: &EnvironmentKeys) -> Result<(), Problem> {
        let (clock, entropy) = (self.ports.clock.as_ref(), self.ports.entropy.as_ref());
        let session = history::HistorySession { keys: &keys.keys, keyring: keys.keyring.as_bytes(), clock, entropy };
        let history = History::open(Reader::new(self.store()?, owner(&self.settings)), session).await?;
        history.prove_keyring().await?;
        let Some(id) = history.reader().store_id().await? else { return Ok(()) };
        let pin = self.wiring().checkpoint()?;
        let is_known = match Checkpoint::load(&pin)?.filter(|checkpoint| checkpoint.number > 0) {
            Some(checkpoint) => checkpoint.prove(&history).await?,
            None => false,
        };
        self.check_store_id(&id)?;
        if !is_known && self.settings.store_id.is_none() && !self.ports.prompt.confirms(&question(&owner(&self.settings), &id)) {
            let reason = format!("nothing shows yet that this is the history that you mean: its store id is {id}");
            let next = "compare it with the one that you noted (`cloze history` prints it in the project), then name it with `--store-id` or \
                        CLOZE_STORE_ID";
            return Err(Problem::new(Fault::History, reason, next));
        }
        if !is_known && let Some(head) = history.head().await? {
            let summary = &head.summary;
            Checkpoint::new(&summary.store, &summary.owner, summary.number, head.digest).save(&pin, entropy)?;
        }
        Ok(())
    }

    /// What a listing, which proves nothing, can say of a history of that id.
    ///
    /// # Errors
    /// Another one is meant.
    pub(super) fn warn_of_a_stranger(&self, id: Option<&str>) -> Result<(), Problem> {
        let Some(id) = id else { return Ok(()) };
        self.check_store_id(id)?;
        if let Some(pin) = self.pin.as_ref().filter(|_| self.settings.store_id.is_none())
            && Checkpoint::load(pin)?.is_none()
        {
            let reason = "nothing shows yet that this is the history that you mean";
            self.observer.observe(Event::Warned(Problem::new(Fault::History, reason, "compare its store id with the one that you noted")));
        }
        Ok(())
    }

    fn check_store_id(&self, id: &str) -> Result<(), Problem> {
        match &self.settings.store_id {
            Some(meant) if meant != id => {
                let reason = format!("this is another history than the one that is meant: its store id is {id}, not {meant}");
                Err(Problem::new(Fault::History, reason, "correct the URL or the id; if both are right, find out who changed the store"))
            }
            _ => Ok(()),
        }
    }
}

fn question(owner: &Owner, id: &str) -> String {
    let Owner { project, environment } = owner;
    format!(
        "This is the history of environment {environment} of project {project}, with the store id\n  {id}\nIs that the one that you mean?"
    )
}

/// The settings of a project that says only its name, and the keys of these holders.
fn settings(owner: &Owner, holders: &[&Recipient], flags: &Flags, ports: &Ports<'_>) -> Result<Settings, Problems> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut keys = String::new();
    for Recipient { kind, id } in holders {
        let said = match kind.as_str() {
            "key-file" | "passphrase" => String::new(),
            "age" => format!(", recipient: {}", quoted(id)),
            "azure" | "aws" | "gcp" => format!(", key: {}", quoted(id)),
            "hashicorp" => {
                let namespace = [variable::BAO_NAMESPACE, variable::VAULT_NAMESPACE].into_iter().find_map(|name| ports.variables.get(name));
                let rest = namespace.and_then(|namespace| id.strip_prefix(namespace.trim_matches('/'))?.strip_prefix('/'));
                let (mount, key) = rest.unwrap_or(id).rsplit_once('/').unwrap_or(("transit", id));
                format!(", mount: {}, key: {}", quoted(mount), quoted(key))
            }
            // A later version's.
            _ => continue,
        };
        let entry = format!("      - {{ kind: {kind}{said} }}\n");
        if !keys.contains(&entry) {
            keys.push_str(&entry);
        }
    }
    let keys = if keys.is_empty() { String::new() } else { format!("\n    keys:\n{keys}") };
    let cluster = flags.context.as_ref().map(|context| format!("\n    cluster: {{ context: {} }}\n", quoted(context))).unwrap_or_default();
    let (project, environment) = (quoted(&owner.project), quoted(&owner.environment));
    let text = format!("apiVersion: cloze.dev/v1\nproject: {project}\nenvironments:\n  {environment}:{keys}{cluster}\n");
    let flags = Flags { environment: Some(owner.environment.clone()), ..flags.clone() };
    Settings::resolve(&Project::parse("the history", &text)?, &flags, ports.variables)
}
