//! What the pages load from the agency's own host, and the policy that keeps it so.

/// The policy every page is written for: our own stylesheets, script and images, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Served as `/c/assets/page.css`: the sheet that all agencies share.
pub const PAGE_CSS: &str = include_str!("assets/page.css");

/// Served as `/c/assets/page.js`: reveals the "copy" button where copying works. No page needs it.
pub const PAGE_JS: &str = include_str!("assets/page.js");

/// The page for somebody who cannot be served now, before it is known whose customer this is.
pub const BUSY: &str = concat!(
    "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\">",
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>Please try again</title></head>\n",
    "<body>\n<h1>Please try again in a moment</h1>\n<p>This is not your fault, and nothing was connected or changed. ",
    "Your link still works.</p>\n<p>Please wait a moment, then open the link from your message again.</p>\n</body>\n</html>\n",
);

/// The whole answer (404, plain text) of a host that no agency has claimed: it says nothing about who runs it.
pub const UNCLAIMED_HOST: &str = "Not found\n";
