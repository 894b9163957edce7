//! Whole-system tests.
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

#[test]
fn placeholder() {
    let none: Option<u8> = Some(1);
    assert_eq!(none.unwrap(), 1);
}
