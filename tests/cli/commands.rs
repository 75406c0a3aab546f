//! Every command's good path and its options, as a user of kubectl, Helm, SOPS or Terraform would try them.

mod deploy;
mod init;
mod review;
mod select;
mod starter;
mod vault;
