// SPDX-License-Identifier: MIT

package process

import (
	"errors"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
)

// Every port of a server lies in this range, bounds included, as the service had it.
const (
	firstPort = 49152
	lastPort  = 65534
)

// firstQuietPort is the first port that Linux does not give to outgoing connections by default. A
// connection that gets a port between its choice and the start of the program keeps the program
// from listening.
const firstQuietPort = 61000

// portAttempts limits the search for a port. Few of the range are ever in use.
const portAttempts = 1000

// reserved holds the ports of the servers that have not ended. All backends of the process share
// it, because they share the machine, and between the test of a port and the start of its program
// nothing else marks it as taken.
var reserved struct {
	sync.Mutex
	ports map[int]struct{}
}

// reservePort returns a port on which nobody listens, and reserves it until releasePort. It prefers
// quiet ones.
func reservePort() (int, error) {
	for attempt := range portAttempts {
		from := firstQuietPort
		if attempt >= portAttempts/2 {
			from = firstPort
		}
		port := from + rand.IntN(lastPort-from+1)
		if !reserve(port) {
			continue
		}
		if listener, err := net.Listen("tcp", loopback(port)); err == nil {
			listener.Close()
			return port, nil
		}
		releasePort(port)
	}
	return 0, errors.New(
		"no free port was found from " + strconv.Itoa(firstPort) + " to " + strconv.Itoa(lastPort),
	)
}

func reserve(port int) bool {
	reserved.Lock()
	defer reserved.Unlock()
	if _, taken := reserved.ports[port]; taken {
		return false
	}
	if reserved.ports == nil {
		reserved.ports = make(map[int]struct{})
	}
	reserved.ports[port] = struct{}{}
	return true
}

func releasePort(port int) {
	reserved.Lock()
	defer reserved.Unlock()
	delete(reserved.ports, port)
}

// loopback returns the address at which programs are expected.
func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
