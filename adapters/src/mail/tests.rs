//! Mail against a server that speaks SMTP, TLS and login included, and that misbehaves in every way mail servers do.

use std::time::{Duration, Instant};

use application::ports::mail::{
    AccountOwner, InlineImage, MailAccount, Mailbox, Mailer, NotSent, OutgoingMail, Security, ServerWords,
};
use chrono::{TimeZone, Utc};
use simulator::mail::{Deed, MailServer, MailServerConfig, MailStep, MailTls, MailTrouble};

use super::{InvalidAccount, MailConfig, SmtpMailer, check_account};

const LOGIN: (&str, &str) = ("agency", "s3cret-word");

async fn server(tls: MailTls, login: bool) -> MailServer {
    let login = login.then(|| (LOGIN.0.to_owned(), LOGIN.1.to_owned()));
    MailServer::start(MailServerConfig {
        tls,
        login,
        ..MailServerConfig::default()
    })
    .await
    .unwrap()
}

fn account(server: &MailServer, security: Security, login: bool) -> MailAccount {
    MailAccount {
        host: "localhost".into(),
        port: server.addr().port(),
        security,
        username: login.then(|| LOGIN.0.into()),
        password: login.then(|| LOGIN.1.into()),
        from: "connect@agency.example".into(),
    }
}

fn trusting(server: &MailServer) -> SmtpMailer {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("root.pem");
    std::fs::write(&file, server.certificate()).unwrap();
    SmtpMailer::new(&MailConfig {
        extra_root: Some(file),
        ..hasty()
    })
    .unwrap()
}

fn hasty() -> MailConfig {
    MailConfig {
        stall_seconds: 1,
        final_seconds: 2,
        ..MailConfig::default()
    }
}

fn mail() -> OutgoingMail {
    OutgoingMail {
        id: "0193-7".into(),
        date: Utc.with_ymd_and_hms(2026, 11, 22, 8, 0, 0).unwrap(),
        from_name: "Müller & Söhne, \"Marketing\"".into(),
        reply_to: Some(Mailbox {
            name: Some("Anna\r\nBcc: x@y.example".into()),
            address: "anna@agency.example".into(),
        }),
        to: Mailbox {
            name: Some("Café Zoë".into()),
            address: "zoe@cafe.example".into(),
        },
        subject: "Verbinden Sie Ihr Konto – jetzt".into(),
        html: "<p>Grüße <img src=\"cid:logo\"></p>".into(),
        text: "Grüße\n.\nline after a dot\n".into(),
        image: Some(InlineImage {
            content_id: "logo".into(),
            media_type: "image/png".into(),
            bytes: vec![1, 2, 3],
        }),
    }
}

async fn send(mailer: &SmtpMailer, account: &MailAccount) -> Result<ServerWords, NotSent> {
    mailer.send(account, AccountOwner::Installation, &mail()).await
}

#[tokio::test]
async fn a_mail_arrives_over_tls_and_login_as_it_was_written() {
    for (tls, security) in [
        (MailTls::Implicit, Security::Tls),
        (MailTls::Starttls, Security::Starttls),
    ] {
        let server = server(tls, true).await;
        let said = send(&trusting(&server), &account(&server, security, true))
            .await
            .unwrap();
        assert_eq!((said.code, said.words.as_str()), (250, "2.0.0 taken"));
        let kept = server.mails().remove(0);
        assert!(kept.encrypted);
        assert_eq!(kept.login.as_deref(), Some(LOGIN.0));
        assert_eq!(
            (kept.sender.as_str(), kept.recipients.as_slice()),
            ("connect@agency.example", ["zoe@cafe.example".to_owned()].as_slice())
        );
        assert_eq!(kept.subject(), "Verbinden Sie Ihr Konto – jetzt");
        assert_eq!(kept.message_id(), "0193-7@agency.example");
        assert_eq!(kept.header("Auto-Submitted").as_deref(), Some("auto-generated"));
        assert_eq!(kept.text(), "Grüße\n.\nline after a dot\n");
        assert!(kept.html().contains("Grüße"));
        assert_eq!(kept.picture("logo"), Some(("image/png".into(), vec![1, 2, 3])));
        assert!(
            kept.header("Bcc").is_none(),
            "a name must not become a header: {}",
            kept.raw
        );
    }
}

#[tokio::test]
async fn a_server_that_cannot_prove_who_it_is_gets_nothing() {
    let strange = server(MailTls::Implicit, true).await;
    let unknowing = SmtpMailer::new(&hasty()).unwrap();
    assert_eq!(
        send(&unknowing, &account(&strange, Security::Tls, true)).await,
        Err(NotSent::Untrusted)
    );
    let other_name = MailAccount {
        host: "other.localhost".into(),
        ..account(&strange, Security::Tls, true)
    };
    assert_eq!(send(&trusting(&strange), &other_name).await, Err(NotSent::Untrusted));
    assert!(strange.mails().is_empty());
}

#[tokio::test]
async fn without_starttls_neither_password_nor_mail_leaves() {
    let plain = server(MailTls::None, true).await;
    assert_eq!(
        send(&trusting(&plain), &account(&plain, Security::Starttls, true)).await,
        Err(NotSent::Untrusted)
    );
    assert!(plain.mails().is_empty());
}

#[tokio::test]
async fn every_refusal_has_its_meaning() {
    let answer = |code, words: &str| Deed::Answer(code, words.to_owned());
    let words = |code, words: &str| ServerWords {
        code,
        words: words.to_owned(),
    };
    for (step, deed, expected) in [
        (
            MailStep::Recipient,
            answer(550, "5.1.1 nobody here"),
            NotSent::Refused(words(550, "5.1.1 nobody here")),
        ),
        (
            MailStep::Recipient,
            answer(451, "4.7.1 greylisted"),
            NotSent::TryLater(words(451, "4.7.1 greylisted")),
        ),
        (
            MailStep::FinalDot,
            answer(554, "5.7.1 spam"),
            NotSent::Refused(words(554, "5.7.1 spam")),
        ),
        (
            MailStep::FinalDot,
            answer(452, "4.3.1 full"),
            NotSent::TryLater(words(452, "4.3.1 full")),
        ),
        (
            MailStep::Sender,
            answer(553, "5.7.1 not yours"),
            NotSent::AccountRefused(words(553, "5.7.1 not yours")),
        ),
        (
            MailStep::Login,
            answer(535, "5.7.8 no"),
            NotSent::AccountRefused(words(535, "5.7.8 no")),
        ),
        (
            MailStep::Greeting,
            answer(421, "4.3.2 busy"),
            NotSent::TryLater(words(421, "4.3.2 busy")),
        ),
        (MailStep::Greeting, Deed::Stall, NotSent::TimedOut),
        (MailStep::Data, Deed::Stall, NotSent::TimedOut),
        (MailStep::FinalDot, Deed::Stall, NotSent::TimedOut),
        (MailStep::Recipient, Deed::Cut, NotSent::BrokenOff),
        (MailStep::FinalDot, Deed::Cut, NotSent::BrokenOff),
    ] {
        let server = server(MailTls::Starttls, true).await;
        server.inject(MailTrouble::once(step, deed.clone())).await;
        let (mailer, account) = (trusting(&server), account(&server, Security::Starttls, true));
        assert_eq!(send(&mailer, &account).await, Err(expected), "{step:?} {deed:?}");
        assert!(
            send(&mailer, &account).await.is_ok(),
            "the next one goes: {step:?} {deed:?}"
        );
    }
}

/// RFC 5321 grants ten minutes for the answer to the final dot; elsewhere silence is short.
#[tokio::test]
async fn the_answer_to_the_final_dot_is_waited_for_longer_than_any_other() {
    let server = server(MailTls::None, false).await;
    server
        .inject(MailTrouble::once(
            MailStep::FinalDot,
            Deed::Wait(Duration::from_millis(1_300)),
        ))
        .await;
    let begun = Instant::now();
    send(&trusting(&server), &account(&server, Security::None, false))
        .await
        .unwrap();
    assert!(begun.elapsed() > Duration::from_secs(1));
}

#[tokio::test]
async fn where_nobody_listens_nobody_is_reached() {
    let gone = server(MailTls::None, false).await;
    let account = account(&gone, Security::None, false);
    let mailer = trusting(&gone);
    gone.stop().await;
    assert_eq!(send(&mailer, &account).await, Err(NotSent::Unreachable));
}

/// API-7 for mail.
#[tokio::test]
async fn an_agency_cannot_make_the_server_knock_next_door() {
    let home = server(MailTls::None, false).await;
    let mailer = SmtpMailer::new(&hasty()).unwrap();
    for host in [
        "localhost",
        "mail.localhost",
        "127.0.0.1",
        "[::1]",
        "10.0.0.7",
        "169.254.169.254",
        "::ffff:127.0.0.1",
    ] {
        for port in [25, 587, home.addr().port()] {
            let account = MailAccount {
                host: host.into(),
                port,
                ..account(&home, Security::Tls, false)
            };
            let sent = mailer.send(&account, AccountOwner::Agency, &mail()).await;
            assert_eq!(sent, Err(NotSent::Forbidden), "{host}:{port}");
        }
    }
    assert!(home.mails().is_empty());
}

#[tokio::test]
async fn a_connection_serves_mail_after_mail() {
    let server = server(MailTls::Implicit, true).await;
    let (mailer, account) = (trusting(&server), account(&server, Security::Tls, true));
    send(&mailer, &account).await.unwrap();
    server
        .inject(MailTrouble::once(
            MailStep::Login,
            Deed::Answer(535, "no more logins".into()),
        ))
        .await;
    send(&mailer, &account).await.unwrap();
    assert_eq!(server.mails().len(), 2);
}

#[tokio::test]
async fn what_cannot_work_is_said_before_anybody_is_asked() {
    let server = server(MailTls::None, false).await;
    let fine = account(&server, Security::None, true);
    assert_eq!(check_account(&fine), Ok(()));
    for (account, complaint) in [
        (
            MailAccount {
                host: "a b".into(),
                ..fine.clone()
            },
            InvalidAccount::Host,
        ),
        (
            MailAccount {
                port: 0,
                ..fine.clone()
            },
            InvalidAccount::Port,
        ),
        (
            MailAccount {
                from: "nobody".into(),
                ..fine.clone()
            },
            InvalidAccount::From,
        ),
        (
            MailAccount {
                password: None,
                ..fine.clone()
            },
            InvalidAccount::Login,
        ),
        (
            MailAccount {
                host: "mail.example".into(),
                ..fine.clone()
            },
            InvalidAccount::Plain,
        ),
    ] {
        assert_eq!(check_account(&account), Err(complaint));
    }
    assert!(!format!("{fine:?}").contains(LOGIN.1), "a password was printed");
}
