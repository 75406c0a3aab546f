//! Every command's good path and its options, as a user of kubectl, Helm, SOPS or Terraform would try them.

mod acme;
mod calls;
mod check;
mod completions;
mod deploy;
mod diff;
mod doctor;
mod history;
#[cfg(all(feature = "azure", feature = "hashicorp", feature = "aws", feature = "gcp"))]
mod holders;
mod init;
mod key;
mod line;
mod literals;
mod lock;
mod mask;
mod pager;
mod plan;
mod policy;
mod recipients;
mod report;
mod review;
mod secrets;
mod select;
mod sources;
mod starter;
mod status;
mod strict;
mod threads;
mod values;
mod variable;
mod vault;
