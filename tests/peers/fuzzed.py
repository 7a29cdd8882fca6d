"""Texts of the formats that the document names, so that what schemathesis makes of them is what the API takes."""

import json
import os

import schemathesis
from hypothesis import strategies as st

digits = st.text("0123456789", min_size=8, max_size=8)
schemathesis.openapi.format("phone-number", digits.map(lambda it: "+316" + it))
schemathesis.openapi.format("sender", st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=3, max_size=11))
# Nobody listens there: what is told is tried and not taken.
schemathesis.openapi.format("callback-url", digits.map(lambda it: "http://127.0.0.1:49151/told?order=" + it))
schemathesis.openapi.format("carrier-message-id", st.text("0123456789abcdef", min_size=1, max_size=16))

# A cursor is given out and cannot be made up: those that the test was given.
for name, cursor in json.loads(os.environ.get("CURSORS", "{}")).items():
    schemathesis.openapi.format(name, st.just(cursor))
