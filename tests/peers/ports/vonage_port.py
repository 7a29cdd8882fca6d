"""What Vonage's SDK does with the port that stands in for Vonage Verify."""

import sys
import time

from vonage_http_client import Auth, HttpClient, HttpClientOptions, HttpRequestError
from vonage_http_client.errors import AuthenticationError, ForbiddenError, NotFoundError
from vonage_verify import SmsChannel, Verify, VerifyRequest, VoiceChannel

host, key, _ = sys.argv[1:]


def client(secret):
    return Verify(HttpClient(Auth(api_key="a1b2c3d4", api_secret=secret), HttpClientOptions(api_host=host)))


def asked(to, *channels, **rest):
    return VerifyRequest(brand="Shop", workflow=[it(to=to) for it in channels or [SmsChannel]], **rest)


def refused(kind, status, act):
    try:
        act()
    except kind as error:
        assert error.response.status_code == status, (error.response.status_code, error.response.text)
        return error.response.json()
    raise AssertionError(f"{status} did not come")


verify = client(key)
begun = verify.start_verification(asked("31612345678", SmsChannel, VoiceChannel, code="048291", client_ref="login-77"))
assert [len(it) for it in begun.request_id.split("-")] == [8, 4, 4, 4, 12], begun
running = refused(HttpRequestError, 409, lambda: verify.start_verification(asked("31612345678")))
assert (running["title"], running["request_id"]) == ("Conflict", begun.request_id), running
wrong = refused(HttpRequestError, 400, lambda: verify.check_code(begun.request_id, "999999"))
assert wrong["title"] == "Invalid Code", wrong
right = verify.check_code(begun.request_id, "048291")
assert (right.request_id, right.status) == (begun.request_id, "completed")
refused(NotFoundError, 404, lambda: verify.check_code(begun.request_id, "048291"))

called = verify.start_verification(asked("31612345679", VoiceChannel))
refused(HttpRequestError, 409, lambda: verify.trigger_next_workflow(called.request_id))
verify.cancel_verification(called.request_id)
refused(NotFoundError, 404, lambda: verify.check_code(called.request_id, "123456"))

many = verify.start_verification(asked("31612345680", code="123456"))
for _ in range(5):
    refused(HttpRequestError, 400, lambda: verify.check_code(many.request_id, "000000"))
refused(HttpRequestError, 410, lambda: verify.check_code(many.request_id, "123456"))

moved = verify.start_verification(asked("31612345681", SmsChannel, VoiceChannel))
time.sleep(1.1)  # resend_after
verify.trigger_next_workflow(moved.request_id)

refused(ForbiddenError, 403, lambda: verify.start_verification(asked("31687654321")))
long = refused(HttpRequestError, 422, lambda: verify.start_verification(asked("31612345682", code_length=8)))
assert long["invalid_parameters"][0]["name"] == "code_length", long
refused(NotFoundError, 404, lambda: verify.check_code("00000000-0000-0000-0000-000000000000", "123456"))
refused(AuthenticationError, 401, lambda: client("another key").check_code(moved.request_id, "123456"))
print("all of it")
