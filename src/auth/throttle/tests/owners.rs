//! That people with the right password get in meanwhile.

use super::*;

#[test]
fn the_owner_at_home_gets_in_whatever_strangers_do() {
    let mut world = World::new();
    world.count(HOUR, |world, second| {
        let n = u32::try_from(second % 1000).unwrap();
        for _ in 0..5 {
            world.guesses(&alice(), v4(n << 16));
        }
        assert!(world.gets_in(&alice(), v4(HOME), Relation::Known));
        0
    });
}

#[test]
fn case_29_after_a_storm_of_1000_addresses_the_owner_gets_in_from_a_fresh_one_within_5_seconds() {
    // They are spread over networks, over neighbourhoods of one, or are all of one; and the owner is
    // where they are, or elsewhere.
    for apart in [1, 1 << 8, 1 << 16] {
        for fresh in [v4(HOME), v4((10 << 24) + 5000 * apart + 7)] {
            let mut world = World::new();
            let mut storm: Vec<_> = (0..1000)
                .map(|n| Try::new(&alice(), v4((10 << 24) + n * apart)))
                .collect();
            let mut guessed = world.go_on(&mut storm);
            let took = world.tries(&alice(), fresh, |world| guessed += world.go_on(&mut storm));
            assert!(took.is_some_and(|took| took <= 5000), "{apart}: {took:?}");
            assert!((6..10).contains(&guessed), "{guessed}");
        }
    }
}

#[test]
fn case_29_while_1000_addresses_guess_on_and_on_the_owner_gets_in_from_a_fresh_one() {
    let mut world = World::new();
    let mut storm: Vec<Try> = Vec::new();
    let (mut guessed, mut next) = (0, 0);
    let mut guess = |world: &mut World| {
        // Two hundred a second, each of them waiting for its turn.
        for _ in 0..20 {
            storm.push(Try::new(&alice(), v4((10 << 24) + next % 1000)));
            next += 1;
        }
        guessed += world.go_on(&mut storm);
    };
    for minute in 0..15 {
        for _ in 0..600 {
            guess(&mut world);
            world.millis += 100;
        }
        let fresh = v4((10 << 24) + 5000 + minute);
        let took = world.tries(&alice(), fresh, &mut guess);
        assert!(took.is_some_and(|took| took <= 3000), "{minute}: {took:?}");
    }
    assert!(guessed < 34, "{guessed} guesses");
}

#[test]
fn the_owner_at_a_new_place_gets_in_while_a_thousand_addresses_of_few_networks_guess() {
    for networks in [1, 4, 16, 50] {
        let mut world = World::new();
        let guess = |world: &mut World, n: u32| {
            for network in 0..networks {
                world.guesses(&alice(), v6(0x2001_0000 + network, n << 16));
            }
        };
        world.count(2 * HOUR, |world, second| {
            guess(world, u32::try_from(second % 1000).unwrap());
            if second % 1200 == 1199 {
                let fresh = v6(0x2a00_0000, 5);
                let took = world.tries(&alice(), fresh, |world| guess(world, 7));
                assert!(took.is_some(), "{networks} networks, after {second} s");
            }
            0
        });
    }
}

#[test]
fn trying_a_few_times_at_a_bad_moment_does_not_count_the_owner_among_the_crowd() {
    let mut world = World::new();
    for n in 0..1000 {
        world.guesses(&alice(), v6(0x2001_0000 + n, 0));
    }
    let fresh = v6(0x2a00_0000, 5);
    for _ in 0..4 {
        assert!(!world.gets_in(&alice(), fresh, Relation::Stranger));
    }
    for _ in 0..5 {
        for n in 0..1000 {
            world.guesses(&alice(), v6(0x2001_0000 + n, 0));
        }
    }
    world.seconds += 60;
    assert!(world.gets_in(&alice(), fresh, Relation::Stranger));
}

#[test]
fn nobody_waits_for_longer_than_a_client_does() {
    let mut world = World::new();
    for n in 0..6 {
        assert!(world.guesses(&alice(), v4(n << 8)));
    }
    let (mut early, mut late) = (
        Try::new(&alice(), v4(HOME)),
        Try::new(&alice(), v4(HOME + 1)),
    );
    assert!(matches!(world.ask_again(&mut early), Verdict::Wait(_)));
    for _ in 0..44 {
        world.millis += 100;
        assert!(matches!(
            world.ask_again(&mut late),
            Verdict::Wait(_) | Verdict::Look(_)
        ));
        assert!(matches!(
            world.ask_again(&mut early),
            Verdict::Wait(_) | Verdict::Look(_)
        ));
    }
    world.millis += 100;
    assert!(!matches!(world.ask_again(&mut early), Verdict::Wait(_)));
}

#[test]
fn where_a_password_was_right_is_known_for_a_month_until_it_is_changed() {
    let mut world = World::new();
    let [old, new] = ["old", "new"].map(PasswordHash::new);
    let ask = |world: &mut World, stored| {
        let attempt = Attempt {
            name: &alice(),
            origin: v4(HOME),
            relation: Relation::Stranger,
            stored: Some(stored),
        };
        let now = world.now();
        world.throttle.ask(now, &attempt, &mut None)
    };
    let Verdict::Look(guess) = ask(&mut world, &old) else {
        panic!("limited");
    };
    world
        .throttle
        .settle(Duration::ZERO, &guess, Outcome::Right);
    world.seconds += 29 * 24 * HOUR;
    // All that strangers may guess is used up.
    for n in 0..1000 {
        world.guesses(&alice(), v4(n << 16));
        world.seconds += 3;
    }
    assert!(matches!(ask(&mut world, &old), Verdict::Look(_)));
    assert!(matches!(ask(&mut world, &new), Verdict::Limited));
}

#[test]
fn a_right_password_forgets_the_typing_errors_before_it() {
    let mut world = World::new();
    for _ in 0..20 {
        for _ in 0..4 {
            assert!(world.wrong(&alice(), v4(HOME), Relation::Known));
            world.seconds += 60 * 5;
        }
        assert!(world.gets_in(&alice(), v4(HOME), Relation::Known));
    }
}

#[test]
fn an_office_logs_in_at_nine_through_one_address() {
    let mut world = World::new();
    for n in 0..1000 {
        assert!(world.gets_in(&name(n), v4(HOME), Relation::Known));
        assert!(world.gets_in(&name(n), v4(HOME + 1), Relation::Stranger));
    }
}

#[test]
fn what_was_never_looked_at_costs_nothing() {
    let mut world = World::new();
    for _ in 0..100 {
        let Verdict::Look(guess) = world.ask(&alice(), v4(HOME), Relation::Stranger) else {
            panic!("limited");
        };
        world
            .throttle
            .settle(Duration::ZERO, &guess, Outcome::NotLookedAt);
    }
}

#[test]
fn a_guess_that_was_limited_keeps_nobody_out_longer() {
    let mut world = World::new();
    while world.wrong(&alice(), v4(HOME), Relation::Known) {}
    world.count(60, |world, second| {
        if second < 2 {
            world.wrong(&alice(), v4(HOME), Relation::Known);
        }
        0
    });
    assert!(world.gets_in(&alice(), v4(HOME), Relation::Known));
}

#[test]
fn a_clock_put_back_frees_nobody_and_keeps_nobody_out() {
    let mut world = World::new();
    world.seconds = 10_000;
    while world.wrong(&alice(), v4(HOME), Relation::Known) {}
    world.seconds -= 7200;
    assert!(!world.wrong(&alice(), v4(HOME), Relation::Known));
    world.seconds += 3;
    assert!(world.gets_in(&alice(), v4(HOME), Relation::Known));
}

#[test]
fn registrations_are_limited_by_address_and_the_wait_is_said() {
    let mut world = World::new();
    for _ in 0..30 {
        assert_eq!(world.throttle.register(world.now(), v4(HOME)), Ok(()));
    }
    let wait = world.throttle.register(world.now(), v4(HOME)).unwrap_err();
    assert_eq!(wait, Duration::from_millis(120 * SECOND));
    assert_eq!(world.throttle.register(world.now(), v4(HOME + 1)), Ok(()));
    world.seconds += 120;
    assert_eq!(world.throttle.register(world.now(), v4(HOME)), Ok(()));
    assert!(world.throttle.register(world.now(), v4(HOME)).is_err());
}
