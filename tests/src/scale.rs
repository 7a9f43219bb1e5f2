//! How much of a long story is told.

/// A figure of a short run, times `GRANTLINK_TEST_SCALE` (1 where it is not set).
pub fn scaled(n: usize) -> usize {
    let scale = std::env::var("GRANTLINK_TEST_SCALE").ok();
    n * scale.and_then(|scale| scale.parse().ok()).unwrap_or(1)
}
