// SPDX-License-Identifier: MIT

// Pool is a web service that keeps rendering sessions warm, with package lease, and hands them out
// to devices. Devices do not wait minutes for a session to start, and no session is billed for long
// after its device has left.
//
// Without settings it runs a demo with three devices and an emulator in this process, and ends
// after about fifteen seconds.
//
//	go run ./examples/pool
//
// A device sends its secret with each request, as Authorization: Bearer <device secret>, and gets
// JSON:
//
//	POST   /sessions                  201  a warm session and what opens it: {"sessionId",
//	                                       "accountId", "accountDomain", "renderingDomain",
//	                                       "accessToken", "expiresInSeconds",
//	                                       "heartbeatEverySeconds"}
//	PUT    /sessions/{id}/heartbeat   200  the device is alive; the time left of the lease:
//	                                       {"atLeastSeconds", "atMostSeconds"}
//	DELETE /sessions/{id}             204  the device has disconnected; another may get the session
//	GET    /stats                     200  the numbers of the pool
//	GET    /metrics                   200  the same and more, for Prometheus: see docs/telemetry.md
//
//	401  no device has this secret
//	404  the device does not hold this session (any more): it is stopped after -idle without a
//	     heartbeat
//	503  no session is free; Retry-After says when to retry
//
// After Ctrl-C or SIGTERM, the devices keep their sessions. A pool started with the same prefix,
// before their leases end, finds them. A device then has the time of -idle to send a heartbeat.
//
// # Replicas
//
// A pool owns every session under its prefix. Several replicas of a service need one prefix each,
// such as -prefix pool-a- and -prefix pool-b-, and every request of a device must reach the replica
// that handed out its session. Or the replicas use one pool over HTTP, such as this program. Two
// programs with one prefix would hand out and stop each other's sessions.
//
// # What the token gives access to
//
// An access token gives access to the whole account. Its holder can create, list and stop every
// session for up to 24 hours, including those of other devices, and it cannot be revoked. A device
// that has returned its session could still open it. The service has no narrower token. Therefore
//
//   - only devices that are trusted with the whole account get one;
//   - devices use TLS: the pool listens on other addresses than loopback only with -tls-cert and
//     -tls-key. Behind a proxy that terminates TLS it listens on loopback;
//   - the token is not logged, neither here nor on the way: check the log of the proxy too;
//   - the account key never leaves the pool.
//
// # A real service
//
// Set ARR_ENDPOINT, ARR_ACCOUNT_ID, ARR_ACCOUNT_DOMAIN, ARR_ACCOUNT_KEY, ARR_STS_ENDPOINT if the
// token service has another address, and POOL_DEVICES_FILE to a file with a line for each device:
// its name and the SHA-256 of its secret. To create a secret and its hash:
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
		"`HOST:PORT` to listen on; port 0 means any free port",
	)
	certFile := flag.String("tls-cert", "", "PEM `file` with the certificate chain of the pool")
	keyFile := flag.String("tls-key", "", "PEM `file` with the private key of the certificate")
	flag.StringVar(
		&s.prefix,
		"prefix",
		"",
		"`text` that begins the ids of this pool's sessions and of no others; one for each "+
			"replica, such as pool-a-",
	)
	flag.IntVar(&s.warm, "warm", 2, "number of sessions to keep ready; they are billed")
	flag.IntVar(&s.max, "max", 10, "largest number of sessions")
	flag.DurationVar(
		&s.budget,
		"budget",
		0,
		"session time that the pool may use, all sessions together; 0 means no limit",
	)
	flag.DurationVar(
		&s.idle,
		"idle",
		time.Minute,
		"without a heartbeat for this long, a device loses its session",
	)
	flag.DurationVar(
		&s.wait,
		"wait",
		10*time.Second,
		"how long a device waits for a session before it gets 503",
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
