//! Native verification of whole tokens: `hallpass-token` and its alternatives.
//!
//! One run measures each contender once; `bench/verifier-rust.js` runs it several times, and computes ratios per pass.

mod clock;
mod hallpass;
mod jsonwebtoken;
mod jwt_simple;
mod keys;
mod raw;
mod tokens;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};

use crate::keys::{Algorithm, Keys};
use crate::tokens::{Bad, Token};

/// The number of tokens, large enough that no processor cache helps.
const DISTINCT_TOKENS: usize = 1024;

/// A verifier in the benchmark.
struct Contender {
    name: &'static str,
    /// Verifies a token, or reports that the algorithm is not supported.
    verify: Box<dyn Fn(&Token) -> Answer>,
    /// The checks that it lacks; it must accept such tokens.
    unchecked: &'static [Bad],
}

#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Good,
    Bad,
    NotSupported,
}

impl From<bool> for Answer {
    fn from(is_good: bool) -> Self {
        if is_good { Self::Good } else { Self::Bad }
    }
}

fn race(criterion: &mut Criterion) {
    for algorithm in Algorithm::ALL {
        let keys = Keys::generate(algorithm);
        let tokens: Vec<_> = (0..DISTINCT_TOKENS).map(|_| Token::good(&keys)).collect();
        let mut group = criterion.benchmark_group(algorithm.name());
        for contender in contenders(&keys) {
            if !is_ready(&contender, &keys) {
                println!("not supported: {} {}", algorithm.name(), contender.name);
                continue;
            }
            let mut turn = tokens.iter().cycle();
            group.bench_function(contender.name, |bencher| {
                bencher.iter(|| {
                    let answer = turn.next().map(|token| (contender.verify)(black_box(token)));
                    assert_eq!(answer, Some(Answer::Good), "{} takes the wrong path", contender.name);
                });
            });
        }
    }
}

fn contenders(keys: &Keys) -> Vec<Contender> {
    let mut contenders = Vec::from(hallpass::contenders(keys));
    contenders.extend([jsonwebtoken::contender(keys), jwt_simple::contender(keys)]);
    contenders.extend(raw::contenders(keys));
    contenders
}

/// Whether a contender supports the algorithm. Panics if it gives a wrong answer: the comparison would be unfair.
fn is_ready(contender: &Contender, keys: &Keys) -> bool {
    match (contender.verify)(&Token::good(keys)) {
        Answer::NotSupported => return false,
        answer => assert_eq!(answer, Answer::Good, "{} refuses a good token", contender.name),
    }
    for bad in Bad::ALL {
        let expected = Answer::from(contender.unchecked.contains(&bad));
        assert_eq!((contender.verify)(&Token::bad(keys, bad)), expected, "{}, wrong {bad:?}", contender.name);
    }
    true
}

criterion_group!(benches, race);
criterion_main!(benches);
