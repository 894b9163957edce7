//! The small client of `docs/`, run as a person would run it, through a crash of the server.

use std::{
    io::{BufRead, BufReader, Lines, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A program that is gone at the end of the test, however that comes.
struct Running {
    child: Child,
    said: Lines<BufReader<ChildStdout>>,
}

impl Running {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let said = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, said }
    }

    /// The next line that `wanted` finds something in.
    fn until<T>(&mut self, wanted: impl Fn(&str) -> Option<T>) -> T {
        loop {
            let line = self.said.next().unwrap().unwrap();
            if let Some(found) = wanted(&line) {
                return found;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended already is as good.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Starts a server in `home`, and says where it listens.
fn serve(home: &Path, listen: &str) -> (Running, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_netcomm"));
    command
        .arg("serve")
        .current_dir(home)
        .env("NETCOMM_SERVER_LISTEN", listen)
        .stderr(Stdio::null());
    let mut server = Running::start(&mut command);
    let address = server.until(|line| {
        line.strip_prefix("listening")
            .map(str::trim)
            .map(str::to_owned)
    });
    (server, address)
}

/// Somebody at the example client, and what they have seen so far.
struct Person {
    client: Running,
    keyboard: ChildStdin,
    seen: Vec<String>,
}

impl Person {
    fn registers(user: &str, home: &Path, server: &str) -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/example_client.py");
        let mut command = Command::new("python3");
        command
            .args([script, "register", server, "certs/ca.pem", user])
            .current_dir(home)
            .env("NETCOMM_PASSWORD", "nine green bottles!")
            .stdin(Stdio::piped());
        let mut client = Running::start(&mut command);
        let keyboard = client.child.stdin.take().unwrap();
        Self {
            client,
            keyboard,
            seen: Vec::new(),
        }
    }

    fn types(&mut self, line: &str) {
        writeln!(self.keyboard, "{line}").unwrap();
    }

    fn sees(&mut self, wanted: &str) {
        let seen = &mut self.seen;
        while seen.last().is_none_or(|last| last != wanted) {
            let line = self.client.said.next().unwrap().unwrap();
            seen.push(line);
        }
    }

    /// All that was shown, but for what it says of the connection, when nothing more is typed.
    fn leaves(mut self) -> Vec<String> {
        drop(self.keyboard);
        self.seen
            .extend(self.client.said.by_ref().map(Result::unwrap));
        assert!(self.client.child.wait().unwrap().success());
        self.seen
            .retain(|line| !line.starts_with("connecting again: "));
        self.seen
    }
}

#[test]
fn the_example_client_loses_and_doubles_nothing_through_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let home = folder.path();
    let (server, address) = serve(home, "127.0.0.1:0");
    let mut carol = Person::registers("carol", home, &address);
    carol.types("* anybody there?");
    carol.sees("* carol anybody there?");
    let mut dave = Person::registers("dave", home, &address);
    dave.types("@carol yes");
    dave.sees("@carol dave yes");
    carol.sees("@dave dave yes");

    drop(server);
    carol.types("@dave typed while it was down");
    let (_server, _) = serve(home, &address);
    dave.sees("@carol carol typed while it was down");
    carol.sees("@dave carol typed while it was down");
    dave.types("@nobody hello?");
    dave.sees("refused: there is no such user hello?");

    let carols = [
        "* carol anybody there?",
        "@dave dave yes",
        "@dave carol typed while it was down",
    ];
    assert_eq!(carol.leaves(), carols);
    let daves = [
        "@carol dave yes",
        "@carol carol typed while it was down",
        "refused: there is no such user hello?",
    ];
    assert_eq!(dave.leaves(), daves);
}
