//! What scripts use: send, tail, history, search, doctor, and frames between pipes.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    process::{Child, ChildStdout},
    thread,
};

use serde_json::{Value, json};

use crate::harness::{Ended, Running, Site, run};

/// A server, and alice, who has said hello to everybody.
fn site() -> (Site, Running) {
    let site = Site::new(|_| {});
    let server = site.start();
    site.register(&server).well();
    (site, server)
}

/// Runs a command of alice's.
fn netcomm(site: &Site, arguments: &[&str], input: &str) -> Ended {
    run(site.client(arguments), input)
}

/// What is said to everybody, without the times.
fn history(site: &Site) -> Vec<String> {
    let shown = netcomm(site, &["history", "*"], "").well().stdout;
    let text = |line: &str| line.split_once("  ").unwrap().1.to_owned();
    shown.lines().map(text).collect()
}

#[test]
fn what_was_sent_with_success_stands_in_the_history() {
    let (site, _server) = site();
    netcomm(&site, &["send", "*", "one"], "").well();
    netcomm(&site, &["send", "*"], "two\n\nthree").well();
    netcomm(&site, &["send", "--whole", "*"], "four\nfive\n").well();
    let all = ["hello", "one", "two", "three", "four⏎five"].map(|text| format!("alice: {text}"));
    assert_eq!(history(&site), all);
    let last = netcomm(&site, &["history", "-n", "1", "--json", "*"], "").well();
    let frame: Value = serde_json::from_str(&last.stdout).unwrap();
    assert_eq!(frame["text"], "four\nfive");
    assert_eq!(
        (&frame["type"], &frame["seq"]),
        (&json!("entry"), &json!(5))
    );
}

#[test]
fn what_was_not_sent_is_a_failure_that_says_why() {
    let (site, _server) = site();
    for (arguments, code, why) in [
        (&["send", "#nowhere", "x"][..], 1, "no such conversation"),
        (&["send", "@nobody", "x"], 1, "no such"),
        (&["send", "*", ""], 1, "the text is empty"),
        (&["send", "every one", "x"], 2, "an address is"),
        (&["send", "*", "--id", "two words", "x"], 2, "--id"),
        (&["send", "*", "--id", "name"], 2, "--id names one message"),
        (&["history", "#nowhere"], 1, "not among your conversations"),
        (&["tail", "#nowhere"], 1, "not among your conversations"),
        (
            &["tail", "*", "--since", "yesterday"],
            2,
            "a length of time",
        ),
    ] {
        let ended = netcomm(&site, arguments, "");
        assert_eq!(ended.code, Some(code), "{arguments:?}: {ended:?}");
        assert!(ended.stderr.contains(why), "{arguments:?}: {ended:?}");
    }
    assert_eq!(history(&site), ["alice: hello"]);
}

#[test]
fn a_message_that_was_given_a_name_is_said_once_however_often_it_is_sent() {
    let (site, _server) = site();
    let send = ["send", "*", "--id", "deploy-42", "version 42 is out"];
    for _ in 0..3 {
        netcomm(&site, &send, "").well();
    }
    let other = netcomm(&site, &["send", "*", "--id", "deploy-42", "other"], "");
    assert_eq!(other.code, Some(1), "{other:?}");
    assert_eq!(history(&site), ["alice: hello", "alice: version 42 is out"]);
}

#[test]
fn search_prints_what_holds_all_words_the_newest_first() {
    let (site, _server) = site();
    netcomm(&site, &["send", "*"], "red apples\ngreen apples\nred pears").well();
    let search = |arguments: &[&str]| {
        let arguments = [&["search"], arguments].concat();
        // The index follows within moments; who asks sooner asks again.
        loop {
            let found = netcomm(&site, &arguments, "").well().stdout;
            if !found.is_empty() {
                let text = |line: &str| line.rsplit_once("alice: ").unwrap().1.to_owned();
                return found.lines().map(text).collect::<Vec<_>>();
            }
        }
    };
    assert_eq!(search(&["red", "pear*"]), ["red pears"]);
    assert_eq!(search(&["apples"]), ["green apples", "red apples"]);
    let filters = ["apples", "--in", "*", "--by", "alice", "-n", "1"];
    assert_eq!(search(&filters), ["green apples"]);
    let nothing = netcomm(&site, &["search", "bananas"], "").well();
    assert_eq!(nothing.stdout, "");
}

/// A program that goes on until it is left. Killed when dropped, also by a test that fails.
struct Going {
    child: Child,
    /// Nothing once nobody reads any more.
    stdout: Option<BufReader<ChildStdout>>,
}

impl Drop for Going {
    fn drop(&mut self) {
        // It may have ended already, which is no harm.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Going {
    fn start(site: &Site, arguments: &[&str]) -> Self {
        let mut child = site.client(arguments).spawn().unwrap();
        let stdout = child.stdout.take().map(BufReader::new);
        Self { child, stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.as_mut().unwrap().read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn frame(&mut self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    fn put(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    /// Stops reading, and waits for the program's end.
    fn leave(mut self) -> Option<i32> {
        drop(self.stdout.take());
        self.child.wait().unwrap().code()
    }
}

#[test]
fn tail_goes_on_until_its_reader_has_seen_enough() {
    let (site, _server) = site();
    let mut tail = Going::start(&site, &["tail", "*", "--since", "1h"]);
    // What was said before is there, so that what comes now is followed.
    assert!(tail.line().ends_with("  alice: hello"));
    netcomm(&site, &["send", "*", "live"], "").well();
    assert!(tail.line().ends_with("  alice: live"));
    netcomm(&site, &["connect"], "/me waves\n/delete 2\n").well();
    assert!(tail.line().ends_with("  * alice waves"));
    assert!(tail.line().ends_with("  -- alice deleted [2]"));
    drop(tail.stdout.take());
    // It notices when it has something to write.
    netcomm(&site, &["send", "*", "nobody reads"], "").well();
    assert_eq!(tail.child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_head_of_a_long_history_is_a_good_end() {
    let (site, _server) = site();
    let long = format!("{}\n", "x".repeat(16_000)).repeat(12);
    netcomm(&site, &["send", "*"], &long).well();
    for form in [&["history", "*"][..], &["history", "*", "--json"]] {
        let mut history = Going::start(&site, form);
        assert!(history.line().contains("hello"));
        assert_eq!(history.leave(), Some(0));
    }
}

#[test]
fn frames_go_in_and_out_as_on_the_wire() {
    let (site, _server) = site();
    fs::write(site.path("cursors"), r#"{"*": 0}"#).unwrap();
    let cursors = site.path("cursors");
    let arguments = ["connect", "--json", "--cursors", cursors.to_str().unwrap()];
    let mut program = Going::start(&site, &arguments);
    assert_eq!(program.frame()["type"], "hello");
    let welcome = program.frame();
    assert_eq!(welcome["welcome"]["user"], "alice");
    assert!(!welcome.to_string().contains("token"), "{welcome}");
    assert_eq!(program.frame()["type"], "conversation");
    let missed = program.frame();
    assert_eq!(
        (&missed["seq"], &missed["text"]),
        (&json!(1), &json!("hello"))
    );
    assert_eq!(program.frame()["type"], "current");
    program.put("no frame");
    assert_eq!(program.frame()["code"], "bad_frame");
    program.put(r#"{"type":"send","id":7,"to":"*","text":"by a program","message":"p-1"}"#);
    let told = [program.frame(), program.frame()];
    assert_eq!(told[0]["text"], "by a program");
    assert_eq!(
        (&told[1]["type"], &told[1]["id"]),
        (&json!("ok"), &json!(7))
    );
    // At the end of its input it waits for the answers, says goodbye, and ends well.
    program.put(r#"{"type":"online","id":8}"#);
    drop(program.child.stdin.take());
    let mut rest = String::new();
    let mut stdout = program.stdout.take().unwrap();
    stdout.read_to_string(&mut rest).unwrap();
    assert!(rest.contains(r#""id":8"#), "{rest}");
    assert_eq!(program.leave(), Some(0));
}

#[test]
fn a_token_comes_from_a_file_or_the_environment_and_profiles_are_apart() {
    let (site, server) = site();
    let token = {
        let user = site.path("state/default");
        let mut servers = fs::read_dir(user)
            .unwrap()
            .map(|entry| entry.unwrap().path());
        let folder = servers.find(|path| path.is_dir()).unwrap();
        folder.join("alice/token")
    };
    let ca = site.path("ca.pem");
    let elsewhere = ["--profile", "work", "--server", server.told("listening")];
    let whole = [
        &[
            "send",
            "*",
            "x",
            "--user",
            "alice",
            "--ca",
            ca.to_str().unwrap(),
        ],
        &elsewhere[..],
    ];
    let whole = whole.concat();
    let without = netcomm(&site, &whole, "");
    assert_eq!(without.code, Some(2), "{without:?}");
    assert!(without.stderr.contains("no session"), "{without:?}");
    let file = [&whole[..], &["--token-file", token.to_str().unwrap()]].concat();
    netcomm(&site, &file, "").well();
    let mut by_variable = site.client(&whole);
    by_variable.env("NETCOMM_TOKEN", fs::read_to_string(&token).unwrap());
    run(by_variable, "").well();
    let mut wrong = site.client(&whole);
    wrong.env("NETCOMM_TOKEN", "not-a-token");
    let wrong = run(wrong, "");
    assert_eq!(wrong.code, Some(1), "{wrong:?}");
    assert_eq!(history(&site).len(), 3);
}

/// What doctor finds: each line's verdict and what it is about.
fn findings(ended: &Ended) -> Vec<(&str, &str)> {
    let words = |line| {
        let mut words = str::split_whitespace(line);
        (words.next().unwrap(), words.next().unwrap())
    };
    ended.stdout.lines().map(words).collect()
}

#[test]
fn doctor_names_the_part_that_is_wrong_and_what_to_do() {
    let (site, server) = site();
    let well = netcomm(&site, &["doctor"], "").well();
    let parts = [
        "name", "port", "tls", "pin", "alpn", "protocol", "clock", "token",
    ];
    assert_eq!(findings(&well), parts.map(|part| ("ok", part)));

    let last = |arguments: &[&str], environment: &[(&str, &str)]| {
        let mut command = site.client(&[&["doctor"], arguments].concat());
        command.envs(environment.iter().copied());
        let ended = run(command, "");
        assert_eq!(ended.code, Some(1), "{ended:?}");
        let (verdict, part) = *findings(&ended).last().unwrap();
        assert_eq!(verdict, "wrong", "{ended:?}");
        (
            part.to_owned(),
            ended.stdout.lines().last().unwrap().to_owned(),
        )
    };
    let stranger = Site::new(|_| {});
    let ca = stranger.path("ca.pem");
    let (part, why) = last(&["--ca", ca.to_str().unwrap()], &[]);
    assert!(part == "pin" && why.contains("invite link"), "{why}");
    let (part, why) = last(&[], &[("NETCOMM_TOKEN", "worthless")]);
    assert!(part == "token" && why.contains("log in again"), "{why}");

    let ca = site.path("ca.pem");
    let at = |host: &str| last(&["--ca", ca.to_str().unwrap(), host], &[]);
    let (part, why) = at("host.invalid");
    assert!(part == "name" && why.contains("check the name"), "{why}");
    let mail = TcpListener::bind("127.0.0.1:0").unwrap();
    let mail_address = mail.local_addr().unwrap().to_string();
    let greets = thread::spawn(move || {
        let (mut peer, _) = mail.accept().unwrap();
        peer.write_all(b"220 mail.example.org ESMTP\r\n").unwrap();
        // Until the other side has had enough.
        drop(peer.read_to_end(&mut Vec::new()));
    });
    let (part, why) = at(&mail_address);
    assert!(part == "tls" && why.contains("not with TLS"), "{why}");
    greets.join().unwrap();
    let address = server.told("listening").to_owned();
    drop(server);
    let (part, why) = at(&address);
    assert!(
        part == "port" && why.contains("is netcomm serve running"),
        "{why}"
    );
}
