//! The `netcomm` binary.

fn main() {}
