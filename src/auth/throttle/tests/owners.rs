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
fn the_owner_at_a_new_place_gets_in_while_a_thousand_addresses_of_few_networks_guess() {
    for networks in [1, 4, 16, 50] {
        let mut world = World::new();
        world.count(2 * HOUR, |world, second| {
            let n = u32::try_from(second % 1000).unwrap();
            for network in 0..networks {
                world.guesses(&alice(), v6(0x2001_0000 + network, n << 16));
            }
            if second % 1200 == 1199 {
                let fresh = v6(0x2a00_0000, 5);
                assert!(
                    world.gets_in(&alice(), fresh, Relation::Stranger),
                    "{networks} networks, after {second} s"
                );
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
