//! A mock, whatever it speaks.

use std::fmt;

use vault_mock::Journal;
use vault_mock::Protocol;
use vault_mock::Script;
use vault_mock::Server;

/// A server of any protocol.
pub(crate) trait Mock: fmt::Debug {
    /// What every answer of the mock takes from now on goes wrong so.
    fn script(&self, script: Script);

    /// Forgets the scripts.
    fn heal(&self);

    /// What was asked.
    fn journal(&self) -> &Journal;
}

impl<P: Protocol> Mock for Server<P> {
    fn script(&self, script: Script) {
        Server::script(self, script);
    }

    fn heal(&self) {
        Server::heal(self);
    }

    fn journal(&self) -> &Journal {
        Server::journal(self)
    }
}
