//! What was worked out from streams, kept until one of them moves.

use std::{hash::Hash, sync::Arc};

use domain::log::StreamId;
use quick_cache::sync::Cache;

use super::{Moment, States};

/// Answers to one kind of question. They may be forgotten at any time, and nothing but time is lost.
pub struct Memos<K, V>(Cache<K, Arc<Memo<V>>>);

struct Memo<V> {
    answer: V,
    from: Vec<StreamId>,
    at: Moment,
}

impl<K: Clone + Eq + Hash, V: Clone> Memos<K, V> {
    /// Keeps so many answers at most; those that are used most stay.
    pub fn with_room_for(answers: usize) -> Self {
        Self(Cache::new(answers))
    }

    /// An answer that still holds. One that does not is forgotten.
    pub(crate) fn get(&self, question: &K, states: &States) -> Option<V> {
        let memo = self.0.get(question)?;
        if memo.from.iter().all(|stream| states.holds(stream, memo.at)) {
            return Some(memo.answer.clone());
        }
        self.0.remove(question);
        None
    }

    /// Forgets an answer now: one about somebody who was erased.
    pub(crate) fn forget(&self, question: &K) {
        self.0.remove(question);
    }

    /// Keeps an answer that was worked out from streams as they were at a moment, or later.
    pub(crate) fn keep(&self, question: K, answer: V, from: Vec<StreamId>, at: Moment) {
        self.0.insert(question, Arc::new(Memo { answer, from, at }));
    }
}
