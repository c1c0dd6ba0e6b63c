//! The stored names of an enum, from its own `Deserialize`: what nobody writes down cannot be forgotten.

use std::cell::Cell;

use serde::de::value::Error;
use serde::de::{DeserializeOwned, Deserializer, Error as _, Visitor};
use serde::forward_to_deserialize_any;

/// Has nothing to deserialise, but hears which variants are asked for.
struct Asking<'a>(&'a Cell<&'static [&'static str]>);

impl<'de> Deserializer<'de> for Asking<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _visitor: V) -> Result<V::Value, Error> {
        Err(Error::custom("only enums are asked about"))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        variants: &'static [&'static str],
        _visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.set(variants);
        Err(Error::custom("it has said what it wants"))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// Returns the names under which the variants of an enum are stored.
///
/// # Panics
/// When the type is no enum.
pub fn variants_of<T: DeserializeOwned>() -> &'static [&'static str] {
    let heard = Cell::new(&[][..]);
    // It fails in any case: what counts was heard before.
    let _ = T::deserialize(Asking(&heard));
    assert!(!heard.get().is_empty(), "{} is no enum", std::any::type_name::<T>());
    heard.get()
}
