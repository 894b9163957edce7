//! What is asked of a person who has not said it: server, user name, password, new account or not.
//!
//! Secrets are read without echo and go nowhere but to the server. Without a terminal nothing is
//! asked: what is missing is named.

use super::{
    core::{Account, Core, Credentials, Update},
    line::{Ask, Desk, Reply},
    link::LinkState,
    profile::ProfileError,
    sanitize,
};
use crate::{
    model::UserName,
    protocol::{Code, Failure, Hello, Secret},
    tls::ClientTls,
};

use tokio::select;

/// How a registration policy stands in hello.
const OPEN: &str = "open";

/// Why nobody is logged in.
#[derive(Debug)]
pub(super) struct Needed {
    pub(super) hello: Option<Box<Hello>>,
    pub(super) refused: Option<Failure>,
}

impl Needed {
    pub(super) fn reason(&self) -> String {
        match &self.refused {
            Some(failure) => sanitize::line(&failure.text),
            None => "nobody is logged in".to_owned(),
        }
    }

    pub(super) fn without_a_terminal(&self) -> String {
        format!(
            "netcomm: {}: run it on a terminal to be asked, or give --user and --password-file",
            self.reason()
        )
    }
}

/// Why a question was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoAnswer {
    /// Whoever was asked left.
    #[error("nothing was changed")]
    Left,
    /// There is nobody to ask.
    #[error("this is asked on a terminal only")]
    NoTerminal,
}

/// Asks at a terminal.
pub(super) struct Asker<'d> {
    desk: &'d mut Desk,
}

impl<'d> Asker<'d> {
    pub(super) const fn new(desk: &'d mut Desk) -> Self {
        Self { desk }
    }

    /// Asks once; lines that are still to be shown are shown before.
    async fn ask(&mut self, ask: Ask) -> Result<Reply, NoAnswer> {
        if !self.desk.console.is_terminal() {
            return Err(NoAnswer::NoTerminal);
        }
        while !self.desk.output.is_empty() {
            self.desk.output.drain().await.map_err(|_| NoAnswer::Left)?;
        }
        self.desk.console.ask(ask);
        select! {
            reply = self.desk.console.reply() => match reply {
                Reply::Interrupted | Reply::End => Err(NoAnswer::Left),
                reply => Ok(reply),
            },
            () = self.desk.signals.next() => Err(NoAnswer::Left),
        }
    }

    async fn line(&mut self, prompt: String) -> Result<String, NoAnswer> {
        match self.ask(Ask::Answer { prompt }).await? {
            Reply::Line(line) => Ok(line.trim().to_owned()),
            _ => Err(NoAnswer::Left),
        }
    }

    async fn secret(&mut self, prompt: String) -> Result<Secret, NoAnswer> {
        match self.ask(Ask::Secret { prompt }).await? {
            Reply::Secret(secret) => Ok(secret),
            _ => Err(NoAnswer::Left),
        }
    }

    fn say(&mut self, text: impl Into<String>) {
        self.desk.output.notice(text);
    }

    /// Asks for something until it can be read; Enter alone means what is suggested.
    pub(super) async fn value<T>(
        &mut self,
        what: &str,
        suggested: Option<&str>,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Result<T, NoAnswer> {
        loop {
            let prompt = match suggested {
                Some(suggested) => format!("{what} [{suggested}]: "),
                None => format!("{what}: "),
            };
            let line = self.line(prompt).await?;
            let text = match (line.as_str(), suggested) {
                ("", Some(suggested)) => suggested,
                (line, _) => line,
            };
            match parse(text) {
                Ok(value) => return Ok(value),
                Err(problem) => self.say(sanitize::line(&problem)),
            }
        }
    }

    async fn user(&mut self, suggested: Option<&UserName>) -> Result<UserName, NoAnswer> {
        let suggested = suggested.map(UserName::as_str);
        let parse = |text: &str| UserName::parse(text).map_err(|error| error.to_string());
        self.value("User name", suggested, parse).await
    }

    /// The password of an account that is there.
    pub(super) async fn password(
        &mut self,
        user: &UserName,
        needed: &Needed,
    ) -> Result<Credentials, NoAnswer> {
        self.say(format!("-- {}", needed.reason()));
        let password = self.secret(format!("Password for {user}: ")).await?;
        Ok(Credentials::Password(password))
    }

    /// A password nobody has yet, typed twice.
    async fn new_password(&mut self, user: &UserName) -> Result<Secret, NoAnswer> {
        loop {
            let password = self.secret(format!("New password for {user}: ")).await?;
            let again = self.secret("The same again: ".to_owned()).await?;
            if password == again {
                return Ok(password);
            }
            self.say("these were two different passwords");
        }
    }

    /// The old and the new password.
    pub(super) async fn change_password(&mut self) -> Result<(Secret, Secret), NoAnswer> {
        let old = self.secret("Old password: ".to_owned()).await?;
        let new = self.secret("New password: ".to_owned()).await?;
        let again = self.secret("The same again: ".to_owned()).await?;
        if new == again {
            Ok((old, new))
        } else {
            self.say("these were two different passwords");
            Err(NoAnswer::Left)
        }
    }
}

/// What is known before anybody is asked.
#[derive(Debug, Default)]
pub(super) struct Wish {
    /// Whether to make an account, if that was said.
    pub(super) register: bool,
    /// The secret of an invite.
    pub(super) invite: Option<Secret>,
}

/// How signing in ended.
pub(super) enum SignedIn {
    /// The session stands.
    Yes(Box<Core>),
    /// It does not.
    No,
}

/// Logs in or makes an account, asking what was not said.
pub(super) async fn sign_in(
    mut account: Account,
    tls: &ClientTls,
    wish: &Wish,
    desk: &mut Desk,
) -> Result<SignedIn, ProfileError> {
    loop {
        let core = Core::start(account.clone(), tls.clone())?;
        let mut signing = Signing {
            core,
            desk,
            wish,
            making: None,
        };
        match signing.run().await {
            Next::In => return Ok(SignedIn::Yes(Box::new(signing.core))),
            Next::As(user) => {
                signing.core.close().await;
                account.user = user;
            }
            Next::Nowhere => {
                signing.core.close().await;
                return Ok(SignedIn::No);
            }
        }
    }
}

enum Next {
    In,
    /// As somebody else.
    As(UserName),
    Nowhere,
}

struct Signing<'d> {
    core: Core,
    desk: &'d mut Desk,
    wish: &'d Wish,
    /// Whether an account is being made, once that was decided.
    making: Option<bool>,
}

impl Signing<'_> {
    async fn run(&mut self) -> Next {
        loop {
            let Desk {
                output, signals, ..
            } = &mut *self.desk;
            let update = select! {
                update = self.core.next() => update,
                drained = output.drain(), if !output.is_empty() => match drained {
                    Ok(()) => continue,
                    Err(_) => return Next::Nowhere,
                },
                () = signals.next() => return Next::Nowhere,
            };
            for line in self.desk.view.lines(&update, self.core.state()) {
                self.desk.output.show(line);
            }
            match update {
                Update::LoggedIn(_) => return Next::In,
                Update::Link(LinkState::Stopped(_)) => return Next::Nowhere,
                Update::NeedsLogin { hello, refused } => {
                    match self.credentials(&Needed { hello, refused }).await {
                        Ok(Some(user)) => return Next::As(user),
                        Ok(None) => {}
                        Err(NoAnswer::Left | NoAnswer::NoTerminal) => return Next::Nowhere,
                    }
                }
                _ => {}
            }
        }
    }

    /// Signs in with what it is told; or gives another user name to do it with.
    async fn credentials(&mut self, needed: &Needed) -> Result<Option<UserName>, NoAnswer> {
        let user = self.core.user().clone();
        let mut asker = Asker::new(self.desk);
        if let Some(failure) = &needed.refused {
            asker.say(format!("-- {}", sanitize::line(&failure.text)));
            let is_about_name = matches!(
                failure.code,
                Code::LoginRefused | Code::NameTaken | Code::NameRefused
            );
            if is_about_name {
                let other = asker.user(Some(&user)).await?;
                if other != user {
                    return Ok(Some(other));
                }
            }
            if failure.code == Code::NameTaken {
                // They say it is their name: then they have an account.
                self.making = Some(false);
            }
        }
        let making = match self.making {
            Some(making) => making,
            None => self.is_new(&user, needed).await?,
        };
        self.making = Some(making);
        let mut asker = Asker::new(self.desk);
        let credentials = if making {
            Credentials::Register {
                password: asker.new_password(&user).await?,
                invite: self.wish.invite.clone(),
            }
        } else {
            let password = asker.secret(format!("Password for {user}: ")).await?;
            Credentials::Password(password)
        };
        self.core.sign_in(credentials);
        Ok(None)
    }

    async fn is_new(&mut self, user: &UserName, needed: &Needed) -> Result<bool, NoAnswer> {
        if self.wish.register || self.wish.invite.is_some() {
            return Ok(true);
        }
        let policy = needed
            .hello
            .as_ref()
            .map(|hello| hello.registration.as_str());
        if policy != Some(OPEN) {
            return Ok(false);
        }
        let prompt = format!("Make a new account for {user}? [y/N]: ");
        let answer = Asker::new(self.desk).line(prompt).await?;
        Ok(answer.to_ascii_lowercase().starts_with('y'))
    }
}
