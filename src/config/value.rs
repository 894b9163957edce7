//! How single values are read and written: numbers and durations with a range, lists, addresses.

use std::{fmt, net::SocketAddr, num::NonZeroUsize, path::PathBuf, thread, time::Duration};

use humantime_serde::re::humantime;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, IntoDeserializer, SeqAccess, Unexpected, Visitor, value::StringDeserializer},
};
use tracing_subscriber::EnvFilter;

/// Most addresses a server listens on; each costs a task.
const LISTEN_MAX: usize = 16;

/// Longest name of a server, in characters: it has to fit a status line.
const TITLE_MAX: usize = 64;

/// How many passwords are hashed at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Concurrency {
    /// As many as the machine has cores.
    #[default]
    Cores,
    /// That many.
    Exactly(NonZeroUsize),
}

impl Concurrency {
    /// Most that can be asked for.
    const MAX: u64 = 256;

    /// The number itself, on this machine.
    #[must_use]
    pub fn count(self) -> NonZeroUsize {
        match self {
            Self::Cores => thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            Self::Exactly(count) => count,
        }
    }
}

impl Serialize for Concurrency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Cores => to.serialize_str("cores"),
            Self::Exactly(count) => count.serialize(to),
        }
    }
}

impl<'de> Deserialize<'de> for Concurrency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl Visitor<'_> for Words {
            type Value = Concurrency;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(
                    f,
                    "\"cores\" or a number between 1 and {}",
                    Concurrency::MAX
                )
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Concurrency, E> {
                usize::try_from(within(number, 1, Concurrency::MAX)?)
                    .ok()
                    .and_then(NonZeroUsize::new)
                    .map(Concurrency::Exactly)
                    .ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
            }

            // A variable of the environment is always text.
            fn visit_str<E: Error>(self, text: &str) -> Result<Concurrency, E> {
                match (text, text.parse()) {
                    ("cores", _) => Ok(Concurrency::Cores),
                    (_, Ok(number)) => self.visit_i64(number),
                    (_, Err(_)) => Err(E::invalid_value(Unexpected::Str(text), &self)),
                }
            }
        }
        from.deserialize_any(Words)
    }
}

/// A whole number between `MIN` and `MAX`.
pub(super) fn number<'de, const MIN: u64, const MAX: u64, T, D>(from: D) -> Result<T, D::Error>
where
    T: TryFrom<u64>,
    D: Deserializer<'de>,
{
    let given = within(i64::deserialize(from)?, MIN, MAX)?;
    T::try_from(given).map_err(|_| D::Error::custom(out_of_range(given, MIN, MAX)))
}

fn within<E: Error>(given: i64, min: u64, max: u64) -> Result<u64, E> {
    match u64::try_from(given) {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(E::custom(out_of_range(given, min, max))),
    }
}

fn out_of_range(given: impl fmt::Display, min: u64, max: u64) -> String {
    format!("must be between {min} and {max}, is {given}")
}

/// A duration such as `30s`, between `MIN` and `MAX` seconds.
pub(super) fn duration<'de, const MIN: u64, const MAX: u64, D>(
    from: D,
) -> Result<Duration, D::Error>
where
    D: Deserializer<'de>,
{
    struct Words;
    impl Visitor<'_> for Words {
        type Value = String;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a duration with its unit, such as \"30s\", \"5m\" or \"7d\"")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
            Ok(text.to_owned())
        }
    }
    let text = from.deserialize_str(Words)?;
    let given = humantime::parse_duration(&text)
        .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &Words))?;
    let (min, max) = (Duration::from_secs(MIN), Duration::from_secs(MAX));
    if (min..=max).contains(&given) {
        return Ok(given);
    }
    Err(D::Error::custom(format!(
        "must be between \"{}\" and \"{}\", is {text:?}",
        humantime::format_duration(min),
        humantime::format_duration(max),
    )))
}

/// The word for no end in time.
const FOREVER: &str = "forever";
/// The word for no end in number.
const ALL: &str = "all";

/// A duration between `MIN` and `MAX` seconds, or "forever".
pub(super) fn duration_or_forever<'de, const MIN: u64, const MAX: u64, D>(
    from: D,
) -> Result<Option<Duration>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(from)?;
    if text == FOREVER {
        return Ok(None);
    }
    let text: StringDeserializer<D::Error> = text.into_deserializer();
    duration::<MIN, MAX, _>(text).map(Some)
}

/// A number between `MIN` and `MAX`, or "all".
pub(super) fn number_or_all<'de, const MIN: u64, const MAX: u64, D>(
    from: D,
) -> Result<Option<u64>, D::Error>
where
    D: Deserializer<'de>,
{
    struct Words<const MIN: u64, const MAX: u64>;
    impl<const MIN: u64, const MAX: u64> Visitor<'_> for Words<MIN, MAX> {
        type Value = Option<u64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "\"{ALL}\" or a number between {MIN} and {MAX}")
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            within(number, MIN, MAX).map(Some)
        }

        // A variable of the environment is always text.
        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            match (text, text.parse()) {
                (ALL, _) => Ok(None),
                (_, Ok(number)) => self.visit_i64(number),
                (_, Err(_)) => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }
    }
    from.deserialize_any(Words::<MIN, MAX>)
}

/// Writes no end in time as "forever".
#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn or_forever<S: Serializer>(
    value: &Option<Duration>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => humantime_serde::serialize(value, to),
        None => to.serialize_str(FOREVER),
    }
}

/// Writes no end in number as "all".
#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn or_all<S: Serializer>(value: &Option<u64>, to: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(to),
        None => to.serialize_str(ALL),
    }
}

/// One address or a list of them.
pub(super) fn addresses<'de, D>(from: D) -> Result<Vec<SocketAddr>, D::Error>
where
    D: Deserializer<'de>,
{
    struct OneOrMany;
    impl<'de> Visitor<'de> for OneOrMany {
        type Value = Vec<SocketAddr>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an address such as \"127.0.0.1:44444\" or a list of them")
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(vec![address(text)?])
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            let mut listen = Vec::new();
            while let Some(text) = items.next_element::<String>()? {
                let next = address(&text)?;
                if listen.contains(&next) {
                    return Err(A::Error::custom(format!("{next} stands here twice")));
                }
                if listen.len() == LISTEN_MAX {
                    return Err(A::Error::custom(format!(
                        "more than {LISTEN_MAX} addresses"
                    )));
                }
                listen.push(next);
            }
            if listen.is_empty() {
                return Err(A::Error::custom("needs at least one address"));
            }
            Ok(listen)
        }
    }
    from.deserialize_any(OneOrMany)
}

fn address<E: Error>(text: &str) -> Result<SocketAddr, E> {
    text.parse().map_err(|_| {
        E::custom(format!(
            "{text:?} is not an IP address with a port, such as \"127.0.0.1:44444\" or \
             \"[::1]:44444\""
        ))
    })
}

/// A name for people: one line, not empty, at most 64 characters.
pub(super) fn title<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    let legal = (1..=TITLE_MAX).contains(&text.chars().count())
        && !text.trim().is_empty()
        && !text.chars().any(char::is_control);
    if legal {
        return Ok(text);
    }
    let problem = format!("must have 1 to {TITLE_MAX} characters and no control characters");
    Err(D::Error::custom(problem))
}

/// A path that is not empty.
pub(super) fn path<'de, D: Deserializer<'de>>(from: D) -> Result<PathBuf, D::Error> {
    let path = PathBuf::deserialize(from)?;
    if path.as_os_str().is_empty() {
        return Err(D::Error::custom("must name a path, is empty"));
    }
    Ok(path)
}

/// What the log's filter takes.
pub(super) fn filter<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let text = String::deserialize(from)?;
    match EnvFilter::builder().parse(&text) {
        Ok(_) if !text.trim().is_empty() => Ok(text),
        Ok(_) | Err(_) => Err(D::Error::custom(format!(
            "{text:?} is not a filter; write a level (error, warn, info, debug, trace, off), or \
             parts with their levels, such as \"info,netcomm::tls=debug\""
        ))),
    }
}

/// Writes nothing as an empty text; TOML has no other word for it.
#[expect(clippy::ref_option, reason = "the signature that serde calls")]
pub(super) fn or_empty<T: Serialize, S: Serializer>(
    value: &Option<T>,
    to: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => value.serialize(to),
        None => to.serialize_str(""),
    }
}

/// A path, or nothing.
pub(super) fn optional_path<'de, D>(from: D) -> Result<Option<PathBuf>, D::Error>
where
    D: Deserializer<'de>,
{
    let path = PathBuf::deserialize(from)?;
    Ok((!path.as_os_str().is_empty()).then_some(path))
}

/// `host:port`, or nothing.
pub(super) fn endpoint<'de, D>(from: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    let text = String::deserialize(from)?;
    if text.is_empty() {
        return Ok(None);
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || "/@#?".contains(c);
    let legal = text.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty() && !host.contains(odd) && port.parse::<u16>().is_ok_and(|port| port > 0)
    });
    if legal {
        return Ok(Some(text));
    }
    Err(D::Error::custom(format!(
        "{text:?} is not a host with a port, such as \"chat.example.org:44444\""
    )))
}
