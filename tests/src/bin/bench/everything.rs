//! Appending one event with everything that a command of the product brings along: personal data sealed under its subject's key,
//! a sealed receipt, and the versions of other streams that the decision stands on.

use std::sync::Arc;

use application::ports::{
    cipher::Cipher,
    log::{Commit, EventLog},
    vault::{Place, Record},
};
use domain::{
    ids::{CustomerId, TenantId},
    personal::Subject,
};
use grantlink_load::{Load, Measured, drive};
use grantlink_tests::conformance::{Database, Draft, Stream, body, id, stream, tenant};
use secrecy::SecretSlice;

use crate::{
    append::payload,
    database::{Node, On, keys, on_new},
};

/// As long as the facts about a customer, and as the answer to a call.
const FACTS: &[u8] = br#"{"name":"Olive Hartley","email":"olive@example.com","address":"48 Lamb Lane, London"}"#;
const ANSWER: [u8; 400] = [b'x'; 400];
const ROUTE: &str = "POST /v1/links";
/// Streams that were loaded and not changed, as an agency, a customer and an earlier link are when a link is issued.
const READ: usize = 3;

pub(crate) async fn run(load: Load, on: On) -> anyhow::Result<Measured> {
    on_new(on, move |database| measure(load, database)).await
}

async fn measure(load: Load, database: Database) -> anyhow::Result<Measured> {
    let node = Node::open(&database, &keys()).await?;
    let agency = written(node.app.log.as_ref()).await?;
    let mut callers = Vec::with_capacity(load.callers);
    for _ in 0..load.callers {
        callers.push(Arc::new(Caller::new(&node, &agency).await?));
    }
    let measured = drive(&load, |number| {
        let (log, caller) = (node.app.log.clone(), callers[number].clone());
        move || {
            let (log, caller) = (log.clone(), caller.clone());
            async move {
                log.commit(caller.commit()).await?;
                Ok(true)
            }
        }
    })
    .await?;
    node.close().await;
    Ok(measured)
}

/// A stream of one event.
async fn written(log: &dyn EventLog) -> anyhow::Result<Stream> {
    let stream = stream();
    log.commit(Draft::default().appends(&stream, 0).commit()).await?;
    Ok(stream)
}

/// Whom a caller acts for.
struct Caller {
    cipher: Arc<dyn Cipher>,
    tenant: TenantId,
    subject: Subject,
    key: SecretSlice<u8>,
    reads: Vec<Stream>,
    payload: String,
}

impl Caller {
    async fn new(node: &Node, agency: &Stream) -> anyhow::Result<Self> {
        let mut reads = vec![agency.clone()];
        while reads.len() < READ {
            reads.push(written(node.app.log.as_ref()).await?);
        }
        Ok(Self {
            cipher: node.app.cipher.clone(),
            tenant: tenant(),
            subject: Subject::Customer(CustomerId(id())),
            key: node.app.cipher.new_key(),
            reads,
            payload: payload(),
        })
    }

    fn commit(&self) -> Commit {
        let key = id().to_string();
        let receipt = Place {
            tenant: self.tenant,
            record: Record::Receipt(ROUTE.to_owned(), key.clone()),
        };
        let draft = Draft::of(self.tenant)
            .appends_with(&stream(), 0, body("Connected", &self.payload))
            .receipt(&key, &self.cipher.seal(&receipt, &ANSWER));
        let mut commit = self.reads.iter().fold(draft, |draft, read| draft.reads(read, 1)).0;
        for event in &mut commit.appends {
            let sealed = self
                .cipher
                .seal_personal(&self.key, event.event_id, self.subject, FACTS);
            event.body.personal = Some(sealed);
        }
        commit
    }
}
