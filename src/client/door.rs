//! What has to be known before there can be a chat: where, whom to trust there, and who one is.
//!
//! It asks nobody: line mode and the whole screen ask in their own ways, and tell it the answers.

use super::{
    core::{Account, Core, Credentials},
    profile::Profile,
    start::{self, Options, Target},
};
use crate::{
    auth::{InviteLink, LinkError, ServerAddress},
    model::UserName,
    protocol::{DEFAULT_PORT, Secret},
    tls::ClientTls,
};

/// Where a first chat is: what `netcomm serve` listens on.
const DEFAULT_HOST: &str = "127.0.0.1";

/// Something that has to be known and was not said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    /// Where to go: an invite link or an address.
    Place,
    /// Who one is there.
    User,
}

/// What was said.
#[derive(Clone, Debug)]
pub(super) enum Said {
    /// Where to go.
    Place(Target),
    /// Who one is.
    User(UserName),
}

impl Question {
    /// Understands an answer.
    pub(super) fn read(self, text: &str) -> Result<Said, String> {
        let text = text.trim();
        let sentence = |error: LinkError| error.to_string();
        match self {
            Self::Place => target(text).map(Said::Place).map_err(sentence),
            Self::User => {
                let name = text.strip_prefix('@').unwrap_or(text);
                let name = UserName::parse(name).map_err(|error| error.to_string());
                name.map(Said::User)
            }
        }
    }
}

/// An address, or an invite link.
pub(crate) fn target(text: &str) -> Result<Target, LinkError> {
    if text.contains("://") {
        InviteLink::parse(text).map(Target::Invite)
    } else {
        ServerAddress::parse(text).map(Target::Server)
    }
}

/// What is known so far.
pub(super) struct Door {
    options: Options,
    profile: Profile,
    server: Option<ServerAddress>,
    invite: Option<InviteLink>,
    user: Option<UserName>,
    /// Where one was before something else was to be said.
    before: Option<ServerAddress>,
    /// Who one was there.
    user_before: Option<UserName>,
}

impl Door {
    /// What the command line says, and what is remembered.
    pub(super) fn new(options: Options) -> anyhow::Result<Self> {
        let profile = Profile::open(&options.profile)?;
        let target = match options.target.clone() {
            Some(target) => Some(target),
            None => profile.last_server()?.map(Target::Server),
        };
        let mut door = Self {
            user: None,
            server: None,
            invite: None,
            before: None,
            user_before: None,
            profile,
            options,
        };
        if let Some(target) = target {
            door.take(Said::Place(target))?;
        }
        Ok(door)
    }

    /// What the command line says.
    pub(super) const fn options(&self) -> &Options {
        &self.options
    }

    /// What is to be asked next.
    pub(super) fn question(&self) -> Option<Question> {
        match (&self.server, &self.user) {
            (None, _) => Some(Question::Place),
            (Some(_), None) => Some(Question::User),
            (Some(_), Some(_)) => None,
        }
    }

    /// What is meant by saying nothing.
    pub(super) fn suggested(&self, question: Question) -> Option<String> {
        match question {
            Question::Place => Some(self.before.as_ref().map_or_else(
                || format!("{DEFAULT_HOST}:{DEFAULT_PORT}"),
                ToString::to_string,
            )),
            Question::User => self.user_before.as_ref().map(ToString::to_string),
        }
    }

    /// Takes an answer.
    pub(super) fn take(&mut self, said: Said) -> anyhow::Result<()> {
        match said {
            Said::User(user) => self.user = Some(user),
            Said::Place(target) => {
                let (server, invite) = match target {
                    Target::Server(server) => (server, None),
                    Target::Invite(invite) => (invite.server.clone(), Some(invite)),
                };
                if self.before.is_none() {
                    let known = self.profile.known(&server)?;
                    let known = known.and_then(|known| known.user);
                    self.user = self.options.user.clone().or(known);
                }
                (self.server, self.invite) = (Some(server), invite);
            }
        }
        Ok(())
    }

    /// Asks for everything again, with what was said as a suggestion.
    pub(super) fn reopen(&mut self) {
        self.before = self.server.take().or_else(|| self.before.take());
        self.user_before = self.user.take().or_else(|| self.user_before.take());
    }

    /// Where it leads, if that was said.
    pub(super) const fn server(&self) -> Option<&ServerAddress> {
        self.server.as_ref()
    }

    /// The secret of the invite, if there is one.
    pub(super) fn secret(&self) -> Option<Secret> {
        self.invite.as_ref().map(start::secret_of)
    }

    /// Whether an account is to be made.
    pub(super) const fn registers(&self) -> bool {
        self.options.register || self.invite.is_some()
    }

    /// The account, with how to get in if that is known; nothing while something is to be asked.
    pub(super) fn account(&self) -> anyhow::Result<Option<(Account, ClientTls)>> {
        let (Some(server), Some(user)) = (self.server.clone(), self.user.clone()) else {
            return Ok(None);
        };
        let known = self.profile.known(&server)?;
        let trust = start::trust(&self.options, self.invite.as_ref(), known.as_ref())?;
        let tls = ClientTls::new(trust.clone())?;
        let mut account = Account {
            server,
            trust,
            user,
            profile: self.profile.clone(),
            credentials: None,
        };
        account.credentials = self.credentials(&account)?;
        Ok(Some((account, tls)))
    }

    fn credentials(&self, account: &Account) -> anyhow::Result<Option<Credentials>> {
        start::credentials(&self.options, self.invite.as_ref(), account)
    }

    /// Starts the client; nothing while something is to be asked.
    pub(super) fn start(&self) -> anyhow::Result<Option<Core>> {
        let Some((account, tls)) = self.account()? else {
            return Ok(None);
        };
        Ok(Some(Core::start(account, tls)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_an_address_are_places_and_what_is_neither_says_why() {
        let link = "netcomm://chat.example.org/#v1.n4bQgYhMfWWaL-qgxVrQFaO_TxsrC4Is0V1sFbDwCgg.dZFs5u1qq7BW3RIGcvwi3A";
        let place = |text: &str| Question::Place.read(text);
        assert!(matches!(place(link), Ok(Said::Place(Target::Invite(_)))));
        assert!(matches!(
            place(" chat.example.org\n"),
            Ok(Said::Place(Target::Server(_)))
        ));
        for bad in ["", "netcomm://chat.example.org/#v9.x", "host:port"] {
            assert!(place(bad).is_err(), "{bad:?}");
        }
        assert!(matches!(Question::User.read("@bob"), Ok(Said::User(_))));
        assert!(Question::User.read("two words").is_err());
    }
}
