//! How far a client says it has come.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserializer,
    de::{Error, MapAccess, Visitor},
};

/// For each conversation, the last entry the client has.
///
/// A conversation without a cursor starts at its head: nothing earlier is sent unasked.
pub type Cursors = BTreeMap<String, u64>;

/// Reads cursors and refuses a conversation that stands twice, as every key that does.
pub(super) fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Cursors, D::Error> {
    struct Object;

    impl<'de> Visitor<'de> for Object {
        type Value = Cursors;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("cursors: an object of numbers")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Cursors, A::Error> {
            let mut cursors = Cursors::new();
            while let Some((address, seq)) = map.next_entry::<String, u64>()? {
                if cursors.contains_key(&address) {
                    let text = format_args!("the key {address:?} stands twice in 'cursors'");
                    return Err(A::Error::custom(text));
                }
                cursors.insert(address, seq);
            }
            Ok(cursors)
        }
    }

    from.deserialize_map(Object)
}
