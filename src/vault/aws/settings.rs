//! How a vault of AWS is reached.

use std::sync::Arc;

use crate::identity::ToolEnvironment;
use crate::service::http::RequestLimits;
use crate::service::http::Transport;
use crate::vault::answer::AnswerForm;

/// How a vault is reached. What is absent is asked of AWS's own chain: its environment variables, its profile files, the machine's role.
#[derive(Debug)]
pub struct Settings {
    /// Which of the two services.
    pub service: Service,
    /// The region, such as `eu-central-1`.
    pub region: Option<String>,
    /// The profile in AWS's own files. When it is given, it alone gives the credential.
    pub profile: Option<String>,
    /// Where the service is, if not at its region's public address. Plain `http` is for the loopback only.
    pub endpoint: Option<String>,
    /// The variables of AWS's own tools.
    pub environment: Arc<ToolEnvironment>,
    /// The paths under which secrets may be asked for; everything when there is none.
    pub prefixes: Vec<String>,
    /// Who is believed to be the vault.
    pub transport: Transport,
    /// How much at once, how fast and how long. Without a rate, the service's published one holds.
    pub limits: RequestLimits,
}

/// The services of AWS that keep secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// AWS Secrets Manager.
    SecretsManager,
    /// AWS Systems Manager Parameter Store.
    ParameterStore,
}

impl Service {
    /// The service of that word in a project file; Secrets Manager for every other word.
    pub fn of(word: &str) -> Self {
        if word == "parameter-store" { Self::ParameterStore } else { Self::SecretsManager }
    }
}

impl Settings {
    /// A service with everything as AWS's own chain says, and the usual limits.
    #[must_use]
    pub fn new(service: Service) -> Self {
        Self {
            service,
            region: None,
            profile: None,
            endpoint: None,
            environment: Arc::default(),
            prefixes: Vec::new(),
            transport: Transport::default(),
            limits: RequestLimits::default(),
        }
    }
}

impl Service {
    /// Its name for people.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::SecretsManager => "AWS Secrets Manager",
            Self::ParameterStore => "AWS Parameter Store",
        }
    }

    /// Its name in signatures and host names.
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::SecretsManager => "secretsmanager",
            Self::ParameterStore => "ssm",
        }
    }

    /// What it answers.
    pub(super) const fn form(self) -> AnswerForm {
        let reason = match self {
            Self::SecretsManager => "the vault's answer is not that of AWS Secrets Manager",
            Self::ParameterStore => "the vault's answer is not that of AWS Parameter Store",
        };
        AnswerForm { reason, next: "check the endpoint" }
    }

    /// Its name in AWS's settings, as in `AWS_ENDPOINT_URL_SECRETS_MANAGER`.
    pub(super) fn id(self) -> &'static str {
        match self {
            Self::SecretsManager => "Secrets Manager",
            Self::ParameterStore => "SSM",
        }
    }
}
