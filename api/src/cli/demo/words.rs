//! What the demo says when it is ready.

use std::net::SocketAddr;

use secrecy::ExposeSecret;

use super::seed::Seeded;

/// What to open and what to curl.
pub(super) fn welcome(seeded: &Seeded, port: u16, mailbox: Option<SocketAddr>, data: &str) {
    let Seeded {
        ids,
        api_key,
        link,
        address,
    } = seeded;
    let api = format!("http://localhost:{port}/api/agency/v1");
    let key = api_key.expose_secret();
    let mailbox = mailbox.map_or_else(String::new, |at| format!("http://{at}/"));
    println!(
        "\
This is a demo: Google and the mail server are simulated, the keys are the demo's own, the data is {data}.

1. Open the link as the agency's customer would, and sign in as Olive:

   {address}

   It was mailed to her too, and so is a receipt once she is done: {mailbox}

2. See what the agency sees: the badge turns from Pending to Via Link.

   export KEY={key}
   curl -s -H \"Authorization: Bearer $KEY\" {api}/integrations
   curl -s -H \"Authorization: Bearer $KEY\" {api}/links/{link}/audit

3. Issue another link for the same place; the first one ends with it.

   curl -s -H \"Authorization: Bearer $KEY\" -H 'Content-Type: application/json' {api}/links \\
     -d '{{\"customer_id\": \"{customer}\", \"location_id\": \"{location}\", \"provider\": \"google\"}}'

The whole API: http://localhost:{port}/openapi.json        Stop with Ctrl-C.",
        customer = ids.customer,
        location = ids.location,
    );
}
