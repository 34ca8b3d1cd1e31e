//! The decisions of the queue, over a time that the test moves.

use proptest::prelude::*;

use super::*;

/// A job with a name, for so many hashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct TestJob {
    name: u32,
    hashes: u32,
    is_gone: bool,
}

impl Waits for TestJob {
    fn hashes(&self) -> u32 {
        self.hashes
    }

    fn is_gone(&self) -> bool {
        self.is_gone
    }
}

fn job(name: u32) -> TestJob {
    TestJob { name, hashes: 1, is_gone: false }
}

fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// One worker that takes 20 ms for a hash, and a deadline of 400 ms, of which 300 are given out.
fn queue() -> Queue<TestJob> {
    Queue::new(1, millis(400), millis(20))
}

/// Lets strangers in until one is refused; how many, and what the last was told.
fn fill(queue: &mut Queue<TestJob>, now: Duration, lane: Lane) -> (u32, Refused) {
    for name in 0.. {
        if let Err((_, refused)) = queue.admit(now, lane, job(name)) {
            return (name, refused);
        }
    }
    unreachable!()
}

#[test]
fn as_many_are_let_in_as_are_done_in_three_quarters_of_the_deadline() {
    let (let_in, refused) = fill(&mut queue(), millis(0), Lane::Unknown);
    assert_eq!(let_in, 15);
    assert_eq!(refused, Refused { retry_after: millis(300) });
}

#[test]
fn a_free_worker_means_no_wait_however_long_a_hash_takes() {
    let mut queue = Queue::new(2, millis(400), millis(1000));
    assert!(queue.admit(millis(0), Lane::Unknown, job(1)).is_ok());
    assert_eq!(queue.next(millis(0), 0), Next::Do(job(1)));
    assert!(queue.admit(millis(0), Lane::Unknown, job(2)).is_ok());
    assert_eq!(queue.next(millis(0), 1), Next::Do(job(2)));
    assert!(queue.admit(millis(0), Lane::Unknown, job(3)).is_err());
}

#[test]
fn who_need_not_wait_is_served_though_a_hash_takes_longer_than_the_deadline_until_it_is_quick_again() {
    let mut queue = Queue::new(1, millis(400), millis(20));
    // The cores were taken away for a while.
    for _ in 0..10 {
        queue.measured(millis(10_000));
    }
    let mut now = Duration::ZERO;
    for name in 0..200 {
        queue.admit(now, Lane::Unknown, job(name)).unwrap();
        // The dispatcher has to be called first, and may itself be late.
        now += millis(10);
        assert_eq!(queue.next(now, 0), Next::Do(job(name)));
        now += millis(20);
        queue.done(now, 0);
        queue.measured(millis(20));
    }
    assert!(queue.hash_time < millis(21), "{:?}", queue.hash_time);
    // Who has come while it was busy, and has waited for too long, is refused as ever.
    let mut queue = Queue::new(1, millis(400), millis(1000));
    queue.admit(millis(0), Lane::Unknown, job(1)).unwrap();
    assert_eq!(queue.next(millis(76), 0), Next::Late(job(1), Refused { retry_after: Duration::ZERO }));
}

#[test]
fn what_runs_counts_for_what_is_left_of_it() {
    let mut queue = queue();
    queue.admit(millis(0), Lane::Unknown, TestJob { hashes: 2, ..job(1) }).unwrap();
    queue.next(millis(0), 0);
    assert_eq!(queue.expected_wait(millis(0), Lane::Unknown), millis(40));
    assert_eq!(queue.expected_wait(millis(30), Lane::Unknown), millis(10));
    assert_eq!(queue.expected_wait(millis(90), Lane::Unknown), millis(0));
    queue.done(millis(90), 0);
    assert_eq!(queue.expected_wait(millis(90), Lane::Unknown), millis(0));
}

#[test]
fn in_a_flood_of_both_lanes_known_devices_get_two_thirds_and_unknown_devices_one() {
    let mut queue = queue();
    let (unknown, _) = fill(&mut queue, millis(0), Lane::Unknown);
    let (known, _) = fill(&mut queue, millis(0), Lane::Known);
    // The first lane found no other; the second is admitted to what its share leaves it.
    assert_eq!((unknown, known), (15, 10));
    let mut lengths = Vec::new();
    for _ in 0..6 {
        assert!(matches!(queue.next(millis(0), 0), Next::Do(..)));
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
    // The next one that is refused is told the time of three hashes more.
    assert_eq!(queue.admit(millis(0), Lane::Unknown, job(9)).unwrap_err().1.retry_after, millis(400));
}

#[test]
fn a_lane_has_everything_again_when_the_other_was_quiet_for_twice_as_long_as_a_job_may_wait() {
    let mut queue = queue();
    fill(&mut queue, millis(0), Lane::Known);
    while queue.next(millis(0), 0) != Next::Nothing {
        queue.done(millis(0), 0);
    }
    assert_eq!(fill(&mut queue, millis(800), Lane::Unknown).0, 15);
}

/// What happens to a queue in a random history.
#[derive(Clone, Debug)]
enum Step {
    Come { lane: Lane, hashes: u32 },
    Serve { worker: usize },
    TakeBack { worker: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let come = prop_oneof![Just((Lane::Known, 1)), Just((Lane::Known, 2)), Just((Lane::Unknown, 1))];
    let step = prop_oneof![
        4 => come.prop_map(|(lane, hashes)| Step::Come { lane, hashes }),
        3 => (0..2_usize).prop_map(|worker| Step::Serve { worker }),
        1 => (0..2_usize).prop_map(|worker| Step::TakeBack { worker }),
    ];
    prop::collection::vec(step, 1..400)
}

proptest! {
    /// Over any time in which both lanes have work, unknown devices get a third of the hashes, give or take one.
    #[test]
    fn the_shares_hold_over_any_window_in_which_both_lanes_have_work(steps in steps(), takes_back: bool) {
        // No deadline is near: what counts here is the order.
        let mut queue = Queue::new(2, Duration::from_hours(1), millis(20));
        let mut given: [Vec<(Lane, TestJob)>; 2] = Default::default();
        // What the known devices are ahead by, at each moment since both lanes have work.
        let mut leads = vec![0_i64];
        // What both workers may have given back, in either direction.
        let taken_back = if takes_back { 8 } else { 0 };
        let worth = |lane, hashes| if lane == Lane::Known { i64::from(hashes) } else { -2 * i64::from(hashes) };
        for (name, step) in (0..).zip(steps) {
            let before = [Lane::Known, Lane::Unknown].map(|lane| queue.length(lane));
            if before.contains(&0) {
                leads = vec![0];
            }
            let mut lead = *leads.last().unwrap();
            match step {
                Step::Come { lane, hashes } => {
                    queue.admit(millis(name), lane, TestJob { hashes, ..job(0) }).unwrap();
                }
                Step::Serve { worker } if given[worker].len() < MAX_LISTED => {
                    if let Next::Do(job) = queue.next(millis(name), worker) {
                        let lane = if queue.length(Lane::Known) < before[0] { Lane::Known } else { Lane::Unknown };
                        given[worker].push((lane, job));
                        lead += worth(lane, job.hashes);
                    }
                }
                Step::Serve { worker } => {
                    queue.done(millis(name), worker);
                    given[worker].remove(0);
                }
                Step::TakeBack { worker } => {
                    if takes_back && given[worker].len() == MAX_LISTED {
                        let (lane, job) = given[worker].pop().unwrap();
                        queue.put_back(worker, job);
                        lead -= worth(lane, job.hashes);
                    }
                }
            }
            leads.push(lead);
            let (least, most) = (leads.iter().min().unwrap(), leads.iter().max().unwrap());
            prop_assert!(most - least <= 3 + taken_back, "{leads:?}");
        }
    }

    /// While a lane has no work, the other one gets every hash.
    #[test]
    fn a_lane_alone_gets_everything(lane in prop_oneof![Just(Lane::Known), Just(Lane::Unknown)], count in 1..60_u32) {
        let mut queue = Queue::new(1, Duration::from_hours(1), millis(20));
        for name in 0..count {
            queue.admit(millis(0), lane, job(name)).unwrap();
        }
        for name in 0..count {
            prop_assert_eq!(queue.next(millis(0), 0), Next::Do(job(name)));
            queue.done(millis(0), 0);
        }
    }

}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A job that is admitted while both lanes are flooded is begun within the deadline, in any mix of arrivals.
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
        let (mut now, mut served, mut late) = (Duration::ZERO, [0_u32; 2], 0);
        for _ in 0..rounds {
            for (lane, coming) in [(Lane::Known, known_each_round), (Lane::Unknown, unknown_each_round)] {
                for name in 0..coming {
                    // Whether it is let in is not what counts here.
                    let _ = queue.admit(now, lane, job(name));
                }
            }
            for worker in 0..workers {
                let before = queue.length(Lane::Known);
                match queue.next(now, worker) {
                    Next::Do(_) => served[usize::from(queue.length(Lane::Known) == before)] += 1,
                    Next::Nothing => {}
                    // What comes into a lane is known after a while: the first deadlines may be promised too much.
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
        // A lane that asks for its share gets it, and what it leaves goes to the other one.
        let workers = u32::try_from(workers).unwrap();
        let all = served[0] + served[1];
        prop_assert!(all + late + workers >= rounds * workers.min(known_each_round + unknown_each_round), "{served:?}");
        let unknown = (all / 3).min(rounds * unknown_each_round);
        let known = (all * 2 / 3).min(rounds * known_each_round);
        prop_assert!(served[1] + late + 6 >= unknown && served[0] + late + 6 >= known, "{served:?}, {late} late");
    }
}

#[test]
fn those_sent_away_get_a_place_each_and_none_beyond_a_minute() {
    let mut queue = queue();
    let (_, first) = fill(&mut queue, millis(0), Lane::Unknown);
    let mut told = vec![first.retry_after];
    for name in 0..5000 {
        told.push(queue.admit(millis(0), Lane::Unknown, job(name)).unwrap_err().1.retry_after);
    }
    assert_eq!(told[..4], [300, 320, 340, 360].map(millis));
    assert_eq!(told.last(), Some(&MAX_RETRY_AFTER));
    assert!(told.is_sorted());
}

#[test]
fn a_place_is_never_before_the_wait_that_there_is_and_old_promises_are_forgotten() {
    let mut queue = queue();
    fill(&mut queue, millis(0), Lane::Unknown);
    // Nobody was served for ten seconds, since the worker hung: the wait is what counts.
    let refused = queue.admit(millis(10_000), Lane::Unknown, job(99)).unwrap_err().1;
    assert_eq!(refused.retry_after, millis(300));
}

#[test]
fn those_who_come_back_when_they_are_told_find_room() {
    let mut queue = Queue::new(1, Duration::from_secs(2), millis(20));
    let mut coming: Vec<(Duration, u32)> = (0..600).map(|name| (millis(0), name)).collect();
    let (mut served, mut now, mut refusals, mut idle) = (0, millis(0), 0, 0);
    while served < 600 {
        coming.sort();
        while let Some(&(at, name)) = coming.first().filter(|(at, _)| *at <= now) {
            coming.remove(0);
            if let Err((_, refused)) = queue.admit(now, Lane::Unknown, job(name)) {
                refusals += 1;
                // `Retry-After` is in whole seconds.
                coming.push((at + Duration::from_secs(refused.retry_after.as_secs() + 1), name));
            }
        }
        match queue.next(now, 0) {
            Next::Do(..) => served += 1,
            Next::Nothing => idle += 1,
            late => panic!("{late:?}"),
        }
        now += millis(20);
        queue.done(now, 0);
    }
    // 75 find room at once and the other 525 when they come back, all but a few: the worker does not wait for them.
    assert!((525..600).contains(&refusals), "{refusals}");
    assert!(idle < 60, "{idle}");
}

#[test]
fn whoever_waited_past_the_deadline_is_refused_and_whoever_has_gone_is_dropped() {
    let mut queue = queue();
    for name in 0..3 {
        queue.admit(millis(0), Lane::Unknown, TestJob { is_gone: name == 0, ..job(name) }).unwrap();
    }
    assert!(matches!(queue.next(millis(355), 0), Next::Gone(gone) if gone.name == 0));
    assert!(matches!(queue.next(millis(355), 0), Next::Do(..)));
    queue.done(millis(356), 0);
    assert!(matches!(queue.next(millis(356), 0), Next::Late(late, _) if late.name == 2));
    assert_eq!(queue.next(millis(356), 0), Next::Nothing);
}

#[test]
fn those_who_have_gone_keep_nobody_out() {
    let mut queue = queue();
    for name in 0..15 {
        queue.admit(millis(0), Lane::Unknown, TestJob { is_gone: name > 0, ..job(name) }).unwrap();
    }
    assert!(queue.admit(millis(0), Lane::Unknown, job(15)).is_err());
    queue.forget_gone();
    assert!(queue.admit(millis(0), Lane::Unknown, job(15)).is_ok());
    assert_eq!(queue.length(Lane::Unknown), 2);
}

#[test]
fn what_nobody_waits_for_is_done_when_nobody_waits_and_is_bounded() {
    let mut queue = queue();
    for name in 0..32 {
        assert_eq!(queue.admit_spare(job(name)), Ok(()));
    }
    assert_eq!(queue.admit_spare(job(32)), Err(job(32)));
    assert_eq!(queue.expected_wait(millis(0), Lane::Unknown), millis(0));
    queue.admit(millis(0), Lane::Unknown, job(99)).unwrap();
    assert_eq!(queue.next(millis(0), 0), Next::Do(job(99)));
    queue.done(millis(0), 0);
    assert_eq!(queue.next(millis(0), 0), Next::Nothing);
    assert_eq!(queue.next_spare(millis(0), 0), Next::Do(job(0)));
}

#[test]
fn the_mean_follows_what_is_measured() {
    let mut queue = queue();
    for _ in 0..100 {
        queue.measured(millis(100));
    }
    assert!(queue.hash_time > millis(99) && queue.hash_time <= millis(100), "{:?}", queue.hash_time);
}

#[test]
fn a_worker_goes_on_with_what_it_was_given_meanwhile() {
    let mut queue = queue();
    for name in 0..3 {
        queue.admit(millis(0), Lane::Unknown, job(name)).unwrap();
    }
    assert_eq!(queue.next(millis(5), 0), Next::Do(job(0)));
    assert_eq!(queue.next(millis(6), 0), Next::Do(job(1)));
    assert_eq!((queue.load(0), queue.length(Lane::Unknown), queue.soonest(millis(6))), (2, 1, None));
    // 19 ms of the first, and the other two.
    assert_eq!(queue.expected_wait(millis(6), Lane::Unknown), millis(59));
    assert_eq!(queue.done(millis(25), 0), Some(millis(5)));
    assert_eq!(queue.expected_wait(millis(35), Lane::Unknown), millis(30));
    assert_eq!(queue.done(millis(45), 0), Some(millis(25)));
    assert_eq!((queue.load(0), queue.soonest(millis(45))), (0, Some(0)));
}

#[test]
fn who_is_free_first_is_given_the_next() {
    let mut queue = Queue::new(3, millis(400), millis(20));
    for name in 0..2 {
        queue.admit(millis(0), Lane::Unknown, TestJob { hashes: 2 - name, ..job(name) }).unwrap();
        queue.next(millis(0), name as usize);
    }
    assert_eq!(queue.soonest(millis(1)), Some(2));
    queue.admit(millis(1), Lane::Unknown, job(2)).unwrap();
    queue.next(millis(1), 2);
    assert_eq!(queue.soonest(millis(2)), Some(1));
}

#[test]
fn what_a_worker_was_to_go_on_with_is_done_by_another_that_is_free() {
    let mut queue = Queue::new(2, millis(400), millis(20));
    for name in 0..4 {
        queue.admit(millis(name), Lane::Known, job(u32::try_from(name).unwrap())).unwrap();
    }
    for worker in [0, 1, 0] {
        assert!(matches!(queue.next(millis(5), worker), Next::Do(..)));
    }
    assert!(!queue.should_be_relieved(millis(5), 0));
    queue.done(millis(20), 1);
    assert!(queue.should_be_relieved(millis(20), 0));
    queue.put_back(0, job(2));
    // It is before the one that came after it.
    assert_eq!((queue.load(0), queue.length(Lane::Known)), (1, 2));
    assert_eq!(queue.next(millis(20), 1), Next::Do(job(2)));
    assert_eq!(queue.done(millis(40), 1), Some(millis(18)));
}

#[test]
fn nobody_waits_behind_what_takes_longer_than_anybody_could_expect() {
    let mut queue = Queue::new(2, millis(400), millis(20));
    for name in 0..4 {
        queue.admit(millis(0), Lane::Known, job(name)).unwrap();
    }
    for worker in [0, 1, 0, 1] {
        queue.next(millis(0), worker);
    }
    assert!(!queue.should_be_relieved(millis(40), 0));
    assert!(queue.should_be_relieved(millis(41), 0));
    queue.put_back(0, job(2));
    queue.done(millis(41), 1);
    assert_eq!(queue.soonest(millis(41)), Some(1), "and it is given nothing to go on with");
}

#[test]
fn no_worker_is_given_a_second_job_that_leaves_no_room_for_the_next_that_comes() {
    for lane in [Lane::Unknown, Lane::Known] {
        // Of 300 ms that are given out a hash takes 120.
        let mut queue = Queue::new(1, millis(400), millis(120));
        for name in 0..2 {
            queue.admit(millis(0), lane, job(name)).unwrap();
        }
        assert_eq!(queue.next(millis(0), 0), Next::Do(job(0)));
        assert_eq!(queue.next(millis(0), 0), Next::Nothing);
        assert_eq!(queue.admit(millis(0), Lane::Known, job(2)).is_ok(), lane == Lane::Unknown);
        queue.done(millis(120), 0);
        assert_eq!(queue.next(millis(120), 0), Next::Do(job(if lane == Lane::Unknown { 2 } else { 1 })));
    }
}

#[test]
fn nobody_is_given_to_a_worker_that_would_come_to_them_too_late() {
    let mut queue = queue();
    queue.admit(millis(0), Lane::Unknown, TestJob { hashes: 10, ..job(0) }).unwrap();
    queue.admit(millis(0), Lane::Unknown, job(1)).unwrap();
    assert!(matches!(queue.next(millis(170), 0), Next::Do(..)));
    assert_eq!(queue.next(millis(170), 0), Next::Nothing);
    // The worker is free sooner than was expected.
    queue.done(millis(300), 0);
    assert_eq!(queue.next(millis(300), 0), Next::Do(job(1)));
}

#[test]
fn a_worker_goes_on_with_nothing_for_which_nobody_waits() {
    let mut queue = queue();
    queue.admit_spare(job(7)).unwrap();
    queue.admit(millis(0), Lane::Unknown, job(0)).unwrap();
    assert_eq!(queue.next(millis(0), 0), Next::Do(job(0)));
    assert_eq!(queue.next_spare(millis(0), 0), Next::Nothing);
    queue.done(millis(20), 0);
    assert_eq!(queue.next_spare(millis(20), 0), Next::Do(job(7)));
}

/// Twenty seconds in which unknown devices flood two workers with jobs that are worth so many hashes, of 25 ms each, and a known
/// device comes every 100 ms. How many known devices were sent away.
fn sent_away_in_a_flood_of(worth: u32) -> usize {
    let mut queue = Queue::new(2, Duration::from_secs(2), millis(25));
    // What each worker does, and when it began.
    let mut workers: [(Duration, VecDeque<TestJob>); 2] = Default::default();
    let mut sent_away = 0;
    for now in (0..20_000).step_by(5).map(millis) {
        for (worker, (began, jobs)) in workers.iter_mut().enumerate() {
            if jobs.front().is_some_and(|job| now >= *began + millis(25) * job.hashes) {
                jobs.pop_front();
                queue.done(now, worker);
                *began = now;
            }
            if jobs.len() > 1 && queue.should_be_relieved(now, worker) {
                queue.put_back(worker, jobs.pop_back().unwrap());
            }
        }
        // Whether it is let in is not what counts here.
        let _ = queue.admit(now, Lane::Unknown, TestJob { hashes: worth, ..job(0) });
        if now.as_millis().is_multiple_of(100) {
            sent_away += usize::from(queue.admit(now, Lane::Known, job(1)).is_err());
        }
        while let Some(worker) = queue.soonest(now) {
            match queue.next(now, worker) {
                Next::Do(job) => {
                    let (began, jobs) = &mut workers[worker];
                    if jobs.is_empty() {
                        *began = now;
                    }
                    jobs.push_back(job);
                }
                Next::Late(job, _) => sent_away += usize::from(job.name == 1),
                Next::Gone(_) => {}
                Next::Nothing => break,
            }
        }
    }
    sent_away
}

#[test]
fn a_flood_of_costly_hashes_sends_no_known_device_away() {
    assert_eq!([1, 10, 40].map(sent_away_in_a_flood_of), [0, 0, 0]);
}
