// Estimates a text, sends it, and follows it to its end.
//
//	go run client.go +31612345678 "Your parcel is on its way" [KEY]
//
// KEY is the idempotency key. Take the id that the message has with you and store it before you send: whoever asks
// again under the same key, even after a crash, sends once. Needs Go 1.19 and nothing else.
package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

const (
	timeout   = 35 * time.Second // The gateway answers within 30.
	tries     = 5
	waitMax   = 60 * time.Second // Who is told to come later than that is not kept waiting here.
	followMax = 10 * time.Minute
)

// It follows nothing: the key is for the gateway alone.
var client = http.Client{Timeout: timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
	return http.ErrUseLastResponse
}}

type message struct {
	To   string `json:"to"`
	From string `json:"from"`
	Text string `json:"text"`
}

type estimated struct {
	Parts    int     `json:"parts"`
	Cost     *string `json:"cost"`
	Currency *string `json:"currency"`
}

type order struct {
	ID     int64  `json:"order_id"`
	Status string `json:"status"`
}

// What the gateway says of a refusal (RFC 9457); nothing where a proxy on the way refused.
type problem struct {
	Detail    string `json:"detail"`
	Retryable *bool  `json:"retryable"`
}

// ask sends one request, and again where that may help. A POST that sends needs a key for that.
func ask(method, path string, body any, key string, into any) error {
	var content []byte
	if body != nil {
		var err error
		if content, err = json.Marshal(body); err != nil {
			return err
		}
	}
	for attempt := 1; ; attempt++ {
		why, wait, err := try(method, path, content, key, into)
		if why == nil || err != nil {
			return err
		}
		if wait < 0 {
			wait = (500 * time.Millisecond) << attempt
		}
		if attempt == tries || waitMax < wait {
			return fmt.Errorf("%w (asked %d times; ask again under the same key)", why, attempt)
		}
		time.Sleep(wait)
	}
}

// try sends one request: nothing where it was answered; why it may be sent again, and when, below zero where nobody
// said when; or why it may not.
func try(method, path string, content []byte, key string, into any) (why error, wait time.Duration, err error) {
	request, err := http.NewRequest(method, os.Getenv("NUNCIO_URL")+path, bytes.NewReader(content))
	if err != nil {
		return nil, 0, err
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("NUNCIO_KEY"))
	request.Header.Set("Content-Type", "application/json")
	if key != "" {
		request.Header.Set("Idempotency-Key", strconv.Quote(key))
	}
	answer, why := client.Do(request)
	if why != nil {
		return why, -1, nil
	}
	defer answer.Body.Close()
	text, why := io.ReadAll(answer.Body)
	if why != nil {
		return why, -1, nil
	}
	if answer.StatusCode/100 == 2 {
		return nil, 0, json.Unmarshal(text, into)
	}
	said := problem{}
	if json.Unmarshal(text, &said) != nil || said.Detail == "" {
		said.Detail = answer.Status
	}
	retryable := answer.StatusCode == 502 || answer.StatusCode == 503 || answer.StatusCode == 504
	if said.Retryable != nil {
		retryable = *said.Retryable
	}
	if !retryable {
		return nil, 0, fmt.Errorf("refused: %s", said.Detail)
	}
	wait = -1
	if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil {
		wait = time.Duration(seconds) * time.Second
	}
	return errors.New(said.Detail), wait, nil
}

// follow waits until nothing of the order can change. Many orders are better followed by webhooks: see webhook.go.
func follow(id int64) (order, error) {
	deadline, pause := time.Now().Add(followMax), 500*time.Millisecond
	for {
		found := order{}
		if err := ask("GET", fmt.Sprintf("/v1/orders/%d", id), nil, "", &found); err != nil {
			return found, err
		}
		ended := found.Status != "QUEUED" && found.Status != "IN_PROGRESS"
		if ended || time.Now().After(deadline) {
			return found, nil
		}
		time.Sleep(pause)
		if pause *= 2; 10*time.Second < pause {
			pause = 10 * time.Second
		}
	}
}

func run(to, text, key string) error {
	it := message{To: to, From: os.Getenv("NUNCIO_FROM"), Text: text}
	expected := estimated{}
	if err := ask("POST", "/v1/estimate", it, "", &expected); err != nil {
		return err
	}
	fmt.Println("estimate", expected.Parts, "parts, cost", or(expected.Cost), or(expected.Currency))
	sent := order{}
	if err := ask("POST", "/v1/messages", it, key, &sent); err != nil {
		return err
	}
	fmt.Println("order", sent.ID)
	found, err := follow(sent.ID)
	if err != nil {
		return err
	}
	fmt.Println("status", found.Status)
	if found.Status != "COMPLETED" {
		return errors.New("it has not arrived")
	}
	return nil
}

func or(text *string) string {
	if text == nil {
		return "none"
	}
	return *text
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: client TO TEXT [KEY]")
		os.Exit(2)
	}
	chance := make([]byte, 16)
	if _, err := rand.Read(chance); err != nil {
		panic(err)
	}
	key := fmt.Sprintf("%x", chance)
	if len(os.Args) > 3 {
		key = os.Args[3]
	}
	if err := run(os.Args[1], os.Args[2], key); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
