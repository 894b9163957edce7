//! Who somebody is: passwords, tokens and invites, and the limits on guessing them.
//!
//! Promises: [`Auth::identify`] is the only source of an [`Identity`], and an identity is the
//! proof of a token that is stored and alive; unknown users, wrong passwords, disabled accounts
//! and too many guesses are one answer after one amount of work; guessing is limited without
//! giving anybody the means to keep an account's owner out (how, is told in `throttle`); hashing
//! takes bounded memory and never a thread of the runtime. It reads the store and never writes to
//! it. Knows nothing of frames, sessions or what people say to each other.
//!
//! A login is three steps: [`Auth::check_password`] gives a [`Proven`], whose session stores an
//! [`Auth::new_token`], which [`Auth::identify`] then takes. A registration stores a
//! [`Registrant`] from [`Auth::prepare`] together with its first token, and ends the same way. A
//! reconnect is only the last step.
//!
//! An account whose stored hash is cheaper than the configured cost takes less time to refuse
//! until its owner logs in once; raising the cost gives that much away about old accounts.

mod audit;
mod compare;
mod hash;
mod hasher;
mod identity;
mod invite;
mod lifetime;
mod password;
mod peer;
mod secret;
mod service;
mod throttle;

pub use audit::AUDIT;
pub use hash::{Cost, HashError};
pub use identity::{Identity, LoginError, Proven, RegisterError, Registrant, TokenSeed};
pub use invite::{DEFAULT_PORT, InviteLink, LinkError, ServerAddress};
pub use password::{PASSWORD_FLOOR, PASSWORD_MAX, Password, PasswordPolicy, PasswordRefusal};
pub use peer::Origin;
pub use secret::{InviteSecret, SecretError, SecretToken};
pub use service::{Auth, StartError, hash_password};
