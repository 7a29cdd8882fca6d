<?php
// Estimates a text, sends it, and follows it to its end.
//
//     php client.php +31612345678 "Your parcel is on its way" [KEY]
//
// KEY is the idempotency key. Take the id that the message has with you and store it before you send: whoever asks
// again under the same key, even after a crash, sends once. Needs PHP 8.1 without any extension.

declare(strict_types=1);

const TIMEOUT = 35; // Seconds: the gateway answers within 30.
const TRIES = 5;
const WAIT_MAX = 60; // Seconds. Who is told to come later than that is not kept waiting here.
const FOLLOW_MAX = 600; // Seconds.

/** The gateway said no, and will say so again; nothing was stored. */
class Refused extends RuntimeException
{
}

/** One request, repeated where that may help. A POST that sends needs a key for that. */
function ask(string $method, string $path, ?array $body = null, ?string $key = null): array
{
    $headers = ['Authorization: Bearer ' . getenv('NUNCIO_KEY'), 'Connection: close'];
    if ($body !== null) {
        $headers[] = 'Content-Type: application/json';
    }
    if ($key !== null) {
        $headers[] = "Idempotency-Key: \"$key\"";
    }
    $context = stream_context_create(['http' => [
        'method' => $method,
        'header' => $headers,
        'content' => $body === null ? '' : json_encode($body, JSON_THROW_ON_ERROR),
        'timeout' => TIMEOUT,
        'ignore_errors' => true, // The body of a refusal says why.
        'follow_location' => 0,
        'protocol_version' => 1.1,
    ]]);
    for ($attempt = 1; ; $attempt++) {
        $wait = 2 ** $attempt / 2;
        $why = 'no answer';
        $http_response_header = [];
        $text = @file_get_contents(getenv('NUNCIO_URL') . $path, false, $context);
        if ($text !== false && $http_response_header !== []) {
            $status = (int) explode(' ', $http_response_header[0])[1];
            $answer = json_decode($text, true);
            if (200 <= $status && $status < 300 && is_array($answer)) {
                return $answer;
            }
            // What the gateway says of a refusal (RFC 9457); nothing where a proxy on the way refused.
            $why = $answer['detail'] ?? "status $status";
            if (300 <= $status && !($answer['retryable'] ?? in_array($status, [502, 503, 504], true))) {
                throw new Refused($why);
            }
            foreach ($http_response_header as $line) {
                if (preg_match('/^Retry-After:\s*(\d+)$/i', $line, $found) === 1) { // A proxy may say a date.
                    $wait = (int) $found[1];
                }
            }
        }
        if ($attempt === TRIES || WAIT_MAX < $wait) {
            throw new RuntimeException("$why (asked $attempt times; ask again under the same key)");
        }
        usleep((int) ($wait * 1_000_000));
    }
}

function estimate(array $message): array
{
    return ask('POST', '/v1/estimate', $message);
}

function send(array $message, string $key): array
{
    return ask('POST', '/v1/messages', $message, $key);
}

/** Waits until nothing of the order can change. Many orders are better followed by webhooks: see webhook.php. */
function follow(int $orderId): array
{
    $deadline = time() + FOLLOW_MAX;
    for ($pause = 0.5; ; $pause = min(2 * $pause, 10)) {
        $order = ask('GET', "/v1/orders/$orderId");
        if (!in_array($order['status'], ['QUEUED', 'IN_PROGRESS'], true) || $deadline < time()) {
            return $order;
        }
        usleep((int) ($pause * 1_000_000));
    }
}

try {
    [, $to, $text] = $argv;
    $message = ['to' => $to, 'text' => $text, 'from' => getenv('NUNCIO_FROM')];
    $expected = estimate($message);
    echo "estimate {$expected['parts']} parts, cost {$expected['cost']} {$expected['currency']}\n";
    $order = send($message, $argv[3] ?? bin2hex(random_bytes(16)));
    echo "order {$order['order_id']}\n";
    $status = follow($order['order_id'])['status'];
    echo "status $status\n";
    exit($status === 'COMPLETED' ? 0 : 1);
} catch (RuntimeException $error) {
    fwrite(STDERR, $error::class . ": {$error->getMessage()}\n");
    exit(1);
}
