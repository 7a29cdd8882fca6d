#!/usr/bin/env python3
"""Estimates a text, sends it, and follows it to its end.

    python3 client.py +31612345678 "Your parcel is on its way" [KEY]

KEY is the idempotency key. Take the id that the message has with you and store it before you send: whoever asks again
under the same key, even after a crash, sends once. Needs Python 3.9 and nothing else.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request
import uuid
from http.client import HTTPException

TIMEOUT = 35  # Seconds: the gateway answers within 30.
TRIES = 5
WAIT_MAX = 60  # Seconds. Who is told to come later than that is not kept waiting here.
FOLLOW_MAX = 600  # Seconds.


class Refused(Exception):
    """The gateway said no, and will say so again; nothing was stored."""


class Straight(urllib.request.HTTPRedirectHandler):
    """Follows nothing: the key is for the gateway alone."""

    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(Straight)


def ask(method, path, body=None, key=None):
    """One request, repeated where that may help. A POST that sends needs a key for that."""
    request = urllib.request.Request(os.environ["NUNCIO_URL"] + path, method=method)
    request.add_header("Authorization", "Bearer " + os.environ["NUNCIO_KEY"])
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if key is not None:
        request.add_header("Idempotency-Key", f'"{key}"')
    for attempt in range(1, TRIES + 1):
        wait = 2**attempt / 2
        try:
            with OPENER.open(request, timeout=TIMEOUT) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            problem = problem_of(error)
            why = problem.get("detail", f"status {error.code}")
            if not problem.get("retryable", error.code in (502, 503, 504)):
                raise Refused(why) from None
            after = error.headers.get("Retry-After", "")  # A proxy may say a date.
            wait = int(after) if after.isdecimal() else wait
        except (OSError, HTTPException) as error:  # No connection, no answer in time, or half of one.
            why = str(error)
        if attempt == TRIES or WAIT_MAX < wait:
            raise TimeoutError(f"{why} (asked {attempt} times; ask again under the same key)")
        time.sleep(wait)


def problem_of(error):
    """What the gateway says of a refusal (RFC 9457); nothing where a proxy on the way refused."""
    try:
        return json.load(error) if "problem+json" in error.headers.get("Content-Type", "") else {}
    except ValueError:
        return {}


def estimate(message):
    return ask("POST", "/v1/estimate", message)


def send(message, key):
    return ask("POST", "/v1/messages", message, key)


def follow(order_id):
    """Waits until nothing of the order can change. Many orders are better followed by webhooks: see webhook.py."""
    deadline, pause = time.monotonic() + FOLLOW_MAX, 0.5
    while True:
        order = ask("GET", f"/v1/orders/{order_id}")
        if order["status"] not in ("QUEUED", "IN_PROGRESS") or deadline < time.monotonic():
            return order
        time.sleep(pause)
        pause = min(pause * 2, 10)


def main(to, text, key=None):
    message = {"to": to, "text": text, "from": os.environ["NUNCIO_FROM"]}
    expected = estimate(message)
    print("estimate", expected["parts"], "parts, cost", expected["cost"], expected["currency"])
    order = send(message, key or str(uuid.uuid4()))
    print("order", order["order_id"], flush=True)
    status = follow(order["order_id"])["status"]
    print("status", status)
    return 0 if status == "COMPLETED" else 1


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except (Refused, TimeoutError) as error:
        sys.exit(f"{type(error).__name__}: {error}")
