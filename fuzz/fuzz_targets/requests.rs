//! Bytes from a client, cut anywhere: what the server reads of them, it can write and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netcomm::protocol::{Code, FrameBuffer, Request};

/// Small, so that the fuzzer finds both of its sides.
const LIMIT: usize = 1024;

fuzz_target!(|input: &[u8]| {
    let Some((&cut, bytes)) = input.split_first() else {
        return;
    };
    let mut buffer = FrameBuffer::default();
    for part in bytes.chunks(usize::from(cut).max(1)) {
        buffer.extend(part);
        loop {
            match buffer.next_line(LIMIT) {
                Ok(Some(line)) => read(line),
                Ok(None) => break,
                // Here the server closes the connection.
                Err(_) => return,
            }
        }
        buffer.release();
    }
});

fn read(line: &[u8]) {
    assert!(line.len() < LIMIT, "a line above the limit");
    match Request::parse(line) {
        Ok(request) => {
            let written = request.encode();
            let (end, line) = written.split_last().expect("a line is not empty");
            assert_eq!(*end, b'\n');
            assert_eq!(Request::parse(line), Ok(request), "read back differently");
        }
        Err(malformed) => {
            // Without a number the connection ends; that must be the only way to get there.
            assert_eq!(malformed.id.is_none(), malformed.code == Code::BadFrame);
            assert!(!malformed.text.contains('\n'), "a sentence of two lines");
        }
    }
}
