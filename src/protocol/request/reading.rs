//! From a line to a request, or to what was wrong with it.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{
        DeserializeSeed, Error, IgnoredAny, IntoDeserializer, MapAccess, Visitor,
        value::BorrowedStrDeserializer,
    },
};
use smallvec::SmallVec;

use super::{
    super::{Code, VERSION, words::Borrowed},
    Malformed, Request, RequestId, Verb,
};

/// The most keys a request may have; the longest has six.
const KEYS_MAX: usize = 32;
/// Nearly all have no more than so many.
const KEYS_USUAL: usize = 8;

pub(super) const ID_RULE: &str = "'id' is a whole number from 0 to 18446744073709551615";
pub(super) const TYPE_RULE: &str = "'type' is a string";
const PROTOCOL_RULE: &str = "'protocol' is a whole number";
pub(super) const NO_SUCH_TYPE: &str = "there is no such request type";

/// Reads a good request that says what it is before what that needs; nothing when it is another.
pub(super) fn at_once(line: &str) -> Option<Request> {
    let (head, verb) = read(line, Whole { word: None }).ok()?;
    let id = head.id().filter(|_| !head.wants_another_version())?;
    Some(Request { id, verb })
}

/// Reads the head first, so that what is wrong after it can be answered by the request's number.
pub(super) fn step_by_step(line: &str) -> Result<Request, Malformed> {
    let head = read(line, HeadOnly).map_err(|error| {
        if error.is_data() && line.trim_ascii_start().starts_with('{') {
            Malformed::frame(sentence(&error))
        } else {
            Malformed::frame("the line is no JSON object")
        }
    })?;
    let Some(id) = head.id() else {
        return Err(Malformed::frame("the request has no 'id'"));
    };
    let refused = |code, text: &str| Err(Malformed::request(id, code, text));
    let Some(word) = head.word.as_deref() else {
        return refused(Code::BadRequest, "the request has no 'type'");
    };
    if head.wants_another_version() {
        let text = format!("this server speaks version {VERSION} of the protocol");
        return refused(Code::UnknownVersion, &text);
    }
    if !Verb::WORDS.contains(&word) {
        return refused(Code::UnknownType, NO_SUCH_TYPE);
    }
    match read(line, Whole { word: Some(word) }) {
        Ok((_, verb)) => Ok(Request { id, verb }),
        Err(error) => refused(Code::BadRequest, &sentence(&error)),
    }
}

fn read<'de, V: Visitor<'de>>(line: &'de str, what: V) -> serde_json::Result<V::Value> {
    let mut from = serde_json::Deserializer::from_str(line);
    let value = from.deserialize_map(what)?;
    from.end()?;
    Ok(value)
}

/// What was wrong, without where in the line: lines are short.
fn sentence(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => text,
    }
}

/// What every request has.
#[derive(Default)]
struct Head<'a> {
    id: Option<RequestId>,
    word: Option<Cow<'a, str>>,
    /// The version of the protocol that the client wants, if it says.
    protocol: Option<u64>,
}

impl Head<'_> {
    fn id(&self) -> Option<RequestId> {
        // It is not answered, so it needs none.
        let needs_none = || (self.word.as_deref() == Some("pong")).then_some(0);
        self.id.or_else(needs_none)
    }

    fn wants_another_version(&self) -> bool {
        self.protocol
            .is_some_and(|version| version != u64::from(VERSION))
    }
}

/// Reads the head, wherever in the line it stands, and nothing else.
struct HeadOnly;

impl<'de> Visitor<'de> for HeadOnly {
    type Value = Head<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Head<'de>, A::Error> {
        let mut fields = Fields::of(map);
        while let Some(_key) = fields.next()? {
            fields.map.next_value::<IgnoredAny>()?;
        }
        Ok(fields.head)
    }
}

/// Reads the head and what is asked.
struct Whole<'a> {
    /// The request's type, when it is known already; else it has to stand before what it needs.
    word: Option<&'a str>,
}

impl<'de> Visitor<'de> for Whole<'_> {
    type Value = (Head<'de>, Verb);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Fields::of(map);
        let verb = match self.word {
            Some(word) => Verb::read(word, &mut fields)?,
            None => {
                let word = fields.word()?;
                Verb::read(&word, &mut fields)?
            }
        };
        Ok((fields.head, verb))
    }
}

/// The fields of a request, of which those of the head are kept back. A key that stands twice is
/// refused: two readers of such a line could take it for two different requests.
struct Fields<'de, A> {
    map: A,
    head: Head<'de>,
    seen: SmallVec<[Cow<'de, str>; KEYS_USUAL]>,
}

enum Key<'de> {
    /// With its value, which was read.
    OfHead,
    Other(Cow<'de, str>),
}

impl<'de, A: MapAccess<'de>> Fields<'de, A> {
    fn of(map: A) -> Self {
        Self {
            map,
            head: Head::default(),
            seen: SmallVec::new(),
        }
    }

    /// The type, if nothing but fields of the head stands before it.
    fn word(&mut self) -> Result<Cow<'de, str>, A::Error> {
        loop {
            if let Some(word) = &self.head.word {
                return Ok(word.clone());
            }
            let Some(Key::OfHead) = self.step()? else {
                return Err(A::Error::custom("the type does not stand first"));
            };
        }
    }

    /// The next key that is not of the head.
    fn next(&mut self) -> Result<Option<Cow<'de, str>>, A::Error> {
        loop {
            match self.step()? {
                Some(Key::OfHead) => {}
                Some(Key::Other(key)) => return Ok(Some(key)),
                None => return Ok(None),
            }
        }
    }

    fn step(&mut self) -> Result<Option<Key<'de>>, A::Error> {
        let Some(Borrowed(key)) = self.map.next_key()? else {
            return Ok(None);
        };
        if self.seen.contains(&key) {
            let text = format_args!("the key {key:?} stands twice");
            return Err(A::Error::custom(text));
        }
        if self.seen.len() >= KEYS_MAX {
            let text = format_args!("a request has at most {KEYS_MAX} keys");
            return Err(A::Error::custom(text));
        }
        self.seen.push(key.clone());
        let wrong = |what| move |_| A::Error::custom(what);
        match key.as_ref() {
            "id" => self.head.id = Some(self.map.next_value().map_err(wrong(ID_RULE))?),
            "type" => {
                let word: Borrowed<'de> = self.map.next_value().map_err(wrong(TYPE_RULE))?;
                self.head.word = Some(word.0);
            }
            "protocol" => {
                let version = self.map.next_value().map_err(wrong(PROTOCOL_RULE))?;
                self.head.protocol = Some(version);
            }
            _ => return Ok(Some(Key::Other(key))),
        }
        Ok(Some(Key::OfHead))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Fields<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, A::Error> {
        self.next()?
            .map(|key| match key {
                Cow::Borrowed(key) => seed.deserialize(BorrowedStrDeserializer::new(key)),
                Cow::Owned(key) => seed.deserialize(key.into_deserializer()),
            })
            .transpose()
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}
