//! Kubernetes' own rules, checked before anything is sent (`pkg/apis/core/validation/validation.go`,
//! `apimachinery/pkg/util/validation/validation.go`).

mod base64;
mod content;
mod data;
mod dns;
mod hidden;
#[cfg(feature = "http")]
mod key_pair;
mod kind;
mod metadata;
mod placeholder;
mod say;
mod strings;

use crate::blank::BlankText;
use crate::manifest::Leaf;
use crate::manifest::Object;
use crate::parallel::find;
use crate::problem::Problem;
use crate::stage::check::say::Say;

/// What can be said before any blank is filled: names, labels, key names, types and their required keys, literal base64, and strings
/// where Kubernetes demands strings. A blank passes as the string that it will be.
pub fn shape<B: Sync>(objects: &[Object<B>]) -> Vec<Problem> {
    find(objects, |object, problems| {
        let mut say = Say { object, problems };
        kind::check(&mut say);
        metadata::check(&mut say);
        strings::check(&mut say);
        data::check(&mut say);
    })
}

/// The slip that makes a Secret's values public: a kind, or a section of `field`'s name, that was meant for a Secret's. It is among what
/// [`shape`] finds.
pub(super) fn slip<B>(object: &Object<B>, field: &str) -> Option<Problem> {
    let mut problems = Vec::new();
    let mut say = Say { object, problems: &mut problems };
    if kind::meant(object) == Some("Secret") {
        kind::check(&mut say);
    } else {
        data::section_slip(field, &mut say);
    }
    problems.pop()
}

/// What depends on the values: base64 where a value has to be that, total size, and what a Secret's type demands of its content.
/// `stringData`, which is in reviews only, is not looked at.
pub fn content<B: Leaf + Sync>(objects: &[Object<B>]) -> Vec<Problem> {
    find(objects, |object, problems| content::check(&mut Say { object, problems }))
}

/// Warnings of contents: values that the API server warns of, and objects that `kubectl apply` refuses without `--server-side`.
pub fn doubts<B: Leaf + Sync>(objects: &[Object<B>]) -> Vec<Problem> {
    find(objects, |object, problems| content::doubt(&mut Say { object, problems }))
}

/// Warnings of placeholders of other tools, one for each object.
pub fn placeholders(objects: &[Object<BlankText>]) -> Vec<Problem> {
    find(objects, |object, problems| placeholder::check(&mut Say { object, problems }))
}

/// Warnings: environment variables that a container is given twice, so that one source hides the other. `env` beats `envFrom`, a later
/// `envFrom` beats an earlier one. To be asked before the objects get their final names.
pub fn hidden_variables<B: Sync>(objects: &[Object<B>]) -> Vec<Problem> {
    hidden::check(objects)
}
