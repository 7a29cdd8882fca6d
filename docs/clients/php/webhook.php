<?php
// Takes the webhooks of nuncio: verifies each call and hands each event on once.
//
//     php -S 127.0.0.1:8090 webhook.php
//
// That server is for trying out: in earnest it is a script behind php-fpm and TLS. Needs PHP 8.1 without any extension.

declare(strict_types=1);

const BODY_MAX = 1 << 20; // Octets; a batch of 100 events is a tenth of it.
const TOLERANCE = 300; // Seconds that a call may be old, or ahead.
const SEEN_DAYS = 7; // An event is told again for four days at most.

/** Whether a call is of the gateway, and of now: Standard Webhooks 1.0.0, HMAC-SHA256. */
function is_genuine(string $body): bool
{
    $id = $_SERVER['HTTP_WEBHOOK_ID'] ?? '';
    $timestamp = $_SERVER['HTTP_WEBHOOK_TIMESTAMP'] ?? '';
    if ($id === '' || !ctype_digit($timestamp) || TOLERANCE < abs(time() - (int) $timestamp)) {
        return false;
    }
    $secret = base64_decode(substr((string) getenv('NUNCIO_WEBHOOK_SECRET'), strlen('whsec_')), true);
    if ($secret === false || $secret === '') {
        throw new RuntimeException('NUNCIO_WEBHOOK_SECRET is no whsec_ and base64');
    }
    $expected = 'v1,' . base64_encode(hash_hmac('sha256', "$id.$timestamp.$body", $secret, true));
    foreach (explode(' ', $_SERVER['HTTP_WEBHOOK_SIGNATURE'] ?? '') as $signature) {
        if (hash_equals($expected, $signature)) {
            return true;
        }
    }
    return false;
}

/**
 * The mark of an event, by which it is known again: a file, of which only one call can be the first. In earnest, a
 * table of your database with the id as its key, written in the transaction in which the event is handled.
 */
function mark(string $id): string
{
    $folder = sys_get_temp_dir() . '/nuncio-seen';
    if (!is_dir($folder) && !@mkdir($folder, 0700, true) && !is_dir($folder)) {
        throw new RuntimeException("$folder cannot be made");
    }
    if (random_int(1, 1000) === 1) {
        foreach (glob("$folder/*") as $file) {
            if (filemtime($file) < time() - SEEN_DAYS * 86_400) {
                @unlink($file);
            }
        }
    }
    return $folder . '/' . hash('sha256', $id);
}

/** What you do with an event: quickly, for the call is given up after 15 seconds. What takes longer goes to a queue. */
function handle(array $event): void
{
    $line = json_encode(['id' => $event['id'], 'type' => $event['type']], JSON_THROW_ON_ERROR);
    file_put_contents('php://stdout', "$line\n");
}

/** The status with which a call is answered. */
function take(): int
{
    if ($_SERVER['REQUEST_METHOD'] !== 'POST') {
        return 405;
    }
    $body = (string) file_get_contents('php://input', false, null, 0, BODY_MAX + 1);
    if (BODY_MAX < strlen($body)) {
        return 413;
    }
    if (!is_genuine($body)) {
        return 401;
    }
    $told = json_decode($body, true, 64, JSON_THROW_ON_ERROR);
    foreach ($told['type'] === 'batch' ? $told['data'] : [$told] as $event) {
        $mark = mark($event['id']);
        $file = @fopen($mark, 'x');
        if ($file === false) {
            if (!file_exists($mark)) {
                return 500;
            }
            continue;
        }
        try {
            handle($event);
        } catch (Throwable $error) {
            unlink($mark);
            error_log("{$event['id']} is not handled: {$error->getMessage()}");
            return 500; // It is told again.
        }
    }
    return 204;
}

http_response_code(take());
