//! Reads that share a statement: whoever asks while others are being answered is answered together with all who asked meanwhile.
//!
//! A page or a command needs a handful of small reads, and each way to the database and back costs more than the rows that it
//! brings. Under load one statement answers many callers; a single caller waits for nobody.

use std::sync::Arc;

use application::ports::StoreError;
use serde::Serialize;
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{Pool, Row, broken, unavailable};

/// So many questions may wait; who asks more waits for room.
const QUEUE: usize = 1_024;
/// So many questions share one statement at most.
const BATCH: usize = 128;
/// So many statements run at once: while one is answered, the next questions gather.
const READERS: usize = 3;

/// A statement whose parameter is a JSON array of questions. Its rows begin with the number of their question, from 0.
#[derive(Clone, Copy)]
pub(super) struct Statement {
    pub(super) postgres: &'static str,
    pub(super) sqlite: &'static str,
}

/// The way to the tasks that ask the database.
pub(super) struct Grouped<Q>(mpsc::Sender<Asked<Q>>);

struct Asked<Q> {
    question: Q,
    answer: oneshot::Sender<Result<Vec<Row>, StoreError>>,
}

impl<Q: Serialize + Send + Sync + 'static> Grouped<Q> {
    /// The tasks end when the last asker is dropped.
    pub(super) fn over(pool: &Pool, statement: Statement) -> Self {
        let (inbox, questions) = mpsc::channel(QUEUE);
        let questions = Arc::new(Mutex::new(questions));
        for _ in 0..READERS {
            tokio::spawn(read(pool.clone(), statement, Arc::clone(&questions)));
        }
        Self(inbox)
    }

    /// The rows of a question, as the database holds them at a moment after it was asked.
    pub(super) async fn ask(&self, question: Q) -> Result<Vec<Row>, StoreError> {
        let (answer, answered) = oneshot::channel();
        let closed = || unavailable("it is closed");
        self.0.send(Asked { question, answer }).await.map_err(|_| closed())?;
        answered.await.unwrap_or_else(|_| Err(closed()))
    }
}

async fn read<Q: Serialize>(pool: Pool, statement: Statement, inbox: Arc<Mutex<mpsc::Receiver<Asked<Q>>>>) {
    let sql = match &pool {
        Pool::Postgres(_) => statement.postgres,
        Pool::Sqlite(_) => statement.sqlite,
    };
    loop {
        let mut asked = Vec::new();
        if inbox.lock().await.recv_many(&mut asked, BATCH).await == 0 {
            return;
        }
        asked.retain(|asked| !asked.answer.is_closed()); // who has gone needs no answer
        let questions: Vec<_> = asked.iter().map(|asked| &asked.question).collect();
        let rows = together(&pool, sql, &questions).await;
        match rows {
            Ok(rows) => {
                for (asked, rows) in asked.into_iter().zip(rows) {
                    asked.answer.send(Ok(rows)).ok(); // the caller may have gone
                }
            }
            Err(error) => {
                for asked in asked {
                    asked.answer.send(Err(error.clone())).ok();
                }
            }
        }
    }
}

/// The rows of each question, in the order of the questions.
async fn together<Q: Serialize>(pool: &Pool, sql: &'static str, questions: &[&Q]) -> Result<Vec<Vec<Row>>, StoreError> {
    let json = serde_json::to_string(questions).map_err(|_| broken("a question cannot be written"))?;
    let mut answers: Vec<Vec<Row>> = std::iter::repeat_with(Vec::new).take(questions.len()).collect();
    for mut row in pool.read(sql, vec![json.into()]).await? {
        let number = usize::try_from(row.count()?).unwrap_or(usize::MAX);
        let answer = answers
            .get_mut(number)
            .ok_or_else(|| broken("a row answers no question"))?;
        answer.push(row);
    }
    Ok(answers)
}
