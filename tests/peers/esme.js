// An ESME made of the npm package `smpp`, for the tests of the simulated carrier.
//
// Started with the port as its argument. Does what lines of JSON on stdin say, one line of JSON on
// stdout for what came of each; what the carrier sends by itself is a line `delivered` or `alerted`.
// One session at a time: a bind after an unbind makes a new one.

'use strict';
const smpp = require('smpp');
const readline = require('readline');

const port = Number(process.argv[2]);
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
let session;

function joined(content) {
  return { source: content.source_addr, destination: content.destination_addr, esm_class: content.esm_class,
    data_coding: content.data_coding, text: content.short_message.message,
    receipted_message_id: content.receipted_message_id, message_state: content.message_state };
}

// The splitting is the script's own, the alphabets and the header are the package's.
function submits(told) {
  const base = { source_addr_ton: 5, source_addr: told.from, dest_addr_ton: 1, dest_addr_npi: 1,
    destination_addr: told.to, registered_delivery: 1, data_coding: told.coding };
  const size = told.coding === 8 ? 67 : 153;
  if (told.text.length <= size) return [{ ...base, short_message: told.text }];
  if (told.long === 'payload') return [{ ...base, message_payload: { message: told.text } }];
  const texts = [];
  for (let at = 0; at < told.text.length; at += size) texts.push(told.text.slice(at, at + size));
  return texts.map((text, index) => (told.long === 'sar'
    ? { ...base, short_message: text, sar_msg_ref_num: 7, sar_total_segments: texts.length, sar_segment_seqnum: index + 1 }
    : { ...base, short_message: { udh: Buffer.from([5, 0, 3, 7, texts.length, index + 1]), message: text } }));
}

// Octets are written as {"hex": "…"}.
function plain(value) {
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.hex === 'string') return Buffer.from(value.hex, 'hex');
  return Object.fromEntries(Object.entries(value).map(([name, it]) => [name, plain(it)]));
}

const acts = {
  // Any operation, with its fields in the package's names.
  ask(told) {
    session[told.operation](plain(told.content), (it) => say({ event: 'answered', command: it.command,
      status: it.command_status, id: it.message_id, state: it.message_state, final: it.final_date,
      error: it.error_code, refused: it.unsuccess_sme, congestion: it.congestion_state,
      areas: it.broadcast_area_identifier, success: it.broadcast_area_success }));
  },
  bind(told) {
    session = smpp.connect({ host: '127.0.0.1', port }, () => {
      session['bind_' + told.kind]({ system_id: told.system_id, password: 'secret', interface_version: told.version },
        (it) => say({ event: 'bound', status: it.command_status, system_id: it.system_id, version: it.sc_interface_version }));
    });
    session.on('error', (error) => say({ event: 'error', error: String(error) }));
    session.on('close', () => say({ event: 'closed' }));
    session.on('enquire_link', (it) => session.send(it.response()));
    session.on('deliver_sm', (it) => {
      say({ event: 'delivered', ...joined(it) });
      session.send(it.response());
    });
    session.on('alert_notification', (it) => say({ event: 'alerted', source: it.source_addr, esme: it.esme_addr,
      status: it.ms_availability_status }));
  },
  submit(told) {
    for (const content of submits(told)) {
      session.submit_sm(content, (it) => say({ event: 'answer', status: it.command_status, id: it.message_id,
        congestion: it.congestion_state }));
    }
  },
  enquire() {
    session.enquire_link((it) => say({ event: 'enquired', status: it.command_status }));
  },
  unbind() {
    session.unbind((it) => {
      say({ event: 'unbound', status: it.command_status });
      session.close();
    });
  },
};

readline.createInterface({ input: process.stdin })
  .on('line', (line) => { const told = JSON.parse(line); acts[told.do](told); })
  .on('close', () => process.exit(0));
say({ event: 'ready' });
