//! What every aggregate has in common: a command is decided, and its events evolve the state.

/// Makes a cqrs-es aggregate of a type that has `decide(&self, command) -> Result<Vec<event>, error>` and
/// `evolve(&mut self, &event)`. No aggregate has services: effects follow the log, they are not part of a decision.
macro_rules! aggregate {
    ($aggregate:ty, $stored:literal, $command:ty => $event:ty, $error:ty) => {
        impl cqrs_es::Aggregate for $aggregate {
            const TYPE: &'static str = $stored;
            type Command = $command;
            type Event = $event;
            type Error = $error;
            type Services = ();

            async fn handle(
                &mut self,
                command: Self::Command,
                (): &(),
                sink: &cqrs_es::event_sink::EventSink<Self>,
            ) -> Result<(), Self::Error> {
                for event in self.decide(command)? {
                    sink.write(event, self).await;
                }
                Ok(())
            }

            fn apply(&mut self, event: Self::Event) {
                self.evolve(&event);
            }
        }
    };
}
pub(crate) use aggregate;
