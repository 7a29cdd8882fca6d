//! The daemon against Debian's `libnet-smpp-perl`.

use crate::daemon::{Daemon, account, carrier, route};
use crate::peers::need::trials;
use crate::peers::npm::{come_to, send};
use crate::peers::sim::text_of;
use crate::peers::smsc::Smsc;
use serde_json::json;

trials! {
    [Perl]:
        an_smsc_of_perl_takes_messages_and_its_receipts_are_matched,
        an_smsc_of_perl_takes_every_alphabet_and_its_receipts_by_data_sm_are_matched;
}

fn an_smsc_of_perl_takes_messages_and_its_receipts_are_matched() {
    const COUNT: usize = 2_000;
    let mut smsc = Smsc::perl(&json!({ "hold": true }));
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let bound = smsc.event("bound", 1);
    assert_eq!((bound["system_id"].as_str(), bound["password"].as_str()), (Some("nuncio"), Some("Zk7pQ2xw")));
    send(&mut daemon.client(), 0..COUNT);
    come_to(&daemon, "SENT", COUNT);
    // All receipts leave at once.
    smsc.set(&json!({ "hold": false }));
    come_to(&daemon, "DELIVERED", COUNT);
    assert_eq!(daemon.metrics().sum("malformed_pdus_total", &[]), 0.0);
    assert_eq!(daemon.terminate().code(), Some(0));
    smsc.event("unbind", 1);
    let closed = smsc.event("closed", 1);
    for (name, count) in
        [("submits", COUNT), ("distinct", COUNT), ("repeated", 0), ("confirmed", COUNT), ("refused", 0)]
    {
        assert_eq!(closed[name], count, "{name}: {closed}");
    }
}

fn an_smsc_of_perl_takes_every_alphabet_and_its_receipts_by_data_sm_are_matched() {
    let smsc = Smsc::perl(&json!({ "by": "data_sm" }));
    let mut daemon = Daemon::start(&(account("[1]") + &carrier(smsc.port(), "") + &route("")));
    let texts = ["Hello @£ [€]", "Привет 漢字 😀", &"grüße, ".repeat(40), &"ещё раз. ".repeat(20)];
    let mut nth = 0;
    for (text, parts, data_coding) in texts.into_iter().zip([1, 1, 2, 3]).zip([0, 8, 0, 8]).map(|((a, b), c)| (a, b, c))
    {
        let body = json!({ "to": [{ "to": "+31612345678", "text": text }], "from": "YOURAPP" });
        let reply = daemon.client().post("/v1/messages", &body);
        assert_eq!(reply.status, 202, "{}", reply.text());
        let mut joined = String::new();
        for _ in 0..parts {
            nth += 1;
            let submit = smsc.event("submit", nth);
            assert_eq!(submit["data_coding"], data_coding);
            let hex = submit["text"].as_str().unwrap();
            let octet = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
            let octets: Vec<u8> = (0..hex.len()).step_by(2).map(octet).collect();
            let esm_class = submit["esm_class"].as_u64().unwrap();
            joined += &text_of(data_coding, u8::try_from(esm_class).unwrap(), &octets);
        }
        assert_eq!(joined, text);
    }
    come_to(&daemon, "DELIVERED", texts.len());
    assert_eq!(daemon.metrics().sum("malformed_pdus_total", &[]), 0.0);
    assert_eq!(daemon.terminate().code(), Some(0));
    assert_eq!(smsc.event("closed", 1)["confirmed"], nth);
}
