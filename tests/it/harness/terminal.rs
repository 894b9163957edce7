//! People at real terminals, which tmux draws.

use std::{process::Command, time::Duration};

use tokio::time::sleep;

use super::{NETCOMM, Site, within_deadline};

/// How often a screen is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);

/// Terminals of one test. Ended when dropped, with all that runs in them.
pub(crate) struct Terminals<'a> {
    site: &'a Site,
    socket: String,
}

/// One of them, and who sits at it.
pub(crate) struct Terminal<'a> {
    terminals: &'a Terminals<'a>,
    who: &'static str,
}

impl<'a> Terminals<'a> {
    pub(crate) fn new(site: &'a Site) -> Self {
        let socket = site.path("tmux").to_str().unwrap().to_owned();
        Self { site, socket }
    }

    fn tmux(&self, arguments: &[&str]) -> Command {
        let mut command = self.site.untold("tmux");
        command
            .args(["-S", &self.socket, "-f", "/dev/null"])
            .args(arguments)
            .env_remove("TMUX")
            .env("TERM", "xterm-256color")
            .env("TZ", "UTC");
        command
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = match self.tmux(arguments).output() {
            Ok(output) => output,
            Err(error) => panic!("cannot run tmux: {error} (Debian: apt-get install tmux)"),
        };
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Somebody sits down and runs `netcomm` with a state folder of their own.
    pub(crate) fn open(&'a self, who: &'static str, arguments: &str) -> Terminal<'a> {
        let state = self.site.path(who);
        let state = format!("NETCOMM_STATE_DIR={}", state.display());
        let command = format!("exec {NETCOMM} {arguments}");
        let new = [
            "new-session",
            "-d",
            "-s",
            who,
            "-x",
            "220",
            "-y",
            "40",
            "-e",
        ];
        self.done(&[&new[..], &[&state, &command]].concat());
        Terminal {
            terminals: self,
            who,
        }
    }
}

impl Drop for Terminals<'_> {
    fn drop(&mut self) {
        // It ends by itself when nobody is there any more.
        drop(self.tmux(&["kill-server"]).output());
    }
}

impl Terminal<'_> {
    /// What is on the screen.
    pub(crate) fn screen(&self) -> String {
        self.terminals
            .done(&["capture-pane", "-p", "-J", "-t", self.who])
    }

    /// Types a line.
    pub(crate) fn line(&self, text: &str) {
        self.terminals
            .done(&["send-keys", "-t", self.who, "-l", "--", text]);
        self.key("Enter");
    }

    /// Presses a key, by the name tmux has for it.
    pub(crate) fn key(&self, name: &str) {
        self.terminals.done(&["send-keys", "-t", self.who, name]);
    }

    /// Waits until the screen shows this, and gives the screen.
    pub(crate) async fn shows(&self, text: &str) -> String {
        self.becomes(text, |screen| screen.contains(text)).await
    }

    /// Waits until the screen is like that.
    pub(crate) async fn becomes(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let look = async {
            loop {
                let screen = self.screen();
                if wanted(&screen) {
                    return screen;
                }
                sleep(LOOK_INTERVAL).await;
            }
        };
        match tokio::time::timeout(super::DEADLINE, look).await {
            Ok(screen) => screen,
            Err(_) => panic!("{} waits in vain for {what}:\n{}", self.who, self.screen()),
        }
    }

    /// Waits until the program has ended, and the terminal with it.
    pub(crate) async fn ended(self) {
        let ended = async {
            while self
                .terminals
                .tmux(&["has-session", "-t", self.who])
                .output()
                .unwrap()
                .status
                .success()
            {
                sleep(LOOK_INTERVAL).await;
            }
        };
        within_deadline("the program's end", ended).await;
    }
}
