"""What Twilio's SDK does with the port that stands in for Twilio Verify."""

import sys

from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

host, key, _ = sys.argv[1:]


class Here(TwilioHttpClient):
    """Their client, with another host."""

    def request(self, method, url, **rest):
        return super().request(method, url.replace("https://verify.twilio.com", f"https://{host}"), **rest)


client = Client("AC00000000000000000000000000000000", key, http_client=Here())
service = client.verify.v2.services("login")


def refused(status, code, act):
    try:
        act()
    except TwilioRestException as error:
        assert (error.status, error.code) == (status, code), (error.status, error.code, error.msg)
        return error.msg
    raise AssertionError(f"{code} did not come")


begun = service.verifications.create(to="+31612345678", channel="sms", custom_code="048291", device_ip="192.0.2.7")
assert begun.sid.startswith("VE") and len(begun.sid) == 34, begun.sid
shown = (begun.to, begun.channel, begun.status, begun.valid, begun.service_sid)
assert shown == ("+31612345678", "sms", "pending", False, "login"), shown
assert begun.date_created.year >= 2026 and len(begun.send_code_attempts) == 1

wrong = service.verification_checks.create(to="+31612345678", code="999999")
assert (wrong.sid, wrong.status, wrong.valid) == (begun.sid, "pending", False)
right = service.verification_checks.create(verification_sid=begun.sid, code="048291")
assert (right.sid, right.status, right.valid) == (begun.sid, "approved", True)
assert service.verifications(begun.sid).fetch().status == "approved"
refused(404, 20404, lambda: service.verification_checks.create(to="+31612345678", code="048291"))

called = service.verifications.create(to="+31612345679", channel="call")
assert (called.channel, called.status) == ("call", "pending")
assert service.verifications("+31612345679").fetch().sid == called.sid
assert service.verifications(called.sid).update(status="canceled").status == "canceled"

for _ in range(5):
    last = service.verifications.create(to="+31612345680", channel="auto", custom_code="123456")
    if service.verification_checks.create(verification_sid=last.sid, code="000000").status != "pending":
        break
refused(429, 60202, lambda: service.verification_checks.create(verification_sid=last.sid, code="123456"))

refused(403, 60410, lambda: service.verifications.create(to="+31687654321", channel="sms"))
refused(403, 60605, lambda: service.verifications.create(to="+4915112345678", channel="sms"))
assert "To" in refused(400, 60200, lambda: service.verifications.create(to="hello", channel="sms"))
assert "Channel" in refused(400, 60200, lambda: service.verifications.create(to="+31612345678", channel="sna"))
assert "Amount" in refused(400, 60200, lambda: service.verifications.create(to="+31612345678", channel="sms", amount="1"))
refused(404, 20404, lambda: service.verifications("VE" + "0" * 32).fetch())
refused(404, 20404, lambda: client.verify.v2.services("pay").verifications(begun.sid).fetch())
stranger = Client("AC00000000000000000000000000000000", "another key", http_client=Here())
refused(401, 20003, lambda: stranger.verify.v2.services("login").verifications(begun.sid).fetch())
print("all of it")
