// Estimates a text, sends it, and follows it to its end.
//
//     node client.mjs +31612345678 "Your parcel is on its way" [KEY]
//
// KEY is the idempotency key. Take the id that the message has with you and store it before you send: whoever asks
// again under the same key, even after a crash, sends once. Needs Node 18 and nothing else.

import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

const TIMEOUT = 35_000; // Milliseconds: the gateway answers within 30 seconds.
const TRIES = 5;
const WAIT_MAX = 60_000; // Who is told to come later than that is not kept waiting here.
const FOLLOW_MAX = 600_000;

/** One request, repeated where that may help. A POST that sends needs a key for that. */
async function ask(method, path, body, key) {
  const headers = { authorization: `Bearer ${process.env.NUNCIO_KEY}` };
  if (body) headers["content-type"] = "application/json";
  if (key) headers["idempotency-key"] = `"${key}"`;
  for (let attempt = 1; ; attempt++) {
    let wait = 500 * 2 ** attempt;
    let why;
    try {
      const answer = await fetch(process.env.NUNCIO_URL + path, {
        method, headers, body: body && JSON.stringify(body), redirect: "manual", signal: AbortSignal.timeout(TIMEOUT),
      });
      if (answer.ok) return await answer.json();
      // What the gateway says of a refusal (RFC 9457); nothing where a proxy on the way refused.
      const isProblem = answer.headers.get("content-type")?.includes("problem+json");
      const problem = isProblem ? await answer.json() : {};
      why = problem.detail ?? `status ${answer.status}`;
      if (!(problem.retryable ?? [502, 503, 504].includes(answer.status))) throw new Refused(why);
      wait = 1000 * answer.headers.get("retry-after") || wait;
    } catch (error) {
      if (error instanceof Refused) throw error;
      why ??= error.cause?.message ?? error.message; // No connection, no answer in time, or half of one.
    }
    if (attempt === TRIES || WAIT_MAX < wait) {
      throw new Error(`${why} (asked ${attempt} times; ask again under the same key)`);
    }
    await sleep(wait);
  }
}

/** The gateway said no, and will say so again; nothing was stored. */
class Refused extends Error {}

const estimate = (message) => ask("POST", "/v1/estimate", message);
const send = (message, key) => ask("POST", "/v1/messages", message, key);

/** Waits until nothing of the order can change. Many orders are better followed by webhooks: see webhook.mjs. */
async function follow(orderId) {
  const deadline = Date.now() + FOLLOW_MAX;
  for (let pause = 500; ; pause = Math.min(2 * pause, 10_000)) {
    const order = await ask("GET", `/v1/orders/${orderId}`);
    if (!["QUEUED", "IN_PROGRESS"].includes(order.status) || deadline < Date.now()) return order;
    await sleep(pause);
  }
}

try {
  const [to, text, key = randomUUID()] = process.argv.slice(2);
  const message = { to, text, from: process.env.NUNCIO_FROM };
  const expected = await estimate(message);
  console.log("estimate", expected.parts, "parts, cost", expected.cost, expected.currency);
  const order = await send(message, key);
  console.log("order", order.order_id);
  const { status } = await follow(order.order_id);
  console.log("status", status);
  process.exitCode = status === "COMPLETED" ? 0 : 1;
} catch (error) {
  console.error(`${error.constructor.name}: ${error.message}`);
  process.exitCode = 1;
}
