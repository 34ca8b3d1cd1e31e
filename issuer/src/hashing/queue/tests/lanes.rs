//! How the two lanes share the hashes, case by case and over random histories.

use proptest::prelude::*;

use super::*;

#[test]
fn in_a_flood_of_both_lanes_known_devices_get_two_thirds_and_unknown_devices_one() {
    let mut queue = queue();
    let (unknown, _) = fill(&mut queue, millis(0), Lane::Unknown);
    let (known, _) = fill(&mut queue, millis(0), Lane::Known);
    // The first lane found the other one empty. The second lane is admitted to its share.
    assert_eq!((unknown, known), (15, 10));
    let mut lengths = Vec::new();
    for _ in 0..6 {
        assert!(matches!(queue.next(millis(0), 0), Next::Run(..)));
        queue.done(millis(0), 0);
        lengths.push((queue.length(Lane::Known), queue.length(Lane::Unknown)));
    }
    assert_eq!(lengths, [(9, 15), (8, 15), (8, 14), (7, 14), (6, 14), (6, 13)]);
}

#[test]
fn a_lane_that_finds_the_other_busy_is_admitted_to_its_share() {
    let mut queue = queue();
    fill(&mut queue, millis(0), Lane::Known);
    let (unknown, refused) = fill(&mut queue, millis(0), Lane::Unknown);
    assert_eq!((unknown, refused.retry_after), (5, millis(340)));
    // The next refused client retries three hashes later.
    assert_eq!(queue.admit(millis(0), Lane::Unknown, job(9)).unwrap_err().1.retry_after, millis(400));
}

#[test]
fn a_lane_has_all_room_again_after_the_other_was_quiet_for_two_deadlines() {
    let mut queue = queue();
    fill(&mut queue, millis(0), Lane::Known);
    while queue.next(millis(0), 0) != Next::Nothing {
        queue.done(millis(0), 0);
    }
    assert_eq!(fill(&mut queue, millis(800), Lane::Unknown).0, 15);
}

/// A step of a random history.
#[derive(Clone, Debug)]
enum Step {
    Arrive { lane: Lane, hashes: u32 },
    Serve { worker: usize },
    TakeBack { worker: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let arrive = prop_oneof![Just((Lane::Known, 1)), Just((Lane::Known, 2)), Just((Lane::Unknown, 1))];
    let step = prop_oneof![
        4 => arrive.prop_map(|(lane, hashes)| Step::Arrive { lane, hashes }),
        3 => (0..2_usize).prop_map(|worker| Step::Serve { worker }),
        1 => (0..2_usize).prop_map(|worker| Step::TakeBack { worker }),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    /// Over any time in which both lanes have work, unknown devices get a third of the hashes, within one hash.
    #[test]
    fn the_shares_hold_over_any_window_in_which_both_lanes_have_work(steps in steps(), takes_back: bool) {
        // The deadline is far away: this test is about the order.
        let mut queue = Queue::new(2, Duration::from_hours(1), millis(20));
        let mut assigned: [Vec<(Lane, TestJob)>; 2] = Default::default();
        // The lead of the known devices, at each moment since both lanes have work.
        let mut leads = vec![0_i64];
        // What both workers may have returned, in either direction.
        let taken_back = if takes_back { 8 } else { 0 };
        let worth = |lane, hashes| if lane == Lane::Known { i64::from(hashes) } else { -2 * i64::from(hashes) };
        for (name, step) in (0..).zip(steps) {
            let before = [Lane::Known, Lane::Unknown].map(|lane| queue.length(lane));
            if before.contains(&0) {
                leads = vec![0];
            }
            let mut lead = *leads.last().unwrap();
            match step {
                Step::Arrive { lane, hashes } => {
                    queue.admit(millis(name), lane, TestJob { hashes, ..job(0) }).unwrap();
                }
                Step::Serve { worker } if assigned[worker].len() < MAX_ASSIGNED => {
                    if let Next::Run(job) = queue.next(millis(name), worker) {
                        let lane = if queue.length(Lane::Known) < before[0] { Lane::Known } else { Lane::Unknown };
                        assigned[worker].push((lane, job));
                        lead += worth(lane, job.hashes);
                    }
                }
                Step::Serve { worker } => {
                    queue.done(millis(name), worker);
                    assigned[worker].remove(0);
                }
                Step::TakeBack { worker } => {
                    if takes_back && assigned[worker].len() == MAX_ASSIGNED {
                        let (lane, job) = assigned[worker].pop().unwrap();
                        queue.put_back(worker, job);
                        lead -= worth(lane, job.hashes);
                    }
                }
            }
            leads.push(lead);
            let min = leads.iter().min().unwrap();
            let max = leads.iter().max().unwrap();
            prop_assert!(max - min <= 3 + taken_back, "{leads:?}");
        }
    }

    /// While a lane has no work, the other one gets every hash.
    #[test]
    fn a_lane_alone_gets_every_hash(lane in prop_oneof![Just(Lane::Known), Just(Lane::Unknown)], count in 1..60_u32) {
        let mut queue = Queue::new(1, Duration::from_hours(1), millis(20));
        for name in 0..count {
            queue.admit(millis(0), lane, job(name)).unwrap();
        }
        for name in 0..count {
            prop_assert_eq!(queue.next(millis(0), 0), Next::Run(job(name)));
            queue.done(millis(0), 0);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A job that is admitted while both lanes are flooded begins within the deadline, for any mix of arrivals.
    #[test]
    fn what_is_admitted_to_a_busy_lane_is_done_in_time(
        workers in 1..5_usize,
        hash in 20..60_u64,
        known_each_round in 1..12_u32,
        unknown_each_round in 1..12_u32,
    ) {
        let deadline = millis(2000);
        let rounds = u32::try_from(6 * 2000 / hash).unwrap();
        let mut queue = Queue::new(workers, deadline, millis(hash));
        let mut now = Duration::ZERO;
        let mut served = [0_u32; 2];
        let mut late = 0;
        for _ in 0..rounds {
            for (lane, coming) in [(Lane::Known, known_each_round), (Lane::Unknown, unknown_each_round)] {
                for name in 0..coming {
                    // This test ignores whether the job is admitted.
                    let _ = queue.admit(now, lane, job(name));
                }
            }
            for worker in 0..workers {
                let before = queue.length(Lane::Known);
                match queue.next(now, worker) {
                    Next::Run(_) => served[usize::from(queue.length(Lane::Known) == before)] += 1,
                    Next::Nothing => {}
                    // The rate of a lane is measured after a while: the first jobs may be late.
                    _ => {
                        late += 1;
                        prop_assert!(now <= 3 * deadline, "late at {now:?}, after {served:?}");
                    }
                }
            }
            now += millis(hash);
            for worker in 0..workers {
                queue.done(now, worker);
            }
        }
        // A lane with work gets its share, and the other lane gets the rest.
        let workers = u32::try_from(workers).unwrap();
        let all = served[0] + served[1];
        prop_assert!(all + late + workers >= rounds * workers.min(known_each_round + unknown_each_round), "{served:?}");
        let unknown = (all / 3).min(rounds * unknown_each_round);
        let known = (all * 2 / 3).min(rounds * known_each_round);
        prop_assert!(served[1] + late + 6 >= unknown && served[0] + late + 6 >= known, "{served:?}, {late} late");
    }
}

/// Twenty seconds in which unknown devices flood two workers with jobs of `hashes` hashes of 25 ms each, and a known device arrives
/// every 100 ms. Returns the number of known devices that were refused.
fn refused_in_a_flood_of(hashes: u32) -> usize {
    let mut queue = Queue::new(2, Duration::from_secs(2), millis(25));
    // The jobs of each worker, and when the first one began.
    let mut workers: [(Duration, VecDeque<TestJob>); 2] = Default::default();
    let mut refused = 0;
    for now in (0..20_000).step_by(5).map(millis) {
        for (worker, (began, jobs)) in workers.iter_mut().enumerate() {
            if jobs.front().is_some_and(|job| now >= *began + millis(25) * job.hashes) {
                jobs.pop_front();
                queue.done(now, worker);
                *began = now;
            }
            if jobs.len() > 1 && queue.should_reclaim(now, worker) {
                queue.put_back(worker, jobs.pop_back().unwrap());
            }
        }
        // This test ignores whether the job is admitted.
        let _ = queue.admit(now, Lane::Unknown, TestJob { hashes, ..job(0) });
        if now.as_millis().is_multiple_of(100) {
            refused += usize::from(queue.admit(now, Lane::Known, job(1)).is_err());
        }
        while let Some(worker) = queue.next_worker(now) {
            match queue.next(now, worker) {
                Next::Run(job) => {
                    let (began, jobs) = &mut workers[worker];
                    if jobs.is_empty() {
                        *began = now;
                    }
                    jobs.push_back(job);
                }
                Next::Late(job, _) => refused += usize::from(job.name == 1),
                Next::Canceled(_) => {}
                Next::Nothing => break,
            }
        }
    }
    refused
}

#[test]
fn in_a_flood_of_expensive_hashes_every_known_device_is_admitted() {
    assert_eq!([1, 10, 40].map(refused_in_a_flood_of), [0, 0, 0]);
}
