// Takes the webhooks of nuncio: verifies each call and hands each event on once.
//
//     npm install standardwebhooks
//     node webhook.mjs
//
// Put it behind a proxy that speaks TLS. Needs Node 18.

import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const BODY_MAX = 1 << 20; // Octets; a batch of 100 events is a tenth of it.
const SEEN_MAX = 100_000;
const webhook = new Webhook(process.env.NUNCIO_WEBHOOK_SECRET);

// The latest ids. In earnest, a table of your database with the id as its key, written in the transaction in which the
// event is handled: an event may come again after days, and after a restart of yours.
const seen = new Set();

/** What you do with an event: quickly, for the call is given up after 15 seconds. What takes longer goes to a queue. */
async function handle(event) {
  console.log(JSON.stringify({ id: event.id, type: event.type }));
}

/** The status with which a call is answered. */
async function take(request) {
  const pieces = [];
  let length = 0;
  for await (const piece of request) {
    length += piece.length;
    if (BODY_MAX < length) return 413;
    pieces.push(piece);
  }
  let told;
  try {
    told = webhook.verify(Buffer.concat(pieces), request.headers);
  } catch {
    return 401;
  }
  for (const event of told.type === "batch" ? told.data : [told]) {
    if (seen.has(event.id)) continue;
    seen.add(event.id);
    if (SEEN_MAX < seen.size) seen.delete(seen.values().next().value);
    try {
      await handle(event);
    } catch (error) {
      seen.delete(event.id);
      console.error(event.id, "is not handled:", error);
      return 500; // It is told again.
    }
  }
  return 204;
}

const server = createServer(async (request, response) => {
  const status = request.method === "POST" ? await take(request).catch(() => 400) : 405;
  response.writeHead(status, { "content-length": 0 }).end();
});
server.requestTimeout = 20_000; // Milliseconds that a request may take to come.
const listen = process.env.NUNCIO_WEBHOOK_LISTEN;
const [host, port] = [listen.slice(0, listen.lastIndexOf(":")), listen.slice(listen.lastIndexOf(":") + 1)];
server.listen(Number(port), host, () => console.log(`listening on ${host}:${server.address().port}`));
