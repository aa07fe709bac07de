// SPDX-License-Identifier: MIT

package emulator

import (
	"errors"
	"net"
	"strconv"
	"strings"
)

const localhost = "localhost"

// maxPortTries is how many free ports are tried until one is free for both families.
const maxPortTries = 20

// openListeners listens on an address; for localhost on both loopback addresses. The name is not
// looked up: systems say different things about it, often only one of the two.
func openListeners(address string) ([]net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil || !strings.EqualFold(host, localhost) {
		listener, err := net.Listen("tcp", address)
		return []net.Listener{listener}, err
	}
	for try := 1; ; try++ {
		listeners, err := openLoopback(port)
		if err == nil || port != "0" || try == maxPortTries {
			return listeners, err
		}
	}
}

// openLoopback listens on 127.0.0.1 and ::1 with the same port, or on the one of them that this
// machine has.
func openLoopback(port string) ([]net.Listener, error) {
	four, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", port))
	if err != nil {
		if !absent("127.0.0.1") {
			return nil, err
		}
		six, err := net.Listen("tcp6", net.JoinHostPort("::1", port))
		return []net.Listener{six}, err
	}
	if tcp, ok := four.Addr().(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
	}
	six, err := net.Listen("tcp6", net.JoinHostPort("::1", port))
	switch {
	case err == nil:
		return []net.Listener{four, six}, nil
	case absent("::1"):
		return []net.Listener{four}, nil
	}
	return nil, errors.Join(err, four.Close())
}

// absent reports whether this machine does not have an address: not even a free port of it can be
// listened on.
func absent(ip string) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(ip, "0"))
	if err != nil {
		return true
	}
	_ = listener.Close()
	return false
}

// reachable returns the address for clients on this machine.
func reachable(listeners []net.Listener) string {
	tcp, ok := listeners[0].Addr().(*net.TCPAddr)
	switch {
	case !ok:
		return listeners[0].Addr().String()
	case len(listeners) > 1:
		return net.JoinHostPort(localhost, strconv.Itoa(tcp.Port))
	case tcp.IP.IsUnspecified():
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(tcp.Port))
	}
	return tcp.String()
}
