// SPDX-License-Identifier: MIT

package process_test

import (
	"log"
	"os"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/process"
)

// Behind every session there is a web server of its own, at the host name and the handshake port
// that the session shows.
func Example() {
	command, err := process.ParseCommand("python3 -m http.server --bind 127.0.0.1 {port}")
	if err != nil {
		log.Fatal(err)
	}
	servers, err := process.New(process.Options{Command: command, Output: os.Stderr})
	if err != nil {
		log.Fatal(err)
	}
	service, err := emulator.New(emulator.Options{Backend: servers})
	if err != nil {
		log.Fatal(err)
	}
	defer service.Close() // ends the web servers

	listener, err := service.Listen("127.0.0.1:5000")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close()
	// Clients in any language create sessions at listener.URL.
}
