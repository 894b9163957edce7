//! Configuration files: whatever stands in one, it is taken whole or refused with one sentence.

#![no_main]

use std::{fs, path::PathBuf, sync::LazyLock};

use libfuzzer_sys::fuzz_target;
use netcomm::config::Config;

/// One file for each process, in memory where the system has that.
static FILE: LazyLock<PathBuf> = LazyLock::new(|| {
    let memory = PathBuf::from("/dev/shm");
    let folder = if memory.is_dir() {
        memory
    } else {
        std::env::temp_dir()
    };
    folder.join(format!("netcomm-fuzz-{}.toml", std::process::id()))
});

fuzz_target!(|bytes: &[u8]| {
    fs::write(&*FILE, bytes).expect("a file can be written");
    match Config::load(Some(&FILE), []) {
        Ok(config) => {
            assert!(config.limits.dead_after > config.limits.ping_interval);
            assert!(!config.server.listen.is_empty());
            drop(config.warnings());
        }
        Err(refusal) => {
            let told = refusal.to_string();
            assert!(told.contains("netcomm-fuzz-"), "no file named in {told:?}");
        }
    }
});
