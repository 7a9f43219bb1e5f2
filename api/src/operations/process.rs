//! What the system says about this process. Where it does not say (it is not Linux), the figures are left out.

/// The memory that is resident, in bytes.
pub(super) fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}

/// How many files and connections are open.
pub(super) fn open_files() -> Option<u64> {
    let open = std::fs::read_dir("/proc/self/fd").ok()?;
    u64::try_from(open.count()).ok()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_system_knows_this_process() {
        assert!(resident_bytes().unwrap() > 1 << 20);
        assert!(open_files().unwrap() >= 3);
    }
}
