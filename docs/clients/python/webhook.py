#!/usr/bin/env python3
"""Takes the webhooks of nuncio: verifies each call and hands each event on once.

    pip install standardwebhooks
    python3 webhook.py

Put it behind a proxy that speaks TLS. Needs Python 3.9.
"""

import json
import os
import sys
import threading
from collections import OrderedDict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

BODY_MAX = 1 << 20  # Octets; a batch of 100 events is a tenth of it.
SEEN_MAX = 100_000
WEBHOOK = Webhook(os.environ["NUNCIO_WEBHOOK_SECRET"])


class Seen:
    """The latest ids. In earnest, a table of your database with the id as its key, written in the transaction in which
    the event is handled: an event may come again after days, and after a restart of yours."""

    def __init__(self):
        self.ids, self.lock = OrderedDict(), threading.Lock()

    def add(self, event_id):
        """Whether it is new."""
        with self.lock:
            is_new = event_id not in self.ids
            self.ids[event_id] = None
            if SEEN_MAX < len(self.ids):
                self.ids.popitem(last=False)
            return is_new

    def forget(self, event_id):
        with self.lock:
            self.ids.pop(event_id, None)


SEEN = Seen()


def handle(event):
    """What you do with an event: quickly, for the call is given up after 15 seconds. What takes longer goes to a queue."""
    sys.stdout.write(json.dumps({"id": event["id"], "type": event["type"]}) + "\n")
    sys.stdout.flush()


class Receiver(BaseHTTPRequestHandler):
    timeout = 20  # Seconds that a connection may be silent.

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or BODY_MAX < int(length):
            return self.answer(413)
        body = self.rfile.read(int(length))
        try:
            told = WEBHOOK.verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            return self.answer(401)
        for event in told["data"] if told["type"] == "batch" else [told]:
            if SEEN.add(event["id"]):
                try:
                    handle(event)
                except Exception as error:
                    SEEN.forget(event["id"])
                    self.log_error("%s is not handled: %s", event["id"], error)
                    return self.answer(500)  # It is told again.
        self.answer(204)

    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()


if __name__ == "__main__":
    host, port = os.environ["NUNCIO_WEBHOOK_LISTEN"].rsplit(":", 1)
    server = ThreadingHTTPServer((host, int(port)), Receiver)
    print(f"listening on {host}:{server.server_port}", flush=True)
    server.serve_forever()
