//! Before login: hello, then one of register, login or resume, with three guesses and within one deadline.

use std::{net::IpAddr, sync::Arc, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    auth::{
        AUDIT, Identity, InviteSecret, LoginError, Password, Proven, RegisterError, SecretToken,
        TokenSeed,
    },
    config::Registration,
    hub::{Feed, SignInError},
    model::{Address, NameError, Seq, ServerRole, Timestamp, UserName},
    protocol::{
        self, Answer, Code, Cursors, FRAME_MAX_BEFORE_LOGIN, Frame, Hello, Limits, Request,
        RequestId, Secret, VERSION, Verb, Welcome,
    },
    server::Context,
};

use super::{
    end::End,
    refusal::{self, Refuse},
    wire::Wire,
};

/// How often one connection may guess a secret before it ends.
const GUESSES_MAX: usize = 3;
/// How often it may be refused at all: more than anybody needs to find a name that is free.
const REFUSALS_MAX: usize = 10;
/// When to try again after "busy": a full waiting line of hashes is done in a few seconds.
const BUSY_DELAY: Duration = Duration::from_secs(2);
/// What a session is called that gives itself no name.
const UNNAMED_DEVICE: &str = "unnamed";

/// Sends the first frame.
pub(super) fn hello(context: &Context) -> Frame {
    let config = context.config();
    let registration = match config.server.registration {
        Registration::Open => "open",
        Registration::Invite => "invite",
        Registration::Closed => "closed",
    };
    Frame::Hello(Hello {
        protocol: VERSION,
        software: concat!("netcomm ", env!("CARGO_PKG_VERSION")).to_owned(),
        name: config.server.name.clone(),
        registration: registration.to_owned(),
        at: Timestamp::now(),
        limits: Limits {
            frame: config.limits.frame_max,
            frame_before_login: FRAME_MAX_BEFORE_LOGIN,
            text: crate::model::TEXT_MAX,
            history_page: u32::try_from(config.limits.history_page_max).unwrap_or(u32::MAX),
            backlog: u64::try_from(config.limits.backlog_max).unwrap_or(u64::MAX),
        },
    })
}

/// Whoever has connected and has not said who they are.
pub(super) struct Newcomer<'a, S> {
    pub(super) wire: &'a mut Wire<S>,
    pub(super) context: &'a Arc<Context>,
    pub(super) peer: IpAddr,
}

/// Who has logged in, and what they are to be told.
struct Admitted {
    identity: Identity,
    token: Option<Secret>,
    failed_logins: Option<u64>,
    cursors: Vec<(Address, Seq)>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Newcomer<'_, S> {
    /// Says hello and answers requests until one of them logs in.
    ///
    /// # Errors
    ///
    /// Why the connection ends without a login.
    pub(super) async fn log_in(mut self) -> Result<(Identity, Feed), End> {
        self.wire.push(&hello(self.context));
        self.wire.flush().await?;
        let (mut guesses, mut refusals) = (0, 0);
        loop {
            let request = self.request().await?;
            let id = request.id;
            let refuse = match self.answer(request).await? {
                Step::Answered => continue,
                Step::Admitted(admitted) => match self.attach(id, *admitted).await {
                    Ok(session) => return Ok(session),
                    Err(refuse) => refuse,
                },
                Step::Refused(refuse) => refuse,
            };
            refusals += 1;
            guesses += usize::from(refuse.says_a_guess_was_wrong());
            if guesses >= GUESSES_MAX || refusals >= REFUSALS_MAX {
                self.wire.push(&refuse.clone().to(id));
                return Err(End::from(refuse.fatal()));
            }
            self.wire.push(&refuse.to(id));
            self.wire.flush().await?;
        }
    }

    async fn request(&mut self) -> Result<Request, End> {
        loop {
            match self.wire.next_line(FRAME_MAX_BEFORE_LOGIN) {
                Err(error) => return Err(End::from(Refuse::from(error).fatal())),
                Ok(Some(line)) => match Request::parse(line) {
                    Ok(request) => return Ok(request),
                    Err(malformed) => {
                        let (frame, fatal) = refusal::malformed(malformed);
                        if fatal {
                            return Err(End::from(frame));
                        }
                        self.wire.push(&frame);
                        self.wire.flush().await?;
                    }
                },
                Ok(None) => {
                    let shutdown = self.context.shutdown.clone();
                    tokio::select! {
                        biased;
                        () = shutdown.cancelled() => {
                            self.wire.push(&self.context.going_away());
                            return Err(End::GoingAway);
                        }
                        read = self.wire.fill() => if read? == 0 { return Err(End::Left) },
                    }
                }
            }
        }
    }

    async fn answer(&mut self, request: Request) -> Result<Step, End> {
        let id = request.id;
        Ok(match request.verb {
            Verb::Register(register) => self.register(register).await,
            Verb::Login(login) => self.login(login).await,
            Verb::Resume(resume) => self.resume(resume).await,
            Verb::Quit(_) => return Err(End::Quit(id)),
            Verb::Pong(_) => Step::Answered,
            Verb::Ping(_) => {
                self.wire.push(&Frame::Ok(Answer {
                    id,
                    ..Answer::default()
                }));
                self.wire.flush().await?;
                Step::Answered
            }
            _ => {
                let refuse = Refuse::new(Code::NotLoggedIn, "log in first");
                self.wire.push(&refuse.to(id));
                self.wire.flush().await?;
                Step::Answered
            }
        })
    }

    async fn register(&self, register: protocol::Register) -> Step {
        let registered = self.try_register(register).await;
        registered.map_or_else(Step::Refused, |admitted| Step::Admitted(Box::new(admitted)))
    }

    async fn try_register(&self, register: protocol::Register) -> Result<Admitted, Refuse> {
        let policy = self.context.config().server.registration;
        let invite = match (&register.invite, policy) {
            (_, Registration::Closed) => return Err(closed("this server takes no new accounts")),
            (None, Registration::Invite) => return Err(closed("this server asks for an invite")),
            (None, Registration::Open) => None,
            (Some(secret), _) => Some(InviteSecret::parse(secret.expose()).map_err(|error| {
                Refuse::new(Code::InviteRefused, format!("that is no invite: {error}"))
            })?),
        };
        let name = UserName::parse_new(register.user.as_str())
            .map_err(|error: NameError| Refuse::new(Code::NameRefused, error.to_string()))?;
        let password = password(&register.password)?;
        let registrant = self
            .context
            .auth
            .prepare(&name, password, self.peer)
            .await?;
        let (token, seed) = self.new_token(register.device.as_deref())?;
        let new = registrant.with_role(ServerRole::Member);
        let keep = self.context.config().sessions.per_account;
        let invite = invite.map(|secret| secret.hash());
        self.context.hub.register(new, seed, keep, invite).await?;
        tracing::info!(target: AUDIT, event = "registered", user = %name, peer = %self.peer);
        let identity = self.context.auth.identify(&token, self.peer).await?;
        let token = Some(Secret::new(token.reveal().to_string()));
        Ok(Admitted {
            identity,
            token,
            failed_logins: None,
            cursors: Vec::new(),
        })
    }

    async fn login(&self, login: protocol::Login) -> Step {
        let admitted = self.try_login(login).await;
        admitted.map_or_else(Step::Refused, |admitted| Step::Admitted(Box::new(admitted)))
    }

    async fn try_login(&self, login: protocol::Login) -> Result<Admitted, Refuse> {
        let cursors = cursors(&login.cursors)?;
        let proven = self.prove(&login.user, &login.password).await?;
        let (token, seed) = self.new_token(login.device.as_deref())?;
        let keep = self.context.config().sessions.per_account;
        let hub = &self.context.hub;
        let failed = hub.sign_in(proven, seed, keep, cursors.clone()).await?;
        let identity = self.context.auth.identify(&token, self.peer).await?;
        let token = Some(Secret::new(token.reveal().to_string()));
        Ok(Admitted {
            identity,
            token,
            failed_logins: Some(failed),
            cursors,
        })
    }

    async fn prove(&self, user: &UserName, secret: &Secret) -> Result<Proven, Refuse> {
        // A password that could never be one is as wrong as any other, and costs as much.
        let password = Password::new(secret.expose().to_owned())
            .or_else(|_| Password::new(String::new()))
            .map_err(|_| Refuse::new(Code::LoginRefused, "that is no password"))?;
        match self
            .context
            .auth
            .check_password(user, password, self.peer)
            .await
        {
            Ok(proven) => Ok(proven),
            Err(error) => {
                if let LoginError::Refused {
                    guessed: Some(account),
                } = &error
                {
                    self.context.hub.note_failed_login(*account).await;
                }
                Err(error.into())
            }
        }
    }

    async fn resume(&self, resume: protocol::Resume) -> Step {
        let admitted = self.try_resume(resume).await;
        admitted.map_or_else(Step::Refused, |admitted| Step::Admitted(Box::new(admitted)))
    }

    async fn try_resume(&self, resume: protocol::Resume) -> Result<Admitted, Refuse> {
        let cursors = cursors(&resume.cursors)?;
        let token = SecretToken::parse(resume.token.expose())
            .map_err(|_| Refuse::from(LoginError::Token))?;
        let identity = self.context.auth.identify(&token, self.peer).await?;
        if identity.touch_due() {
            self.context.hub.touch(identity.token()).await;
        }
        Ok(Admitted {
            identity,
            token: None,
            failed_logins: None,
            cursors,
        })
    }

    fn new_token(&self, device: Option<&str>) -> Result<(SecretToken, TokenSeed), Refuse> {
        let device = device.unwrap_or(UNNAMED_DEVICE);
        self.context
            .auth
            .new_token(device, self.peer)
            .map_err(|error| internal(&error))
    }

    async fn attach(
        &mut self,
        id: RequestId,
        admitted: Admitted,
    ) -> Result<(Identity, Feed), Refuse> {
        let Admitted {
            identity,
            token,
            failed_logins,
            cursors,
        } = admitted;
        let feed = self.context.hub.attach(identity.clone(), cursors).await?;
        let welcome = Welcome {
            user: identity.account().name.clone(),
            role: identity.role(),
            session: identity.token(),
            token,
            failed_logins,
        };
        self.wire.push(&Frame::Ok(Answer {
            id,
            welcome: Some(welcome),
            ..Answer::default()
        }));
        Ok((identity, feed))
    }
}

enum Step {
    Answered,
    Admitted(Box<Admitted>),
    Refused(Refuse),
}

fn closed(text: &str) -> Refuse {
    Refuse::new(Code::RegistrationClosed, text)
}

pub(super) fn internal(error: &dyn std::fmt::Display) -> Refuse {
    tracing::error!(%error, "a request failed inside");
    Refuse::new(Code::Internal, "something went wrong inside the server")
}

/// A password that is to be one.
pub(super) fn password(secret: &Secret) -> Result<Password, Refuse> {
    Password::new(secret.expose().to_owned())
        .map_err(|error| Refuse::new(Code::PasswordRefused, error.to_string()))
}

fn cursors(cursors: &Cursors) -> Result<Vec<(Address, Seq)>, Refuse> {
    let read = |(address, seq): (&String, &u64)| match Address::parse(address) {
        Ok(address) => Ok((address, Seq::new(*seq))),
        Err(error) => Err(Refuse::new(
            Code::BadRequest,
            format!("a cursor's key: {error}"),
        )),
    };
    cursors.iter().map(read).collect()
}

impl From<LoginError> for Refuse {
    fn from(error: LoginError) -> Self {
        match error {
            LoginError::Refused { .. } => Self::new(Code::LoginRefused, error.to_string()),
            LoginError::Token => Self::new(Code::TokenRefused, error.to_string()),
            LoginError::Busy => Self::new(Code::Busy, error.to_string()).after(BUSY_DELAY),
            LoginError::Store(error) => error.into(),
        }
    }
}

impl From<SignInError> for Refuse {
    fn from(error: SignInError) -> Self {
        match error {
            SignInError::Changed => LoginError::Refused { guessed: None }.into(),
            SignInError::Attach(error) => error.into(),
            SignInError::Unavailable(unavailable) => unavailable.into(),
        }
    }
}

impl From<RegisterError> for Refuse {
    fn from(error: RegisterError) -> Self {
        match error {
            RegisterError::Password(_) => Self::new(Code::PasswordRefused, error.to_string()),
            RegisterError::Limited { minutes } => Self::new(Code::Throttled, error.to_string())
                .after(Duration::from_secs(60 * minutes)),
            RegisterError::Busy => Self::new(Code::Busy, error.to_string()).after(BUSY_DELAY),
            RegisterError::Hash(error) => internal(&error),
        }
    }
}
