//! The bytes of every frame, and the document that describes them.
//!
//! Bytes are a contract: a test here that has to change means another version of the protocol,
//! unless only an optional field was added.

mod document;
mod frames;
mod requests;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{Code, EntryBody, Frame};

/// All words an enum knows, from what serde says about one that it does not know.
fn words<T: DeserializeOwned>(unknown: Value) -> Vec<String> {
    let refusal = match serde_json::from_value::<T>(unknown) {
        Err(error) => error.to_string(),
        Ok(_) => panic!("an unknown word was taken"),
    };
    let mut quoted = refusal.split('`').skip(1).step_by(2);
    assert_eq!(quoted.next(), Some("?"), "{refusal}");
    quoted.map(str::to_owned).collect()
}

fn frame_types() -> Vec<String> {
    words::<Frame>(json!({ "type": "?" }))
}

fn entry_kinds() -> Vec<String> {
    words::<EntryBody>(json!({ "kind": "?" }))
}

fn codes() -> Vec<String> {
    words::<Code>(json!("?"))
}
