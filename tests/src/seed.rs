//! Where the chance of a story comes from.

/// `GRANTLINK_TEST_SEED`, or a new one. It is printed, so that a run that failed can be told again.
pub fn seed() -> u64 {
    let given = std::env::var("GRANTLINK_TEST_SEED").ok();
    let seed = given.and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("GRANTLINK_TEST_SEED={seed}");
    seed
}
