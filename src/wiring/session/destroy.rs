//! An environment is taken out of its cluster.

use crate::event::Event;
use crate::event::Observer as _;
use crate::history::NewEvent;
use crate::history::Outcome;
use crate::history::What;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::report::DestroyReport;
use crate::report::PrunedObjects;
use crate::wiring::DestroyRequest;
use crate::wiring::IfMissing;
use crate::wiring::RolloutRequest;
use crate::wiring::Session;
use crate::workflow::applied;

impl Session<'_> {
    /// Removes all that the environment's inventory lists from its cluster, and the inventory last, once the person at the terminal has typed the
    /// environment's name, or where `yes` is given. Protected objects stay. The history stays, and gets to know it.
    pub async fn destroy(&self, DestroyRequest { dry_run, yes, timeout, observer }: DestroyRequest<'_>) -> Result<DestroyReport, Problems> {
        let wiring = self.wiring();
        let Some(settings) = &self.settings.cluster else { return Err(self.writes_only().into()) };
        let access = self.access(self.keys(IfMissing::Fail).await?)?;
        let history = access.open(&self.context()).await?;
        let head = history.head().await?;
        let claim = applied::claim(&history, head.as_ref(), u64::MAX).await?;
        let limit = timeout.unwrap_or(settings.wait);
        let connection = wiring.connection()?;
        let cluster = wiring.cluster_of(settings, &connection, RolloutRequest { observer, ..RolloutRequest::default() });
        let environment = &self.settings.environment;
        let mut pruned = cluster.clear(&claim, limit, true).await?;
        if let Some(found) = pruned.as_ref().filter(|_| !dry_run) {
            let names: Vec<String> = found.removed.iter().map(ToString::to_string).collect();
            let question = format!("This removes {} objects from {cluster}: {}.", names.len(), names.join(", "));
            if !yes && !self.ports.prompt.confirms_by_name(&question, environment) {
                let reason = "nothing was removed: `destroy` asks first";
                let next = "type the name of the environment at a terminal, or add `--yes`";
                return Err(Problem::new(Fault::Usage, reason, next).into());
            }
            self.observer.observe(Event::Destroying { objects: names.len(), target: cluster.to_string() });
            pruned = cluster.clear(&claim, limit, false).await?;
            if let Some(head) = &head {
                let is_said = matches!(history.outcome_now(head).await?, Outcome::Known(event) if event.what == What::Destroyed);
                if !is_said {
                    let event = NewEvent { actor: self.ports.actor, what: What::Destroyed, detail: &cluster.to_string() };
                    history.add_event(head, event).await?;
                }
            }
            cluster.forget().await?;
        }
        Ok(DestroyReport {
            project: self.settings.project.clone(),
            environment: environment.clone(),
            cluster: connection.name().to_owned(),
            dry_run,
            objects: pruned.map(PrunedObjects::from).unwrap_or_default(),
        })
    }
}
