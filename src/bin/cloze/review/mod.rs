//! What a release changes, written to be read: by people at a terminal, in a pull request or in a browser.

mod escape;
mod field;
mod gist;
mod html;
mod markdown;
#[cfg(test)]
mod sample;
mod text;

pub(crate) use html::html;
pub(crate) use markdown::markdown;
pub(crate) use text::View;
pub(crate) use text::text;

/// How much of a review is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Detail {
    /// What it comes to, and nothing field by field.
    Stat,
    /// Also what differs, but for names that follow and what is gone.
    #[default]
    Usual,
    /// Everything.
    All,
}
