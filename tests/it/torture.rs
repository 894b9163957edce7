//! The short form of `netcomm torture`, and the proof that it can find something.

use std::process::{Command, Output};

fn torture(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_netcomm"))
        .args(["torture", "--minutes", "0.08", "--clients", "6"])
        .args(arguments)
        .output()
        .unwrap()
}

#[test]
fn crashes_and_cuts_lose_and_double_nothing() {
    let run = torture(&[]);
    let told = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success(),
        "{told}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(
        told.contains("0 promises broken, 0 messages lost"),
        "{told}"
    );
}

#[test]
fn a_disk_that_forgets_is_found_out() {
    let run = torture(&["--forgetful-disk"]);
    let told = String::from_utf8_lossy(&run.stdout);
    assert_eq!(
        run.status.code(),
        Some(1),
        "{told}{}",
        String::from_utf8_lossy(&run.stderr)
    );
    assert!(told.contains("LOST: the server told"), "{told}");
}
