//! A mail as bytes: headers, plain text and page, and the picture inside it.

use application::ports::mail::{MailAccount, Mailbox, NotSent, OutgoingMail};
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Attachment, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

/// What is handed to a server.
pub(super) struct Letter {
    pub(super) envelope: Envelope,
    pub(super) bytes: Vec<u8>,
}

pub(super) fn compose(account: &MailAccount, mail: &OutgoingMail) -> Result<Letter, NotSent> {
    let message = message(account, mail).ok_or(NotSent::Unsendable)?;
    Ok(Letter {
        envelope: message.envelope().clone(),
        bytes: message.formatted(),
    })
}

fn message(account: &MailAccount, mail: &OutgoingMail) -> Option<Message> {
    let from: Address = account.from.parse().ok()?;
    let mut builder = Message::builder()
        .from(lettre::message::Mailbox::new(on_one_line(&mail.from_name), from))
        .to(mailbox(&mail.to)?)
        .subject(on_one_line(&mail.subject).unwrap_or_default())
        .message_id(Some(format!("<{}@{}>", mail.id, account.domain())))
        .date(mail.date.into());
    if let Some(reply_to) = mail.reply_to.as_ref().and_then(mailbox) {
        builder = builder.reply_to(reply_to);
    }
    // RFC 3834: nobody's out-of-office note should answer this.
    for (name, value) in [
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
    ] {
        let name = HeaderName::new_from_ascii(name.to_owned()).ok()?;
        builder = builder.raw_header(HeaderValue::new(name, value.to_owned()));
    }
    builder.multipart(body(mail)?).ok()
}

fn body(mail: &OutgoingMail) -> Option<MultiPart> {
    let alternative = MultiPart::alternative().singlepart(SinglePart::plain(mail.text.clone()));
    let page = SinglePart::html(mail.html.clone());
    let Some(image) = &mail.image else {
        return Some(alternative.singlepart(page));
    };
    let kind = ContentType::parse(&image.media_type).ok()?;
    let picture = Attachment::new_inline(image.content_id.clone()).body(image.bytes.clone(), kind);
    Some(alternative.multipart(MultiPart::related().singlepart(page).singlepart(picture)))
}

fn mailbox(of: &Mailbox) -> Option<lettre::message::Mailbox> {
    Some(lettre::message::Mailbox::new(
        of.name.as_deref().and_then(on_one_line),
        of.address.parse().ok()?,
    ))
}

/// A name or subject as a header can carry it; a control character could begin a header of its own.
fn on_one_line(text: &str) -> Option<String> {
    let text = text.replace(char::is_control, " ");
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}
