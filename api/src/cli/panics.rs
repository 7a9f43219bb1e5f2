//! What the log says of a panic: where it was, and words that stand in the program itself. Words that were put together when it
//! happened may hold anything, a secret too: nobody gets to read them.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    panic::{self, PanicHookInfo},
};

/// From now on a panic is a line of the log like any other, instead of its own words on standard error.
pub(super) fn to_the_log() {
    panic::set_hook(Box::new(tell));
}

fn tell(panic: &PanicHookInfo<'_>) {
    let at = panic.location().map(tracing::field::display);
    let words = fixed_words(panic.payload());
    let calls = Backtrace::capture(); // names of functions alone, and only where the environment asks for them
    let calls = (calls.status() == BacktraceStatus::Captured).then(|| tracing::field::display(&calls));
    tracing::error!(at, words, calls, "something in the program is broken: this is a defect");
}

/// Words that the compiler knew already.
fn fixed_words(payload: &(dyn Any + Send)) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    use std::{panic::catch_unwind, sync::Arc};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// What was logged.
    #[derive(Clone, Default)]
    struct Logged(Arc<std::sync::RwLock<Vec<u8>>>);

    impl std::io::Write for Logged {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.write().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Logged {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    fn logged(panics: fn()) -> String {
        let logged = Logged::default();
        let subscriber = tracing_subscriber::fmt().with_writer(logged.clone()).finish();
        tracing::subscriber::with_default(subscriber, || {
            to_the_log();
            assert!(catch_unwind(panics).is_err());
        });
        String::from_utf8(logged.0.read().unwrap().clone()).unwrap()
    }

    /// OA-9.
    ///
    /// Mutant: when whatever the panic says is written down, this fails.
    #[test]
    fn a_panic_is_found_by_its_place_and_gives_no_secret_away() {
        let log = logged(|| {
            let token = "canary-access-token".to_owned();
            panic!("{token} does not open");
        });
        assert!(log.contains("panics.rs:") && log.contains("this is a defect"), "{log}");
        assert!(!log.contains("canary"), "{log}");
        let log = logged(|| unreachable!("the key is 32 bytes long"));
        assert!(log.contains("the key is 32 bytes long"), "{log}");
    }
}
