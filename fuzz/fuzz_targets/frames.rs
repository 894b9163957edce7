//! Lines from a server: what the client reads of them, it can write and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netcomm::protocol::Frame;

fuzz_target!(|line: &[u8]| {
    let Ok(Some(frame)) = Frame::parse(line) else {
        return;
    };
    let mut written = Vec::new();
    frame.encode(&mut written);
    let (end, line) = written.split_last().expect("a line is not empty");
    assert_eq!(*end, b'\n');
    assert!(!line.contains(&b'\n'), "two lines for one frame");
    let again = Frame::parse(line).expect("what was written can be read");
    assert_eq!(again, Some(frame), "read back differently");
});
