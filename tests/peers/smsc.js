// An SMSC made of the npm package `smpp`, for the tests of the daemon.
//
// Started with its options as JSON; told more as lines of JSON on stdin; says lines of JSON on stdout.
// It keeps a ledger of every submit_sm by text, and every receipt until the ESME has confirmed it: what
// was not confirmed when a session ended is sent again on the next. With `once` it sends all receipts at once and
// none again, as the package does by itself; what was refused, or not confirmed when a session ended, is counted.

'use strict';
const smpp = require('smpp');
const readline = require('readline');

const options = Object.assign({
  port: 0,
  answer: 'hex',          // how ids are written in submit_sm_resp: hex | decimal
  receipt: 'same',        // and in receipts: same | padded (decimal, ten digits)
  first: 'answer',        // which leaves first: answer | receipt
  words: ['DELIVRD'],     // the stat of receipts, in turn
  hold: false,            // receipts wait for {"set": {"hold": false}}
  mute: false,            // submits are put down and never answered
  refuse: 0,              // the command_status of every answer; what is refused has no receipt
  receipts: true,         // whether receipts are sent when they are asked for
  tell: false,            // a line for each submit_sm: its text in hexadecimal, the answer, when it came and was answered
  window: 50,             // deliver_sm without a response
  once: false,            // no window, and nothing again
  delay: 0,               // milliseconds before the answer
}, JSON.parse(process.argv[2] || '{}'));

// Microseconds on the clock that all processes of the machine share.
const now = () => Number(process.hrtime.bigint() / 1000n);
const say = (what) => process.stdout.write(JSON.stringify(what) + '\n');
const ledger = new Map(); // text → how often it came
let submits = 0, next = 1000000, confirmed = 0, resent = 0, refused = 0, lost = 0, unbinds = 0, sessions = [];
let waiting = [];         // receipts to send

function receipt(submit, number, written) {
  const word = options.words[number % options.words.length];
  const id = options.receipt === 'padded' ? String(number).padStart(10, '0') : written;
  const text = `id:${id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:${word} err:000 text:`;
  return {
    source_addr_ton: 1, source_addr_npi: 1, source_addr: submit.destination_addr,
    destination_addr: submit.source_addr, esm_class: 4, short_message: Buffer.from(text, 'latin1'),
  };
}

function pump() {
  while (!options.hold && waiting.length) {
    const session = sessions.find((it) => options.once || it.unconfirmed.size < options.window);
    if (!session) return;
    const content = waiting.shift();
    session.unconfirmed.add(content);
    session.deliver_sm(content, (answer) => {
      if (!session.unconfirmed.delete(content)) return;
      if (answer.command_status === 0) {
        confirmed += 1;
      } else if (options.once) {
        refused += 1;
      } else {
        resent += 1;
        waiting.push(content);
      }
      pump();
    });
  }
}

function submitted(session, submit) {
  submits += 1;
  const text = submit.short_message.message;
  const told = { event: 'submit', to: submit.destination_addr, text: Buffer.from(text).toString('hex'), at: now() };
  ledger.set(text, (ledger.get(text) || 0) + 1);
  if (options.mute) {
    if (options.tell) say(told);
    return;
  }
  if (options.refuse) {
    session.send(submit.response({ command_status: options.refuse }));
    if (options.tell) say({ ...told, command_status: options.refuse, answered: now() });
    return;
  }
  const number = next++;
  const written = options.answer === 'hex' ? number.toString(16) : String(number);
  const answer = () => {
    session.send(submit.response({ message_id: written }));
    if (options.tell) say({ ...told, command_status: 0, answered: now() });
  };
  const news = receipt(submit, number, written);
  const wanted = options.receipts && (submit.registered_delivery & 3) !== 0;
  if (options.first === 'receipt' && wanted) {
    // The answer waits until the receipt is confirmed, which is as late as it gets.
    session.deliver_sm(news, () => { confirmed += 1; answer(); });
    return;
  }
  const both = () => {
    answer();
    if (wanted) waiting.push(news);
    pump();
  };
  if (options.delay) setTimeout(both, options.delay); else both();
}

const server = smpp.createServer((session) => {
  session.unconfirmed = new Set();
  session.on('error', (error) => say({ event: 'error', error: String(error) }));
  session.on('close', () => {
    sessions = sessions.filter((it) => it !== session);
    if (options.once) {
      lost += session.unconfirmed.size;
    } else {
      resent += session.unconfirmed.size;
      waiting.unshift(...session.unconfirmed);
    }
    session.unconfirmed.clear();
    say({ event: 'closed' });
    pump();
  });
  for (const kind of ['bind_transceiver', 'bind_receiver', 'bind_transmitter']) {
    session.on(kind, (bind) => {
      session.send(bind.response({ system_id: 'npm' }));
      if (kind !== 'bind_transmitter') sessions.push(session);
      say({ event: 'bound', kind, system_id: bind.system_id, password: bind.password });
      pump();
    });
  }
  session.on('submit_sm', (submit) => submitted(session, submit));
  session.on('enquire_link', (it) => session.send(it.response()));
  session.on('unbind', (it) => {
    unbinds += 1;
    say({ event: 'unbind' });
    session.send(it.response(), () => session.close());
  });
});

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const told = JSON.parse(line);
  if (told.set) Object.assign(options, told.set);
  pump();
  const unconfirmed = sessions.reduce((sum, it) => sum + it.unconfirmed.size, 0);
  const report = { event: 'report', submits, confirmed, resent, refused, lost, unbinds, waiting: waiting.length, unconfirmed, distinct: ledger.size };
  if (told.ledger) report.ledger = Object.fromEntries(ledger);
  say(report);
}).on('close', () => process.exit(0));

server.listen(options.port, '127.0.0.1', () => say({ event: 'listening', port: server.address().port }));
