//! Invite links as people paste them: what is read can be written and read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use netcomm::auth::{InviteLink, InviteSecret, ServerAddress};

fuzz_target!(|pasted: &str| {
    if let Ok(address) = ServerAddress::parse(pasted) {
        assert_eq!(ServerAddress::parse(&address.to_string()), Ok(address));
    }
    match InviteLink::parse(pasted) {
        Ok(link) => {
            let written = link.reveal();
            let again = InviteLink::parse(&written).expect("what was written can be read");
            assert_eq!(again.server, link.server);
            assert_eq!(again.pin, link.pin);
            assert_eq!(*again.reveal(), *written);
        }
        Err(refusal) => {
            // Whoever makes a mistake must not find the secret in an error report.
            let (address, fragment) = pasted.rsplit_once('#').unwrap_or_default();
            let secret = fragment.trim().rsplit('.').next().unwrap_or_default();
            let is_secret = InviteSecret::parse(secret).is_ok() && !address.contains(secret);
            assert!(!is_secret || !refusal.to_string().contains(secret));
        }
    }
});
