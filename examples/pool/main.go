// SPDX-License-Identifier: MIT

// Pool is a web service that keeps rendering sessions warm, with package lease, and hands them out
// to devices: nobody waits minutes for a session to start, and none is billed for long after its
// device has left.
//
// It runs as it is, and ends by itself after some fifteen seconds: unless the environment names a
// service, it plays a few devices against itself, and the emulator is in the same process.
//
//	go run ./examples/pool
//
// A device sends its secret with each request, as in Authorization: Bearer <device secret>, and
// gets JSON:
//
//	POST   /sessions                  201  a warm session and what opens it: {"sessionId", "accountId", "accountDomain", "renderingDomain",
//	                                       "accessToken", "expiresInSeconds", "heartbeatEverySeconds"}
//	PUT    /sessions/{id}/heartbeat   200  sign of life; what is left of the lease: {"atLeastSeconds", "atMostSeconds"}
//	DELETE /sessions/{id}             204  the device has disconnected; the next one gets the session
//	GET    /stats                     200  what the pool holds
//
//	401  no device has this secret
//	404  the device does not hold this session, or no longer: without a sign of life for the time of -idle, it is stopped
//	503  no session at present; Retry-After says when to come back
//
// After Ctrl-C or SIGTERM, the devices keep their sessions. A pool that is started again with the
// same prefix finds them, and devices go on as if nothing had happened, provided that it takes less
// than the lease, and each has -idle to send a sign of life.
//
// # Replicas
//
// A pool takes every session under its prefix for its own. Several replicas of a service need one
// prefix each, -prefix pool-a- and -prefix pool-b-, and every request of a device has to reach the
// replica that gave it its session. Or there is one pool, and the replicas talk to it over HTTP:
// that is what this program is. Two programs with one prefix would hand out each other's sessions,
// and stop them.
//
// # What the token opens
//
// An access token opens the whole account: whoever holds it can create, list and stop every
// session, those of other devices included, for up to 24 hours, and nothing takes it back. A device
// that has given its session back could still open it. The service has no lesser token. Therefore
//
//   - only devices that are trusted with the whole account get one;
//   - devices reach the pool over TLS: it listens on an address of other machines only with
//     -tls-cert and -tls-key. Behind a proxy that terminates TLS it listens on loopback;
//   - the token is never logged, here or on the way: look at the proxy's log too;
//   - the account key never leaves the pool.
//
// # A real service
//
// Set ARR_ENDPOINT, ARR_ACCOUNT_ID, ARR_ACCOUNT_DOMAIN, ARR_ACCOUNT_KEY, ARR_STS_ENDPOINT if the
// token service is elsewhere, and POOL_DEVICES_FILE to a file with a line for each device: its
// name, and the SHA-256 of its secret. To make a secret and its hash:
//
//	secret=$(openssl rand -hex 32); printf %s "$secret" | sha256sum
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	var s settings
	address := flag.String(
		"listen",
		"127.0.0.1:0",
		"`HOST:PORT` to listen on; port 0 is any that is free",
	)
	certFile := flag.String("tls-cert", "", "PEM `file` with the certificate chain of the pool")
	keyFile := flag.String("tls-key", "", "PEM `file` with the private key of the certificate")
	flag.StringVar(
		&s.prefix,
		"prefix",
		"",
		"`text` that begins the ids of this pool's sessions, and of nobody else's: one for each "+
			"replica, such as pool-a-",
	)
	flag.IntVar(&s.warm, "warm", 2, "how many sessions to keep ready; they are billed")
	flag.IntVar(&s.max, "max", 10, "how many sessions there are at most")
	flag.DurationVar(
		&s.budget,
		"budget",
		0,
		"how much session time the pool may use, all sessions together; 0 is any",
	)
	flag.DurationVar(
		&s.idle,
		"idle",
		time.Minute,
		"without a sign of life for that time, a device loses its session",
	)
	flag.DurationVar(
		&s.wait,
		"wait",
		10*time.Second,
		"how long a device waits for a session before it is told to come back later",
	)
	flag.Parse()
	ctx, restore := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer restore()
	context.AfterFunc(ctx, restore) // a second Ctrl-C ends the program at once

	var err error
	if os.Getenv("ARR_ENDPOINT") == "" {
		err = runDemo(ctx, os.Stdout)
	} else {
		err = run(ctx, s, *address, *certFile, *keyFile)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "pool:", err)
		os.Exit(1)
	}
}
