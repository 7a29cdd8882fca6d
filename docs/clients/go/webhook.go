// Takes the webhooks of nuncio: verifies each call and hands each event on once.
//
//	go run webhook.go
//
// Put it behind a proxy that speaks TLS. Needs Go 1.19 and nothing else: the signature is HMAC-SHA256, which the
// standard library has.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	bodyMax   = 1 << 20 // Octets; a batch of 100 events is a tenth of it.
	seenMax   = 100_000
	tolerance = 5 * time.Minute
)

type event struct {
	ID   string          `json:"id"`
	Type string          `json:"type"`
	Data json.RawMessage `json:"data"`
}

// isGenuine tells whether a call is of the gateway, and of now (Standard Webhooks 1.0.0).
func isGenuine(secret []byte, header http.Header, body []byte) bool {
	id, timestamp := header.Get("webhook-id"), header.Get("webhook-timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if id == "" || err != nil || time.Since(time.Unix(seconds, 0)).Abs() > tolerance {
		return false
	}
	mac := hmac.New(sha256.New, secret)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	expected := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for _, signature := range strings.Split(header.Get("webhook-signature"), " ") {
		if hmac.Equal([]byte(signature), expected) {
			return true
		}
	}
	return false
}

// seen has the latest ids. In earnest, a table of your database with the id as its key, written in the transaction in
// which the event is handled: an event may come again after days, and after a restart of yours.
type seen struct {
	sync.Mutex
	ids    map[string]bool
	oldest []string
}

// add tells whether an id is new.
func (it *seen) add(id string) bool {
	it.Lock()
	defer it.Unlock()
	if it.ids[id] {
		return false
	}
	it.ids[id] = true
	it.oldest = append(it.oldest, id)
	if seenMax < len(it.oldest) {
		delete(it.ids, it.oldest[0])
		it.oldest = it.oldest[1:]
	}
	return true
}

func (it *seen) forget(id string) {
	it.Lock()
	defer it.Unlock()
	delete(it.ids, id)
}

// handle is what you do with an event: quickly, for the call is given up after 15 seconds. What takes longer goes to a
// queue.
func handle(it event) error {
	line, err := json.Marshal(map[string]string{"id": it.ID, "type": it.Type})
	if err == nil {
		fmt.Println(string(line))
	}
	return err
}

// take gives the status with which a call is answered.
func take(secret []byte, known *seen, request *http.Request) int {
	if request.Method != http.MethodPost {
		return http.StatusMethodNotAllowed
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, request.Body, bodyMax))
	if err != nil {
		return http.StatusRequestEntityTooLarge
	}
	if !isGenuine(secret, request.Header, body) {
		return http.StatusUnauthorized
	}
	told := event{}
	err = json.Unmarshal(body, &told)
	all := []event{told}
	if err == nil && told.Type == "batch" {
		err = json.Unmarshal(told.Data, &all)
	}
	if err != nil {
		return http.StatusBadRequest
	}
	for _, it := range all {
		if !known.add(it.ID) {
			continue
		}
		if err := handle(it); err != nil {
			known.forget(it.ID)
			log.Printf("%s is not handled: %v", it.ID, err)
			return http.StatusInternalServerError // It is told again.
		}
	}
	return http.StatusNoContent
}

func run() error {
	text := strings.TrimPrefix(os.Getenv("NUNCIO_WEBHOOK_SECRET"), "whsec_")
	secret, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(secret) == 0 {
		return errors.New("NUNCIO_WEBHOOK_SECRET is no whsec_ and base64")
	}
	listener, err := net.Listen("tcp", os.Getenv("NUNCIO_WEBHOOK_LISTEN"))
	if err != nil {
		return err
	}
	fmt.Println("listening on", listener.Addr())
	known := seen{ids: map[string]bool{}}
	answer := func(to http.ResponseWriter, request *http.Request) { to.WriteHeader(take(secret, &known, request)) }
	server := http.Server{Handler: http.HandlerFunc(answer), ReadTimeout: 20 * time.Second, IdleTimeout: time.Minute}
	return server.Serve(listener)
}

func main() {
	log.Fatal(run())
}
