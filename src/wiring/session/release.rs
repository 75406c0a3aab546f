//! Deploys, rollbacks, and what they would change.

use futures::join;

use crate::event::Event;
use crate::event::Observer;
use crate::history::Checkpoint;
use crate::history::History;
use crate::history::Reader;
use crate::problem::Fault;
use crate::problem::Problem;
use crate::problem::Problems;
use crate::project::HistoryUrl;
use crate::project::Location;
use crate::report::DeployReport;
use crate::report::DiffReport;
use crate::target::Syntax;
use crate::target::Target;
use crate::wiring::IfMissing;
use crate::wiring::RolloutRequest;
use crate::wiring::Session;
use crate::wiring::environment_keys::EnvironmentKeys;
use crate::wiring::session::Vaults;
use crate::wiring::session::past::wanted;
use crate::workflow::access::owner;
use crate::workflow::build::Filling;
use crate::workflow::compare::Against;
use crate::workflow::compare::compare_project;
use crate::workflow::compare::compare_releases;
use crate::workflow::deploy::Emission;
use crate::workflow::deploy::deploy;
use crate::workflow::live::compare_target;
use crate::workflow::prepare::Prepared;
use crate::workflow::recorded;
use crate::workflow::rollback;
use crate::workflow::rollback::RollbackPlan;
use crate::workflow::rollback::RollbackTarget;
use crate::workflow::rollback::Values;

/// Which release to go back to, and how.
#[derive(Debug, Clone, Copy)]
pub struct RollbackRequest {
    /// Its number; the newest earlier one with other manifests where it is `None`.
    pub number: Option<u64>,
    /// Which values secrets get.
    pub values: Values,
    /// Whether vaults behind a network are asked, even if no value of them is needed.
    pub online: bool,
}

/// What came of a release, and the problem where it is not in its target as it should be.
pub type DeployResult = (DeployReport, Result<(), Problem>);

impl Session<'_> {
    /// The environment's objects in its cluster; `None` where deploys only write.
    pub fn cluster(&self, rollout: RolloutRequest<'_>) -> Result<Option<Box<dyn Target>>, Problem> {
        self.wiring().cluster(rollout)
    }

    /// Fills the blanks, records the release unless it is current, and puts it to its target. Once it is recorded, a problem comes with a report.
    pub async fn deploy(&self, locked: bool, note: Option<&str>, emission: Emission<'_>) -> Result<DeployResult, Problems> {
        self.filling(locked, async |keys, prepared, filling| {
            let (context, access) = (self.context(), self.access(keys)?);
            let noticed = async { if keys.created.is_none() { self.notice_a_new_history().await } else { Ok(()) } };
            let (noticed, deployed) = join!(noticed, Box::pin(deploy(&context, prepared, &access, filling, note, emission)));
            let (released, waivers) = deployed?;
            noticed?;
            Ok(released.report(&self.settings, &waivers, emission.target, self.observer.get()))
        })
        .await
    }

    /// Does `work` with the project's objects, the keys that seal a release of them, and what fills their blanks.
    pub(super) async fn filling<T>(
        &self,
        locked: bool,
        work: impl AsyncFnOnce(&EnvironmentKeys, Prepared, Filling<'_>) -> Result<T, Problems>,
    ) -> Result<T, Problems> {
        let lock = self.lock_file(locked)?;
        self.closing(async {
            let prepared = self.judged()?;
            let keys = self.sealing_keys(self.ports.missing_keys).await?;
            let vaults = self.vaults(&prepared.vaults()).await?;
            work(keys, prepared, Filling { vaults: &vaults, keys: &keys.keys, lock: lock.as_ref() }).await
        })
        .await
    }

    /// What [`Session::deploy`] would change of what is live in `target`, or against the current release where there is none. Records and writes no
    /// release.
    pub async fn preview_deploy(&self, locked: bool, target: Option<&dyn Target>) -> Result<DiffReport, Problems> {
        self.compare(None, true, locked, true, target).await
    }

    pub(super) fn writes_only(&self) -> Problem {
        let reason = format!("the environment `{}` has no `cluster:`, so that its deploys only write manifests", self.settings.environment);
        Problem::new(
            Fault::Project,
            reason,
            "add `cluster: { context: NAME }` to the environment, or list its releases with `cloze history`",
        )
    }

    /// What a deploy would change of what is live in the environment's cluster.
    pub async fn diff_live(&self, locked: bool) -> Result<DiffReport, Problems> {
        // As a deploy that waits.
        let rollout = RolloutRequest { proves: true, ..RolloutRequest::default() };
        let Some(cluster) = self.cluster(rollout)? else { return Err(self.writes_only().into()) };
        self.compare(None, true, locked, false, Some(cluster.as_ref())).await
    }

    /// What a deploy would change against the release of that number, or the current one. Vaults behind a network are asked only if
    /// `online`; the secrets of those that are not asked show as they were recorded.
    pub async fn diff(&self, against: Option<u64>, online: bool, locked: bool) -> Result<DiffReport, Problems> {
        self.compare(against, online, locked, false, None).await
    }

    /// What release `after` changed against release `before`; against its predecessor where none is given.
    pub async fn diff_releases(&self, before: Option<u64>, after: Option<u64>) -> Result<DiffReport, Problems> {
        let access = self.access(self.keys(IfMissing::Fail).await?)?;
        let history = access.open(&self.context()).await?;
        let after = wanted(&history, after).await?;
        let before = match before.or_else(|| (after.summary.number > 1).then(|| after.summary.number - 1)) {
            Some(number) => Some(history.release(number).await?),
            None => None,
        };
        Ok(compare_releases(&history, before.as_ref(), &after).await?.report(&self.settings, self.observer.get()))
    }

    /// Compares with the keys that open the history, or with those that a release `to_be` sealed needs.
    async fn compare(
        &self,
        number: Option<u64>,
        online: bool,
        locked: bool,
        to_be: bool,
        live: Option<&dyn Target>,
    ) -> Result<DiffReport, Problems> {
        self.closing(async {
            let prepared = self.judged()?;
            let used = prepared.vaults();
            let ask = online || self.wiring().is_offline(&used);
            if locked && !ask {
                let reason = "`--locked` compares values, and remote vaults are not asked for any";
                return Err(Problem::new(Fault::Usage, reason, "add `--online`").into());
            }
            let lock = self.lock_file(locked)?;
            let keys = if to_be { self.sealing_keys(self.ports.missing_keys).await? } else { self.keys(IfMissing::Fail).await? };
            let vaults = if ask { self.vaults(&used).await? } else { Vaults::new() };
            let filling = Filling { vaults: &vaults, keys: &keys.keys, lock: lock.as_ref() };
            if let Some(target) = live {
                let compared = compare_target(&self.context(), prepared, &self.access(keys)?, filling, target).await?;
                return Ok(compared.report(&self.settings, self.observer.get()));
            }
            let against = if ask {
                Against::Values(filling)
            } else {
                self.warn(Problem::new(
                    Fault::Vault,
                    "remote vaults were not asked: their secrets show as they were recorded",
                    "add `--online` to compare their values",
                ));
                Against::Record
            };
            let compared = compare_project(&self.context(), prepared, &self.access(keys)?, against, number).await?;
            Ok(compared.report(&self.settings, self.observer.get()))
        })
        .await
    }

    /// Releases the manifests of an earlier release again, once `confirms` has seen what that changes and goes along.
    pub async fn rollback(
        &self,
        request: RollbackRequest,
        note: Option<&str>,
        emission: Emission<'_>,
        confirms: impl FnOnce(&DiffReport) -> bool,
    ) -> Result<DeployResult, Problems> {
        self.closing(async {
            let access = self.access(self.sealing_keys(IfMissing::Fail).await?)?;
            let history = access.open(&self.context()).await?;
            let plan = self.rollback_plan(&history, request, emission.syntax).await?;
            if let Some(listener) = &self.ports.listener {
                recorded::announce(&history.manifests(&plan.target).await?, listener.as_ref());
            }
            let (to, from) = (plan.target.summary.number, plan.head.summary.number);
            self.observer.observe(Event::RollingBack { to, from });
            if !confirms(&plan.comparison.report(&self.settings, self.observer.get())) {
                let reason = "nothing was released: `rollback` asks first";
                return Err(Problem::new(Fault::Usage, reason, "answer yes, or add `--yes`").into());
            }
            let waivers = plan.comparison.waivers.clone();
            let released = rollback::execute(&self.context(), &access, &history, plan, note, emission).await?;
            Ok(released.report(&self.settings, &waivers, emission.target, self.observer.get()))
        })
        .await
    }

    /// What [`Session::rollback`] would change of what is live in `target`, or against the current release where there is none. Records and writes nothing.
    pub async fn preview_rollback(&self, request: RollbackRequest, target: Option<&dyn Target>) -> Result<DiffReport, Problems> {
        self.closing(async {
            let access = self.access(self.keys(IfMissing::Fail).await?)?;
            let history = access.open(&self.context()).await?;
            let plan = self.rollback_plan(&history, request, Syntax::Yaml).await?;
            let compared = match target {
                Some(target) => rollback::preview(&self.context(), &history, plan, target).await?,
                None => plan.comparison,
            };
            Ok(compared.report(&self.settings, self.observer.get()))
        })
        .await
    }

    async fn rollback_plan(&self, history: &History<'_>, request: RollbackRequest, syntax: Syntax) -> Result<RollbackPlan, Problems> {
        let RollbackRequest { number, values, online } = request;
        if self.pin.is_some() && (online || values != Values::Recorded) {
            let reason = "only the project says which vaults to ask, and no project is here";
            let next = "run it in a checkout of the project, or go back with the recorded values: without `--secrets` and `--online`";
            return Err(Problem::new(Fault::Usage, reason, next).into());
        }
        let target = RollbackTarget::find(history, number, self.settings.cluster.is_some()).await?;
        let mut used = target.vaults();
        if !online && values == Values::Recorded {
            used = self.wiring().present_files(&used);
        }
        let vaults = self.vaults(&used).await?;
        let filling = Filling { vaults: &vaults, keys: history.keys(), lock: None };
        rollback::plan(&self.context(), history, target, values, filling, syntax).await
    }

    /// Says where keys exist and no release does: a fresh checkout has lost its history, and what a CI runner writes ends with it. The machine
    /// that made the keys knows that there was none.
    async fn notice_a_new_history(&self) -> Result<(), Problems> {
        let known = Checkpoint::load(&self.wiring().checkpoint()?)?;
        if known.as_ref().is_some_and(|checkpoint| checkpoint.number > 0) {
            return Ok(());
        }
        let store = self.store()?;
        if Reader::new(store, owner(&self.settings)).newest().await? > 0 {
            return Ok(());
        }
        if self.ports.ephemeral && matches!(self.settings.history.url, HistoryUrl::Directory(Location::Beneath(_))) {
            self.warn(Problem::new(
                Fault::History,
                format!("the history `{store}` is empty, and ends with this CI runner: `rollback` will not know this release"),
                "keep that directory between runs, or name one that outlives the runner: CLOZE_HISTORY_URL=file:///DIR",
            ));
        } else if known.is_none() {
            self.observer.observe(Event::HistoryBegins { store: store.to_string() });
        }
        Ok(())
    }
}
