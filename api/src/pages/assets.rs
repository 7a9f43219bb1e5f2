//! What the pages load from the agency's own host, and the policy that keeps it so.

/// The policy every page is written for: our own stylesheets, script and images, and nothing else.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Served as `/c/assets/page.css`: the sheet that all agencies share.
pub const PAGE_CSS: &str = include_str!("assets/page.css");

/// Served as `/c/assets/page.js`: reveals the "copy" button where copying works. No page needs it.
pub const PAGE_JS: &str = include_str!("assets/page.js");

/// The whole answer (404, plain text) of a host that no agency has claimed: it says nothing about who runs it.
pub const UNCLAIMED_HOST: &str = "Not found\n";
