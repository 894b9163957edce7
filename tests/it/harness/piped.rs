//! The real program between pipes, as scripts use it.

use std::{
    io::Write,
    process::{Child, Command, Stdio},
};

use super::{PASSWORD, Running, Site};

/// How a program ended, and what it wrote.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// It must have ended well.
    pub(crate) fn well(self) -> Self {
        assert_eq!(self.code, Some(0), "{self:?}");
        self
    }
}

impl Site {
    /// A command of the client's side, with a folder of its own to remember things in.
    pub(crate) fn client(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(arguments);
        command
            .env("NETCOMM_STATE_DIR", self.path("state"))
            .env("TZ", "UTC")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Makes alice's account by the server's owner invite, and has her say hello.
    pub(crate) fn register(&self, server: &Running) -> Ended {
        let link = server.told("owner invite");
        let mut command = self.client(&["connect", "--user", "alice", link]);
        command.env("NETCOMM_PASSWORD", PASSWORD);
        run(command, "hello\n")
    }
}

impl Running {
    /// What stands after these words in what the server printed.
    pub(crate) fn told(&self, words: &str) -> &str {
        let mut lines = self.printed.iter();
        lines
            .find_map(|line| line.strip_prefix(words))
            .unwrap()
            .trim()
    }
}

/// Starts a program, gives it this, and closes its input.
pub(crate) fn start(mut command: Command, input: &str) -> Child {
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // Some end without having read all.
    drop(stdin.write_all(input.as_bytes()));
    child
}

/// Runs a program with this as its input to its end.
pub(crate) fn run(command: Command, input: &str) -> Ended {
    let output = start(command, input).wait_with_output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
