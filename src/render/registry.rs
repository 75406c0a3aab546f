//! Teaches Tera what templates may call.

use tera::Kwargs;
use tera::State;
use tera::Tera;
use tera::Value;

use crate::render::allowed::LAZY_BUILTIN;
use crate::render::allowed::LAZY_OWN;
use crate::render::allowed::LAZY_PREFIX;
use crate::render::checks::CHECKS;
use crate::render::functions::Functions;
use crate::render::functions::SharedFunctions;
use crate::render::functions::number;
use crate::render::functions::throw;

impl SharedFunctions {
    /// Teaches Tera the calls.
    pub(super) fn register(&self, tera: &mut Tera) {
        let functions = self.clone();
        tera.register_function("secret", move |arguments: Kwargs, _: &State<'_>| functions.lock().answer(&arguments, Functions::secret));
        let functions = self.clone();
        tera.register_function("throw", move |arguments: Kwargs, _: &State<'_>| {
            functions.lock().answer(&arguments, |_, site, arguments| throw(site, arguments))
        });
        for name in LAZY_OWN {
            let functions = self.clone();
            tera.register_filter(name, move |value: Value, arguments: Kwargs, _: &State<'_>| {
                functions.lock().answer(&arguments, |functions, site, arguments| functions.own_filter(name, site, &value, arguments))
            });
        }
        for name in LAZY_BUILTIN {
            let functions = self.clone();
            tera.register_filter(format!("{LAZY_PREFIX}{name}"), move |value: Value, arguments: Kwargs, state: &State<'_>| {
                functions
                    .lock()
                    .answer(&arguments, |functions, site, arguments| functions.builtin_filter(name, site, &value, arguments, state))
            });
        }
        let functions = self.clone();
        tera.register_function("__names", move |arguments: Kwargs, _: &State<'_>| {
            functions.lock().examination.names(number(&arguments).unwrap_or(usize::MAX), &arguments)
        });
        let functions = self.clone();
        tera.register_function("__branch", move |arguments: Kwargs, _: &State<'_>| functions.lock().examination.branch(&arguments));
        let functions = self.clone();
        tera.register_filter("__settle", move |value: Value, arguments: Kwargs, _: &State<'_>| {
            functions.lock().examination.settle(value, &arguments)
        });
        for (name, check) in CHECKS {
            let functions = self.clone();
            tera.register_filter(name, move |value: Value, arguments: Kwargs, _: &State<'_>| {
                functions.lock().answer(&arguments, |functions, site, arguments| functions.check(check, site, value, arguments))
            });
        }
    }
}
