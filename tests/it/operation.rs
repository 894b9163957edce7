//! What an operator does to the program: start, check, reload, stop, and all that can be wrong.

use std::{fs, os::unix::fs::PermissionsExt, time::Duration};

use netcomm::{
    config::Registration,
    protocol::Frame,
    tls::{CertificateFiles, GenerateOptions, Replace, generate},
};
use rustix::process::{Resource, Rlimit, Signal, prlimit};
use serde_json::json;
use tokio::time::sleep;

use crate::harness::{Connection, Running, Site, posted, within_deadline};

/// Waits until the log has this so many times.
async fn logged(site: &Site, text: &str, times: usize) {
    let logged = async {
        while site.log().matches(text).count() < times {
            sleep(Duration::from_millis(5)).await;
        }
    };
    within_deadline(&format!("{text:?} in the log"), logged).await;
}

#[tokio::test]
async fn a_first_start_makes_certificates_and_says_what_to_do_next() {
    let site = Site::bare(|_| {});
    let server = site.start();
    let printed = server.printed.join("\n");
    for part in [
        "listening    127.0.0.1:",
        "CA file",
        "CA pin",
        "owner invite netcomm://",
        "connect --ca",
    ] {
        assert!(printed.contains(part), "{part} in {printed}");
    }
    for file in ["ca.key", "server.key", "data/netcomm.db"] {
        let mode = fs::metadata(site.path(file)).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{file}");
    }
    server.register("alice").await.say("*", "hi").await;
    server.signal(Signal::TERM);
    assert!(server.exit().success());
    // Nothing is made anew, and there is an account, so there is no owner to be found.
    let ca = fs::read(site.path("ca.pem")).unwrap();
    let server = site.start();
    assert!(!server.printed.join("\n").contains("owner invite"));
    assert_eq!(fs::read(site.path("ca.pem")).unwrap(), ca);
}

#[test]
fn certificates_that_are_partly_there_are_not_made_up_for() {
    let site = Site::new(|_| {});
    fs::remove_file(site.path("server.key")).unwrap();
    let refused = site.serve(&[]);
    assert_eq!(refused.status.code(), Some(1));
    let error = String::from_utf8(refused.stderr).unwrap();
    assert!(error.contains("server.key"), "{error}");
    assert!(!site.path("data").exists());
}

#[test]
fn a_check_says_ok_and_starts_nothing() {
    for site in [Site::new(|_| {}), Site::bare(|_| {})] {
        let checked = site.serve(&["--check"]);
        let said = String::from_utf8(checked.stdout).unwrap();
        assert!(checked.status.success(), "{said}");
        assert!(said.contains("server.toml: ok"), "{said}");
        assert!(!site.path("data").exists());
    }
}

#[test]
fn what_is_wrong_with_the_settings_is_named_and_the_exit_code_is_two() {
    let site = Site::new(|_| {});
    let cases: [(&str, &str); 9] = [
        ("[server]\nnmae = \"x\"\n", "nmae"),
        ("[limits]\nframe_max = \"big\"\n", "frame_max"),
        ("[limits]\nframe_max = 0\n", "frame_max"),
        ("[limits]\nlogin_timeout = \"0s\"\n", "login_timeout"),
        ("[server]\nname = \"a\"\nname = \"b\"\n", "duplicate"),
        ("[server\n", ":1"),
        ("", "empty"),
        ("\u{feff}[server]\n", "byte order mark"),
        (
            "[limits]\nping_interval = \"1m\"\ndead_after = \"30s\"\n",
            "dead_after",
        ),
    ];
    for (text, named) in cases {
        fs::write(site.path("server.toml"), text).unwrap();
        for arguments in [&["--check"][..], &[]] {
            let refused = site.serve(arguments);
            let error = String::from_utf8(refused.stderr).unwrap();
            assert_eq!(refused.status.code(), Some(2), "{text:?}: {error}");
            assert!(
                error.contains("server.toml") && error.contains(named),
                "{text:?}: {error}"
            );
        }
    }
    fs::remove_file(site.path("server.toml")).unwrap();
    assert_eq!(site.serve(&[]).status.code(), Some(2));
    fs::create_dir(site.path("server.toml")).unwrap();
    assert_eq!(site.serve(&[]).status.code(), Some(2));
    let misused = site.command(&["serve", "--no-such-flag"]).output().unwrap();
    assert_eq!(misused.status.code(), Some(2));
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused_and_the_first_serves_on() {
    let site = Site::new(|_| {});
    let server = site.start();
    let refused = site.serve(&[]);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        error.contains("in use by another netcomm server"),
        "{error}"
    );
    server.register("alice").await.say("*", "hi").await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let site = Site::new(|_| {});
    let server = site.start();
    let address = server.address();
    let other = Site::new(|config| config.server.listen = vec![address]);
    let refused = other.serve(&[]);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        error.contains(&format!("cannot listen on {address}")),
        "{error}"
    );
}

#[test]
fn a_key_that_others_can_read_is_refused_with_what_to_do() {
    let site = Site::new(|_| {});
    fs::set_permissions(site.path("server.key"), fs::Permissions::from_mode(0o640)).unwrap();
    let refused = site.serve(&[]);
    let error = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        error.contains("server.key") && error.contains("600"),
        "{error}"
    );
}

fn renew(site: &Site) {
    let tls = &site.config().tls;
    let files = CertificateFiles {
        ca: tls.ca.clone(),
        ca_key: tls.ca.with_extension("key"),
        certificate: tls.certificate.clone(),
        key: tls.key.clone(),
    };
    let options = GenerateOptions {
        replace: Replace::Server,
        ..GenerateOptions::new(files)
    };
    generate(&options).unwrap();
}

#[tokio::test]
async fn a_new_certificate_and_new_settings_are_taken_over_without_dropping_anybody() {
    let mut site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    let before = server.connect().await.certificate();
    renew(&site);
    site.configure(|config| config.server.registration = Registration::Closed);
    server.signal(Signal::HUP);
    logged(&site, "config_loaded", 1).await;
    let mut newcomer = Connection::open(server.address(), server.tls())
        .await
        .unwrap();
    assert_ne!(newcomer.certificate(), before);
    let Some(Frame::Hello(hello)) = newcomer.frame().await else {
        panic!("no hello");
    };
    assert_eq!(hello.registration, "closed");
    alice.say("*", "still here").await;
    alice.resume(server.connect().await).await.unwrap();
}

#[tokio::test]
async fn a_new_limit_on_registrations_counts_from_the_reload_on() {
    let mut site = Site::new(|config| config.limits.registrations_per_hour = 1);
    let server = site.start();
    server.register("alice").await;
    // What was counted by the old limit, an hour, is one turn by the new one: a tenth of a second.
    site.configure(|config| config.limits.registrations_per_hour = 36_000);
    server.signal(Signal::HUP);
    logged(&site, "config_loaded", 1).await;
    let bob = b"{\"type\":\"register\",\"id\":1,\"user\":\"bob\",\"password\":\"seven rusty bicycles\"}\n";
    let let_in = async {
        loop {
            let mut newcomer = server.connect().await;
            newcomer.write(bob).await;
            if let Some(Frame::Ok(_)) = newcomer.frame().await {
                return;
            }
        }
    };
    within_deadline("bob is let in", let_in).await;
}

#[tokio::test]
async fn a_clock_that_stands_before_the_newest_entry_is_told_of_at_the_start() {
    let site = Site::new(|_| {});
    let doubt = "the clock stands before the newest entry";
    let server = site.start();
    server.register("alice").await.say("*", "hi").await;
    server.signal(Signal::TERM);
    assert!(server.exit().success());
    let server = site.start();
    assert_eq!(site.log().matches(doubt).count(), 0);
    server.signal(Signal::TERM);
    assert!(server.exit().success());
    let database = rusqlite::Connection::open(site.path("data/netcomm.db")).unwrap();
    let hour_ahead = "UPDATE entries SET at = at + 3600000";
    database.execute(hour_ahead, ()).unwrap();
    database.close().unwrap();
    let _server = site.start();
    logged(&site, doubt, 1).await;
}

#[tokio::test]
async fn what_cannot_be_taken_over_leaves_the_old_in_force() {
    let site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    let before = server.connect().await.certificate();
    // A key of another pair, then none, then settings that are none.
    let (key, other) = (
        fs::read(site.path("server.key")).unwrap(),
        Site::new(|_| {}),
    );
    fs::copy(other.path("server.key"), site.path("server.key")).unwrap();
    server.signal(Signal::HUP);
    logged(&site, "certificate not taken over", 1).await;
    fs::write(site.path("server.key"), "no key at all").unwrap();
    server.signal(Signal::HUP);
    logged(&site, "certificate not taken over", 2).await;
    fs::write(site.path("server.key"), key).unwrap();
    fs::write(site.path("server.toml"), "[server]\nnmae = 1\n").unwrap();
    server.signal(Signal::HUP);
    logged(&site, "settings not taken over", 1).await;
    assert_eq!(server.connect().await.certificate(), before);
    alice.say("*", "still here").await;
}

#[tokio::test]
async fn a_stop_says_goodbye_with_a_time_to_come_back() {
    let site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    let mut newcomer = server.connect().await;
    // One that says nothing must not hold the stop up.
    let _silent = tokio::net::TcpStream::connect(server.address())
        .await
        .unwrap();
    let start = std::time::Instant::now();
    server.signal(Signal::TERM);
    for frame in [
        alice
            .value(|frame| matches!(frame, Frame::GoingAway { .. }))
            .await,
        newcomer.frame().await.unwrap(),
    ] {
        let Frame::GoingAway { retry_ms } = frame else {
            panic!("{frame:?}");
        };
        assert!((1..60_000).contains(&retry_ms));
    }
    assert_eq!(server.exit().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(5));
}

/// Lets the process have this many files.
fn limit_files(server: &Running, files: u64) {
    let limit = Rlimit {
        current: Some(files),
        maximum: Some(files),
    };
    prlimit(Some(server.pid()), Resource::Nofile, limit).unwrap();
}

#[tokio::test]
async fn a_server_out_of_file_descriptors_serves_those_it_has_and_recovers() {
    let site = Site::new(|_| {});
    let server = site.start();
    let mut alice = server.register("alice").await;
    let open = fs::read_dir(format!("/proc/{}/fd", server.pid().as_raw_nonzero()))
        .unwrap()
        .count();
    limit_files(&server, u64::try_from(open).unwrap() + 4);
    let mut crowd = Vec::new();
    for _ in 0..20 {
        crowd.push(
            tokio::net::TcpStream::connect(server.address())
                .await
                .unwrap(),
        );
    }
    logged(&site, "cannot accept connections", 1).await;
    for number in 0..20 {
        alice.say("*", &format!("still here {number}")).await;
    }
    alice.expect(posted("still here 19")).await;
    drop(crowd);
    let mut bob = server.register("bob").await;
    bob.get(json!({"type": "history", "in": "*"})).await;
    assert!(site.log().matches("cannot accept connections").count() < 20);
}
