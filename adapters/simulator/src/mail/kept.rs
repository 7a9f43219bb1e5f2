//! A mail as it was taken, and what a reader finds in it.

use mail_parser::{Message, MessageParser, MimeHeaders};

/// A mail that the server took.
#[derive(Clone, Debug)]
pub struct KeptMail {
    /// Who sent it, as the server was told.
    pub sender: String,
    /// Whom it is for, as the server was told.
    pub recipients: Vec<String>,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Who had logged in.
    pub login: Option<String>,
    /// Everything after DATA, dots unstuffed.
    pub raw: String,
    /// Whether the sender never heard that it was taken.
    pub cut: bool,
}

impl KeptMail {
    fn read<T>(&self, what: impl FnOnce(&Message<'_>) -> Option<T>) -> Option<T> {
        what(&MessageParser::default().parse(self.raw.as_bytes())?)
    }

    /// Its subject.
    pub fn subject(&self) -> String {
        self.read(|mail| mail.subject().map(str::to_owned)).unwrap_or_default()
    }

    /// A header as it stands there, unfolded.
    pub fn header(&self, name: &str) -> Option<String> {
        self.read(|mail| {
            let raw = mail.header_raw(name.to_owned())?;
            Some(raw.split_whitespace().collect::<Vec<_>>().join(" "))
        })
    }

    /// Its id, with the domain.
    pub fn message_id(&self) -> String {
        self.read(|mail| mail.message_id().map(str::to_owned))
            .unwrap_or_default()
    }

    /// Its plain text.
    pub fn text(&self) -> String {
        self.read(|mail| mail.body_text(0).map(|text| text.replace("\r\n", "\n")))
            .unwrap_or_default()
    }

    /// Its page.
    pub fn html(&self) -> String {
        self.read(|mail| mail.body_html(0).map(std::borrow::Cow::into_owned))
            .unwrap_or_default()
    }

    /// A picture inside, by the name that the page shows it by: media type and bytes.
    pub fn picture(&self, content_id: &str) -> Option<(String, Vec<u8>)> {
        self.read(|mail| {
            let part = mail.parts.iter().find(|part| part.content_id() == Some(content_id))?;
            let kind = part.content_type()?;
            let kind = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default());
            Some((kind, part.contents().to_vec()))
        })
    }
}
