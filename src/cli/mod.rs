//! The commands: what each takes from the command line, does, and prints.

pub mod gen_certs;
