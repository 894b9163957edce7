//! How many guesses an attacker gets.

use super::*;

#[test]
fn one_address_gets_at_most_30_guesses_at_an_account_in_ten_minutes() {
    for relation in [Relation::Known, Relation::Stranger] {
        let mut world = World::new();
        let looked_at = world.count(TEN_MINUTES, |world, _| {
            (0..64)
                .filter(|_| world.wrong(&alice(), v4(HOME), relation))
                .count()
        });
        assert!((10..=30).contains(&looked_at), "{relation:?}: {looked_at}");
    }
}

#[test]
fn guessing_on_many_connections_at_once_gains_nothing() {
    let mut world = World::new();
    let mut in_flight = Vec::new();
    for _ in 0..64 {
        if let Verdict::Look(guess) = world.ask(&alice(), v4(HOME), Relation::Known) {
            in_flight.push(guess);
        }
    }
    assert_eq!(in_flight.len(), 5);
    assert!(matches!(
        world.ask(&alice(), v4(HOME), Relation::Known),
        Verdict::Busy
    ));
    for guess in &in_flight {
        world.throttle.settle(Duration::ZERO, guess, Outcome::Wrong);
    }
    assert!(matches!(
        world.ask(&alice(), v4(HOME), Relation::Known),
        Verdict::Limited
    ));
}

#[test]
fn one_address_trying_a_thousand_names_is_limited_within_20_tries() {
    for seconds_between in [0, 1, 5, 10] {
        let mut world = World::new();
        let first_limited = (0..1000).position(|n| {
            world.seconds += seconds_between;
            !world.guesses(&name(n), v4(HOME))
        });
        assert!(
            first_limited.is_some_and(|tries| tries < 20),
            "every {seconds_between} s: {first_limited:?}"
        );
    }
}

#[test]
fn names_known_at_an_address_are_no_way_around_its_limit() {
    let mut world = World::new();
    let known = (0..1000).filter(|&n| world.wrong(&name(n), v4(HOME), Relation::Known));
    assert!(known.count() <= 20);
}

#[test]
fn a_thousand_addresses_in_one_64_count_as_one() {
    let same_64 = |n: u128| Origin::of(IpAddr::V6(Ipv6Addr::from_bits((0x2001_0db8 << 96) | n)));
    let mut world = World::new();
    let looked_at = (0..1000).filter(|&n| world.guesses(&name(7), same_64(n)));
    assert_eq!(looked_at.count(), 5);
}

#[test]
fn a_48_counts_as_five_addresses_at_most() {
    let names = |world: &mut World, origins: u32| {
        world.count(TEN_MINUTES, |world, second| {
            let tries = (0..64).map(|n| (name(second * 64 + u64::from(n)), v6(9, n % origins)));
            tries
                .filter(|(name, origin)| world.guesses(name, *origin))
                .count()
        })
    };
    let one = names(&mut World::new(), 1);
    let site = names(&mut World::new(), 1000);
    assert!(one >= 10 && site <= 5 * one, "{one} and {site}");
}

#[test]
fn strangers_everywhere_together_get_fewer_than_100_guesses_at_an_account_in_an_hour() {
    let mut world = World::new();
    let looked_at = world.count(HOUR, |world, second| {
        // A thousand networks of each kind, forty of them each second.
        (0..20_u32)
            .filter(|n| {
                let n = u32::try_from(second % 50).unwrap() * 20 + n;
                let v6 = world.guesses(&alice(), v6(0x2001_0000 + n, 0));
                let v4 = world.guesses(&alice(), v4(n << 16));
                v6 || v4
            })
            .count()
    });
    assert!((20..100).contains(&looked_at), "{looked_at}");
}

#[test]
fn an_attack_over_one_family_leaves_the_other_alone() {
    let mut world = World::new();
    for n in 0..1000 {
        world.guesses(&alice(), v6(0x2001_0000 + n, 0));
    }
    assert!(!world.guesses(&alice(), v6(0x2a00_0000, 0)));
    assert!(world.gets_in(&alice(), v4(HOME), Relation::Stranger));
}

#[test]
fn logging_in_to_ones_own_account_frees_nobody_to_guess_at_others() {
    let mut world = World::new();
    let mallory = UserName::parse("mallory").unwrap();
    let looked_at = (0..200).filter(|&n| {
        world.gets_in(&mallory, v4(HOME), Relation::Stranger);
        world.guesses(&name(n), v4(HOME))
    });
    assert!(looked_at.count() <= 20);
}

#[test]
fn millions_of_sources_push_out_each_other_and_not_who_is_limited() {
    // A 64th of the counters, and of ten million sources.
    let mut world = World {
        throttle: Throttle::with_capacity(30, CAPACITY / 64),
        ..World::new()
    };
    let offenders: Vec<_> = (0..8).map(|n| v4(0x0a00_0000 + n)).collect();
    let guess = |world: &mut World, second: u64| {
        let looked_at = offenders.iter().map(|&origin| {
            let pair = world.wrong(&alice(), origin, Relation::Known);
            let names = world.guesses(&name(1_000_000_000 + second), origin);
            usize::from(pair) + usize::from(names)
        });
        looked_at.sum()
    };
    world.count(120, guess);
    let mut source = 0;
    let looked_at = world.count(TEN_MINUTES, |world, second| {
        for _ in 0..260 {
            source += 1;
            let spread = v4(0x2000_0000 + source * 97);
            world.guesses(&name(u64::from(source)), spread);
        }
        guess(world, second)
    });
    let each = looked_at / offenders.len();
    assert!(each <= 30, "{each} each");
}

#[test]
fn memory_is_fixed_and_small() {
    let mut throttle = Throttle::new(30);
    let size = throttle.size();
    assert!(size <= 16 << 20, "{size} bytes");
    for n in 0..100_000 {
        let attempt = Attempt {
            name: &name(u64::from(n)),
            origin: v4(n),
            relation: Relation::Stranger,
            stored: None,
        };
        let _verdict = throttle.ask(Duration::ZERO, &attempt, &mut None);
    }
    assert_eq!(throttle.size(), size);
}

#[test]
fn the_more_an_origin_has_guessed_the_more_it_stands_out() {
    let mut world = World::new();
    let strikes = |world: &mut World| {
        world
            .throttle
            .strikes(world.now(), v4(HOME), Relation::Stranger)
    };
    assert_eq!(strikes(&mut world), 0);
    for n in 0..5 {
        world.guesses(&name(n), v4(HOME));
    }
    assert_eq!(strikes(&mut world), 5);
    assert_eq!(
        world
            .throttle
            .strikes(world.now(), v4(HOME + 1), Relation::Stranger),
        0
    );
}
