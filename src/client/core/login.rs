//! Getting in: with a token, a password or a new account.

use super::{Asked, Core, Hello, Known, Order, Update};
use crate::{
    client::link::Epoch,
    protocol::{Code, Cursors, Failure, Login, Nothing, Register, Resume, Secret, Verb, Welcome},
};

/// Bytes of a login that are not cursors: names, password, keys; generously.
const LOGIN_OVERHEAD: usize = 2048;
/// The longest name this session is given in its owner's list.
const DEVICE_MAX: usize = 64;

/// How one gets in.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// With a token of an earlier login.
    Token(Secret),
    /// With the account's password.
    Password(Secret),
    /// By making the account.
    Register {
        /// The password it is to have.
        password: Secret,
        /// The secret of an invite.
        invite: Option<Secret>,
    },
}

/// How far a registration whose answer may have been lost has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Progress {
    /// Nothing is open.
    #[default]
    Clear,
    /// The account may have been made without our knowing.
    RegisterSent,
    /// Trying to log in to the account that may have been made.
    LoginTried,
}

impl Core {
    /// Says how to log in. What it leads to comes as updates.
    pub fn sign_in(&mut self, credentials: Credentials) {
        self.account.credentials = Some(credentials);
        self.login = Progress::Clear;
        self.order_login();
    }

    /// Whether it is known how to log in.
    #[must_use]
    pub const fn can_sign_in(&self) -> bool {
        self.account.credentials.is_some()
    }

    pub(super) fn greeted(&mut self, hello: Box<Hello>, epoch: Epoch) {
        self.epoch = epoch;
        self.hello = Some(hello);
        if self.account.credentials.is_some() {
            self.order_login();
        } else {
            self.ask_for_login(None);
        }
    }

    fn ask_for_login(&mut self, refused: Option<Failure>) {
        let hello = self.hello.clone();
        self.updates
            .push_back(Update::NeedsLogin { hello, refused });
    }

    fn order_login(&mut self) {
        if let Some(verb) = self.login_verb() {
            self.orders.push_back(Order::Login(verb));
        }
    }

    fn login_verb(&mut self) -> Option<Verb> {
        let user = self.account.user.clone();
        let cursors = if self.is_unknown_history {
            Cursors::new()
        } else {
            self.fitting_cursors()
        };
        let login = |password: &Secret| {
            Verb::Login(Login {
                user: user.clone(),
                password: password.clone(),
                device: Some(device()),
                cursors: cursors.clone(),
            })
        };
        Some(match self.account.credentials.as_ref()? {
            Credentials::Token(token) => Verb::Resume(Resume {
                token: token.clone(),
                cursors,
            }),
            Credentials::Password(password) => login(password),
            Credentials::Register { password, .. } if self.login == Progress::RegisterSent => {
                self.login = Progress::LoginTried;
                login(password)
            }
            Credentials::Register { password, invite } => {
                self.login = Progress::RegisterSent;
                Verb::Register(Register {
                    user,
                    password: password.clone(),
                    invite: invite.clone(),
                    device: Some(device()),
                })
            }
        })
    }

    /// As many cursors as the frame of a login holds. What is missed by the others shows as a hole
    /// once all else has come, and is asked for.
    fn fitting_cursors(&self) -> Cursors {
        let limits = self.hello.as_ref().map(|hello| hello.limits);
        let limit = limits.map_or(0, |limits| limits.frame_before_login);
        let mut room = limit.saturating_sub(LOGIN_OVERHEAD);
        let mut cursors = self.state.cursors();
        cursors.retain(|address, cursor| {
            // Two quotes, a colon and a comma.
            let size = address.len() + cursor.to_string().len() + 4;
            let fits = size <= room;
            room = room.saturating_sub(size);
            fits
        });
        cursors
    }

    pub(super) fn let_in(&mut self, welcome: Box<Welcome>) {
        self.login = Progress::Clear;
        self.is_unknown_history = false;
        self.connected = true;
        self.state.begin(welcome.user.clone());
        if let Some(token) = &welcome.token {
            if let Err(error) = self.folder.keep_token(token) {
                self.warn(&error);
            }
            self.account.credentials = Some(Credentials::Token(token.clone()));
        }
        let known = Known {
            trust: self.account.trust.clone(),
            user: Some(welcome.user.clone()),
        };
        if let Err(error) = self.account.profile.remember(&self.account.server, &known) {
            self.warn(&error);
        }
        if self.keeps_cursors {
            // Before anything live comes: who is blocked calls in vain. A script counts nothing.
            let blocks = Verb::Blocks(Nothing {});
            self.request(blocks.clone(), Asked::Quiet(blocks));
        }
        self.updates.push_back(Update::LoggedIn(welcome));
    }

    pub(super) fn turned_away(&mut self, failure: Failure) {
        if self.login == Progress::LoginTried && failure.code == Code::LoginRefused {
            // The account was not made after all.
            self.login = Progress::Clear;
            self.order_login();
            return;
        }
        if failure.code == Code::Conflict && !self.is_unknown_history {
            // Some conversation is not the one known here: the server was put back from a backup, or
            // a name has a new owner. Without cursors each begins where it is, and what is known
            // and what is there show which goes on and which begins again.
            self.is_unknown_history = true;
            self.order_login();
            return;
        }
        self.forget_credentials();
        self.ask_for_login(Some(failure));
    }

    pub(super) fn ended(&mut self, failure: Failure) {
        self.cut_off();
        self.forget_credentials();
        self.ask_for_login(Some(failure));
    }

    pub(super) fn forget_credentials(&mut self) {
        self.login = Progress::Clear;
        if let Some(Credentials::Token(token)) = self.account.credentials.take()
            && let Err(error) = self.folder.forget_token(&token)
        {
            self.warn(&error);
        }
    }
}

/// What this session is called in its owner's list: the machine's name.
fn device() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    let plain = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
    let name: String = name.chars().filter(plain).take(DEVICE_MAX).collect();
    if name.is_empty() {
        "netcomm".to_owned()
    } else {
        name
    }
}
