#!/bin/sh
# Estimates a text, sends it, and follows it to its end.
#
#     sh client.sh +31612345678 "Your parcel is on its way" [KEY]
#
# KEY is the idempotency key. Take the id that the message has with you and store it before you send: whoever asks
# again under the same key, even after a crash, sends once. Needs curl and jq.
set -eu

TIMEOUT=35    # Seconds: the gateway answers within 30.
TRIES=5
WAIT_MAX=60   # Seconds. Who is told to come later than that is not kept waiting here.
FOLLOW_MAX=600

umask 077
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
# Keys and texts stand in files, for everybody on a machine may read what a command was called with.
printf 'Authorization: Bearer %s\nContent-Type: application/json\n' "$NUNCIO_KEY" >"$folder/headers"

# ask PATH [OPTION OF CURL]...: one request, repeated where that may help. A POST that sends needs a key for that.
ask() {
    path=$1
    shift
    attempt=1
    while :; do
        : >"$folder/answer"
        status=$(curl --silent --show-error --max-time "$TIMEOUT" --header "@$folder/headers" "$@" \
            --dump-header "$folder/head" --output "$folder/answer" --write-out '%{http_code}' "$NUNCIO_URL$path") ||
            status=000
        case $status in 2??) cat "$folder/answer"; return ;; esac
        # What the gateway says of a refusal (RFC 9457); nothing where a proxy on the way refused, or nobody answered.
        why=$(jq -r ".detail | values" "$folder/answer" 2>/dev/null) || why=
        retryable=$(jq -r ".retryable | values" "$folder/answer" 2>/dev/null) || retryable=
        case $retryable$status in
            true*) ;;
            000 | 502 | 503 | 504) ;;
            *) echo "refused: ${why:-status $status}" >&2; exit 1 ;;
        esac
        wait=$(sed -n 's/\r$//; s/^[Rr]etry-[Aa]fter: *\([0-9][0-9]*\)$/\1/p' "$folder/head")
        [ "$status" != 000 ] || wait=
        wait=${wait:-$attempt}
        if [ "$attempt" -ge "$TRIES" ] || [ "$wait" -gt "$WAIT_MAX" ]; then
            echo "${why:-status $status} (asked $attempt times; ask again under the same key)" >&2
            exit 1
        fi
        sleep "$wait"
        attempt=$((attempt + 1))
    done
}

jq -cn --arg to "$1" --arg text "$2" --arg from "$NUNCIO_FROM" '{$to, $from, $text}' >"$folder/message"
key=${3:-$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')}

ask /v1/estimate --data-binary "@$folder/message" >"$folder/estimate"
jq -r '"estimate \(.parts) parts, cost \(.cost) \(.currency)"' "$folder/estimate"

ask /v1/messages --data-binary "@$folder/message" --header "Idempotency-Key: \"$key\"" >"$folder/order"
order=$(jq -r .order_id "$folder/order")
echo "order $order"

# Until nothing of it can change. Many orders are better followed by webhooks.
pause=1 waited=0
while :; do
    ask "/v1/orders/$order" >"$folder/state"
    state=$(jq -r .status "$folder/state")
    case $state in
        QUEUED | IN_PROGRESS) [ "$waited" -lt "$FOLLOW_MAX" ] || break ;;
        *) break ;;
    esac
    sleep "$pause"
    waited=$((waited + pause))
    [ "$pause" -ge 8 ] || pause=$((pause * 2))
done
echo "status $state"
[ "$state" = COMPLETED ]
