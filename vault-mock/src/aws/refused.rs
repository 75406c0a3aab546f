//! What AWS refuses with: a code, a status and words.

use serde_json::json;

use crate::answer::Answer;

/// An error as the services with JSON bodies, and those with XML bodies, write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) words: String,
}

impl Refused {
    /// Status 400, which these services use for almost everything.
    pub(crate) fn new(code: &str, words: impl Into<String>) -> Self {
        Self { status: 400, code: code.to_owned(), words: words.into() }
    }

    /// A request that the service's model does not have.
    pub(crate) fn invalid(words: impl Into<String>) -> Self {
        Self::new("ValidationException", words)
    }

    /// What a policy does not allow.
    pub(crate) fn denied(who: &str, action: &str, resource: &str) -> Self {
        let words = format!(
            "User: {who} is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action"
        );
        Self::new("AccessDeniedException", words)
    }

    /// As JSON 1.1. A code that begins with `header:` is in the header only, as some front ends have it.
    pub(crate) fn json(&self) -> Answer {
        let Self { status, code, words } = self;
        match code.strip_prefix("header:") {
            Some(code) => {
                let kind = format!("{code}:http://internal.amazon.com/coral/com.amazonaws/");
                kind_of_json(*status, &json!({ "Message": words })).with("x-amzn-errortype", kind)
            }
            None => kind_of_json(*status, &json!({ "__type": code, "Message": words })),
        }
    }

    /// As the query protocol's XML.
    pub(crate) fn xml(&self) -> Answer {
        let Self { status, code, words } = self;
        let body = format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type><Code>{code}</Code><Message>{words}</Message></Error></ErrorResponse>"
        );
        Answer::text(*status, "text/xml", body)
    }
}

/// An answer of JSON 1.1.
pub(crate) fn kind_of_json(status: u16, body: &serde_json::Value) -> Answer {
    Answer::text(status, "application/x-amz-json-1.1", body.to_string())
}
