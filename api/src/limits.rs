//! How often a page may be opened, a sign-in begun and a mail server tried. A leaked link must not become a tool, and a scanner must not be able to
//! lock the customer out.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
    num::NonZeroU32,
    time::Duration,
};

use domain::ids::{AgencyId, IntegrationId, LinkId};
use governor::{Quota, RateLimiter, clock::Clock, clock::DefaultClock, state::keyed::DashMapStateStore};
use tokio::{sync::Mutex, time::Instant};

/// Sign-ins begun within any hour, for one link from one network.
const STARTS_AN_HOUR: usize = 20;
/// Pages per minute, for one network: many phones may stand behind one address.
const PAGES_A_MINUTE: NonZeroU32 = NonZeroU32::new(600).unwrap();
/// Test mails of an agency within an hour: they go to its own members, and its mail server is not ours to fill.
const TESTS_AN_HOUR: NonZeroU32 = NonZeroU32::new(10).unwrap();
/// After so many starts of one link within an hour, whoever asks, each further one waits longer ...
const PROMPT_STARTS: u32 = 20;
const FIRST_DELAY: Duration = Duration::from_millis(250);
/// ... but never longer than this.
const LONGEST_DELAY: Duration = Duration::from_secs(8);
/// Checks per minute of one connection, whoever asks: each is several calls to its provider.
const CHECKS_A_MINUTE: NonZeroU32 = NonZeroU32::new(2).unwrap();
const HOUR: Duration = Duration::from_hours(1);

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, DefaultClock>;

/// What is limited on this node.
pub struct Limits {
    pages: Keyed<IpAddr>,
    test_mails: Keyed<AgencyId>,
    checks: Keyed<IntegrationId>,
    starts: Mutex<HashMap<(LinkId, IpAddr), VecDeque<Instant>>>,
    of_link: Mutex<HashMap<LinkId, (Instant, u32)>>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            pages: RateLimiter::keyed(Quota::per_minute(PAGES_A_MINUTE)),
            test_mails: RateLimiter::keyed(Quota::per_hour(TESTS_AN_HOUR)),
            checks: RateLimiter::keyed(Quota::per_minute(CHECKS_A_MINUTE)),
            starts: Mutex::default(),
            of_link: Mutex::default(),
        }
    }
}

impl Limits {
    /// Counts a page.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn page(&self, address: IpAddr) -> Result<(), u64> {
        check(&self.pages, &network(address))
    }

    /// Counts a test mail.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn test_mail(&self, agency: AgencyId) -> Result<(), u64> {
        check(&self.test_mails, &agency)
    }

    /// Counts a check.
    ///
    /// # Errors
    /// The seconds to wait.
    pub fn check(&self, integration: IntegrationId) -> Result<(), u64> {
        check(&self.checks, &integration)
    }

    /// Counts a start, and waits where a link is started again and again.
    ///
    /// # Errors
    /// The seconds to wait, for a network that started the link too often.
    pub async fn start(&self, link: LinkId, address: IpAddr) -> Result<(), u64> {
        self.count((link, network(address))).await?;
        tokio::time::sleep(self.delay(link).await).await;
        Ok(())
    }

    /// Forgets what is over; called now and then.
    pub async fn tidy(&self) {
        self.pages.retain_recent();
        self.test_mails.retain_recent();
        self.checks.retain_recent();
        self.starts
            .lock()
            .await
            .retain(|_, times| times.back().is_some_and(|last| last.elapsed() < HOUR));
        self.of_link.lock().await.retain(|_, (since, _)| since.elapsed() < HOUR);
    }

    /// Remembers each start, so that no hour has more of them than it may; a bucket that refills would let twice as many through.
    async fn count(&self, key: (LinkId, IpAddr)) -> Result<(), u64> {
        let mut starts = self.starts.lock().await;
        let times = starts.entry(key).or_default();
        while times.front().is_some_and(|first| first.elapsed() >= HOUR) {
            times.pop_front();
        }
        match times.front() {
            Some(first) if times.len() >= STARTS_AN_HOUR => Err(HOUR.saturating_sub(first.elapsed()).as_secs() + 1),
            _ => {
                times.push_back(Instant::now());
                Ok(())
            }
        }
    }

    async fn delay(&self, link: LinkId) -> Duration {
        let mut of_link = self.of_link.lock().await;
        let (since, starts) = of_link.entry(link).or_insert_with(|| (Instant::now(), 0));
        if since.elapsed() >= HOUR {
            (*since, *starts) = (Instant::now(), 0);
        }
        *starts += 1;
        delay_of(*starts)
    }
}

fn delay_of(starts: u32) -> Duration {
    match starts.checked_sub(PROMPT_STARTS + 1) {
        None => Duration::ZERO,
        Some(doublings) => FIRST_DELAY.saturating_mul(1 << doublings.min(10)).min(LONGEST_DELAY),
    }
}

fn check<K: std::hash::Hash + Eq + Clone>(limiter: &Keyed<K>, key: &K) -> Result<(), u64> {
    limiter
        .check_key(key)
        .map_err(|until| until.wait_time_from(DefaultClock::default().now()).as_secs() + 1)
}

/// What counts as one client: an IPv4 address, or an IPv6 /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> LinkId {
        LinkId(uuid::Uuid::from_u128(1))
    }

    /// A43. Mutant: with the network left out of the key, the second network is locked out and this fails.
    #[tokio::test]
    async fn twenty_starts_an_hour_per_link_and_network_and_nobody_else_is_locked_out() {
        let limits = Limits::default();
        let (scanner, customer) = ("192.0.2.1".parse().unwrap(), "198.51.100.1".parse().unwrap());
        for _ in 0..20 {
            assert_eq!(limits.start(link(), scanner).await, Ok(()));
        }
        assert!(limits.start(link(), scanner).await.is_err());
        assert_eq!(limits.start(link(), customer).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn no_hour_has_more_starts_than_it_may_wherever_it_begins() {
        let limits = Limits::default();
        let network: IpAddr = "192.0.2.1".parse().unwrap();
        for _ in 0..20 {
            tokio::time::advance(Duration::from_mins(2)).await;
            assert_eq!(limits.count((link(), network)).await, Ok(()));
        }
        assert_eq!(limits.count((link(), network)).await, Err(22 * 60 + 1));
        tokio::time::advance(Duration::from_mins(22)).await;
        assert_eq!(limits.count((link(), network)).await, Ok(()));
        assert!(limits.count((link(), network)).await.is_err());
    }

    #[test]
    fn a_link_that_is_started_again_and_again_answers_ever_later_up_to_a_limit() {
        assert_eq!(delay_of(20), Duration::ZERO);
        assert_eq!(delay_of(21), FIRST_DELAY);
        assert!(delay_of(22) > delay_of(21));
        assert_eq!(delay_of(1_000_000), LONGEST_DELAY);
    }

    #[test]
    fn an_ipv6_client_cannot_hide_among_its_own_addresses() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
    }
}
