//! Pages with opaque tokens that are good for one list only.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::business_profile::status::Status;
use crate::params::Params;

/// How large pages of one API may be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PageSize {
    pub(crate) default: usize,
    pub(crate) largest: usize,
    /// What happens to a caller who asks for more.
    pub(crate) beyond: Beyond,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    GetsTheLargest,
    IsRefused,
}

/// One page of a list, and where the next begins.
#[derive(Debug)]
pub(crate) struct Page<T> {
    pub(crate) items: Vec<T>,
    pub(crate) next: Option<String>,
}

/// Cuts the page that `params` ask for; `list` names the list, so that a token of another one is refused.
pub(crate) fn page<T>(items: Vec<T>, list: &str, params: &Params, size: PageSize) -> Result<Page<T>, Status> {
    let size = size.asked(params)?;
    let start = match params.get("pageToken") {
        None => 0,
        Some(token) => read(token, list)
            .filter(|start| *start < items.len())
            .ok_or_else(|| Status::invalid_argument("page_token", "Invalid page token."))?,
    };
    let next = (start + size < items.len()).then(|| write(start + size, list));
    Ok(Page {
        items: items.into_iter().skip(start).take(size).collect(),
        next,
    })
}

impl PageSize {
    fn asked(self, params: &Params) -> Result<usize, Status> {
        let Some(text) = params.get("pageSize") else {
            return Ok(self.default);
        };
        let invalid = || {
            Status::invalid_argument(
                "page_size",
                format!("Page size must be between 1 and {}.", self.largest),
            )
        };
        match text.parse::<usize>() {
            // Zero cannot be told from absent in proto3.
            Ok(0) => Ok(self.default),
            Ok(size) if size <= self.largest => Ok(size),
            Ok(_) if self.beyond == Beyond::GetsTheLargest => Ok(self.largest),
            _ => Err(invalid()),
        }
    }
}

fn write(start: usize, list: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{start} {list}"))
}

fn read(token: &str, list: &str) -> Option<usize> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (start, of) = text.split_once(' ')?;
    if of == list { start.parse().ok() } else { None }
}
