//! Who may connect at all: so many connections, so many from one address, so many without a login.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::config::Limits;

/// Counts connections. Owned by the listener; each connection holds an [`Admission`].
#[derive(Clone, Debug, Default)]
pub(super) struct Admissions(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    all: usize,
    newcomers: usize,
    by_network: HashMap<IpAddr, usize>,
}

/// Why a connection is closed at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Turned {
    #[error("limits.max_connections is reached")]
    Full,
    #[error("limits.connections_per_address is reached")]
    Address,
    #[error("limits.pre_login_connections is near, and the lot fell on this one")]
    Newcomers,
}

/// One connection's place. Given back when dropped.
#[derive(Debug)]
pub(super) struct Admission {
    counts: Admissions,
    network: IpAddr,
    newcomer: bool,
}

impl Admissions {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a place for a connection from `peer`. `lot` is a random number: as those without a
    /// login become many, more and more of the new ones are turned away early, so that who floods
    /// is hit most and somebody else still gets in.
    pub(super) fn admit(
        &self,
        peer: IpAddr,
        limits: &Limits,
        lot: u32,
    ) -> Result<Admission, Turned> {
        let network = network(peer);
        let mut counts = self.counts();
        if counts.all >= limits.max_connections {
            return Err(Turned::Full);
        }
        if counts
            .by_network
            .get(&network)
            .is_some_and(|&n| n >= limits.connections_per_address)
        {
            return Err(Turned::Address);
        }
        if dropped_early(counts.newcomers, limits.pre_login_connections, lot) {
            return Err(Turned::Newcomers);
        }
        counts.all += 1;
        counts.newcomers += 1;
        *counts.by_network.entry(network).or_default() += 1;
        drop(counts);
        Ok(Admission {
            counts: self.clone(),
            network,
            newcomer: true,
        })
    }
}

/// Below half the limit nobody is dropped, at the limit everybody, in between in proportion.
fn dropped_early(newcomers: usize, limit: usize, lot: u32) -> bool {
    let half = limit / 2;
    let above = newcomers.saturating_sub(half);
    let range = (limit - half).max(1);
    above >= range || usize::try_from(lot).unwrap_or(usize::MAX) % range < above
}

/// IPv4 addresses count one by one, also when written as IPv6; IPv6 by the /64 a household gets.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
    }
}

impl Admission {
    /// The connection does not count as a newcomer any more.
    pub(super) fn logged_in(&mut self) {
        if std::mem::take(&mut self.newcomer) {
            let mut counts = self.counts.counts();
            counts.newcomers = counts.newcomers.saturating_sub(1);
        }
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.logged_in();
        let mut counts = self.counts.counts();
        counts.all = counts.all.saturating_sub(1);
        if let Some(count) = counts.by_network.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.by_network.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(address: usize, newcomers: usize) -> Limits {
        Limits {
            max_connections: 10,
            connections_per_address: address,
            pre_login_connections: newcomers,
            ..Limits::default()
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn one_address_gets_its_share_and_a_place_given_back_can_be_taken() {
        let (admissions, limits) = (Admissions::default(), limits(2, 100));
        let first = admissions.admit(ip("127.0.0.1"), &limits, 0).unwrap();
        let _second = admissions
            .admit(ip("::ffff:127.0.0.1"), &limits, 0)
            .unwrap();
        assert_eq!(
            admissions.admit(ip("127.0.0.1"), &limits, 0).unwrap_err(),
            Turned::Address
        );
        assert!(admissions.admit(ip("127.0.0.2"), &limits, 0).is_ok());
        drop(first);
        assert!(admissions.admit(ip("127.0.0.1"), &limits, 0).is_ok());
    }

    #[test]
    fn addresses_of_one_v6_household_count_as_one() {
        let (admissions, limits) = (Admissions::default(), limits(1, 100));
        let _one = admissions.admit(ip("2001:db8::1"), &limits, 0).unwrap();
        assert!(admissions.admit(ip("2001:db8::2"), &limits, 0).is_err());
        assert!(admissions.admit(ip("2001:db8:0:1::1"), &limits, 0).is_ok());
    }

    #[test]
    fn newcomers_are_dropped_in_proportion_and_those_logged_in_do_not_count() {
        assert!(!dropped_early(49, 100, 0));
        assert!(dropped_early(60, 100, 9));
        assert!(!dropped_early(60, 100, 10));
        assert!(dropped_early(100, 100, 49));
        let (admissions, limits) = (Admissions::default(), limits(10, 1));
        let mut first = admissions.admit(ip("127.0.0.1"), &limits, 0).unwrap();
        assert_eq!(
            admissions.admit(ip("127.0.0.1"), &limits, 0).unwrap_err(),
            Turned::Newcomers
        );
        first.logged_in();
        assert!(admissions.admit(ip("127.0.0.1"), &limits, 0).is_ok());
    }
}
