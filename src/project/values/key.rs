//! A key of a mapping in a values file.

use std::collections::HashSet;
use std::fmt;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::EnumAccess;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;

use crate::project::quote::quote;
use crate::project::values::budget::ValuesBudget;

/// Reads a key, and refuses one that is in its mapping already.
pub(super) struct UniqueKey<'b, 's> {
    /// Where refusals are noted.
    pub budget: &'b ValuesBudget,
    /// The keys that are in the mapping already.
    pub seen: &'s HashSet<String>,
}

impl UniqueKey<'_, '_> {
    fn new_key<E: Error>(&self, key: String) -> Result<String, E> {
        if self.seen.contains(&key) {
            return Err(self.budget.fail(format!("the key {} is in this mapping twice", quote(&key)), "remove one of the two"));
        }
        Ok(key)
    }

    fn no_key<E: Error>(&self) -> E {
        self.budget.fail("this cannot be a key", "put the key in quotes")
    }
}

impl<'de> DeserializeSeed<'de> for UniqueKey<'_, '_> {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<String, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for UniqueKey<'_, '_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, key: &str) -> Result<String, E> {
        self.new_key(key.to_owned())
    }

    fn visit_bool<E: Error>(self, key: bool) -> Result<String, E> {
        self.new_key(key.to_string())
    }

    fn visit_i64<E: Error>(self, key: i64) -> Result<String, E> {
        self.new_key(key.to_string())
    }

    fn visit_u64<E: Error>(self, key: u64) -> Result<String, E> {
        self.new_key(key.to_string())
    }

    fn visit_i128<E: Error>(self, _key: i128) -> Result<String, E> {
        Err(self.no_key())
    }

    fn visit_u128<E: Error>(self, _key: u128) -> Result<String, E> {
        Err(self.no_key())
    }

    fn visit_f64<E: Error>(self, _key: f64) -> Result<String, E> {
        Err(self.no_key())
    }

    fn visit_unit<E: Error>(self) -> Result<String, E> {
        Err(self.no_key())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _items: A) -> Result<String, A::Error> {
        Err(self.no_key())
    }

    fn visit_map<A: MapAccess<'de>>(self, _entries: A) -> Result<String, A::Error> {
        Err(self.no_key())
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _tagged: A) -> Result<String, A::Error> {
        Err(self.no_key())
    }
}
