// SPDX-License-Identifier: MIT

package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"
)

// probe says how latencies are measured.
type probe struct {
	rounds  int
	timeout time.Duration // of one connection
	trusted *x509.CertPool
}

// latency is what was measured of an endpoint: medians of the rounds. Without one round that went
// well it is unreachable.
type latency struct {
	target    regionEntry
	rounds    int
	connect   time.Duration
	handshake time.Duration
	total     time.Duration
	failure   string // why it is unreachable
}

func (l latency) reachable() bool { return l.rounds > 0 }

// measureAll measures all endpoints at the same time, each in one round after the other. The
// nearest comes first, those that are unreachable last.
func (p probe) measureAll(ctx context.Context, targets []regionEntry) []latency {
	results := make([]latency, len(targets))
	var workers sync.WaitGroup
	for i, target := range targets {
		workers.Go(func() { results[i] = p.measure(ctx, target) })
	}
	workers.Wait()
	slices.SortStableFunc(results, func(a, b latency) int {
		if a.reachable() != b.reachable() {
			return cmp.Compare(b.rounds, a.rounds)
		}
		return cmp.Compare(a.total, b.total)
	})
	return results
}

// measure measures one endpoint. A first failure ends it: what cannot be reached is not tried again
// and again.
func (p probe) measure(ctx context.Context, target regionEntry) latency {
	result := latency{target: target}
	var connects, handshakes, totals []time.Duration
	for range p.rounds {
		connect, handshake, err := p.round(ctx, target.Endpoint)
		if err != nil {
			result.failure = reason(err)
			break
		}
		connects, handshakes, totals = append(
			connects,
			connect,
		), append(
			handshakes,
			handshake,
		), append(
			totals,
			connect+handshake,
		)
	}
	if result.rounds = len(totals); result.rounds > 0 {
		result.connect, result.handshake, result.total = median(
			connects,
		), median(
			handshakes,
		), median(
			totals,
		)
	}
	return result
}

// round makes one connection. Looking up the name takes no part in its time: it is remembered.
func (p probe) round(
	ctx context.Context,
	endpoint string,
) (connect, handshake time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	address, err := url.Parse(endpoint)
	if err != nil {
		return 0, 0, errors.New("not an address")
	}
	port := cmp.Or(address.Port(), map[string]string{"http": "80"}[address.Scheme], "443")
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", address.Hostname())
	if err != nil {
		return 0, 0, err
	}
	connection, connect, err := dial(ctx, ips, port)
	if err != nil {
		return 0, 0, err
	}
	defer connection.Close()
	if address.Scheme == "http" {
		return connect, 0, nil
	}
	began := time.Now()
	secured := tls.Client(
		connection,
		&tls.Config{
			ServerName: address.Hostname(),
			RootCAs:    p.trusted,
			MinVersion: tls.VersionTLS12,
		},
	)
	if err := secured.HandshakeContext(ctx); err != nil {
		return 0, 0, err
	}
	return connect, time.Since(began), nil
}

// dial connects to the first address that answers, and measures that alone.
func dial(
	ctx context.Context,
	ips []netip.Addr,
	port string,
) (connection net.Conn, took time.Duration, err error) {
	err = errors.New("the name has no address")
	for _, ip := range ips {
		began := time.Now()
		connection, err = new(
			net.Dialer,
		).DialContext(ctx, "tcp", net.JoinHostPort(ip.Unmap().String(), port))
		if err == nil {
			return connection, time.Since(began), nil
		}
	}
	return nil, 0, err
}

// reason says in a few words why there was no connection.
func reason(err error) string {
	var dns *net.DNSError
	var timeout net.Error
	switch {
	case errors.As(err, &dns) && dns.IsNotFound:
		return "unknown host"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, context.DeadlineExceeded):
		return "no answer in time"
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "certificate not trusted"
	}
	if refused, ok := errors.AsType[*net.OpError](err); ok {
		return refused.Err.Error()
	}
	return err.Error()
}

func median(times []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(times))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[middle]
	}
	return (sorted[middle-1] + sorted[middle]) / 2
}
