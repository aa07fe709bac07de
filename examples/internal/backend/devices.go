// SPDX-License-Identifier: MIT

// Package backend has what the web services in the examples share: devices that send a secret of
// their own, and a server that other machines reach over TLS only. It has nothing to do with Remote
// Rendering, and is meant to be copied with the example.
package backend

import (
	"bufio"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

// Devices are those that may have sessions and the access token: the hash of each one's secret. A
// plain SHA-256 is enough for secrets of 128 random bits and more, which nobody can try out; for
// passwords that people choose it would not be.
type Devices []Device

// Device is one of them.
type Device struct {
	name string
	hash [sha256.Size]byte
}

// Authenticate returns the name of the device whose secret the request carries. It takes the same
// time for every secret: all hashes are compared, each in constant time.
func (d Devices) Authenticate(r *http.Request) (name string, ok bool) {
	scheme, secret, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || secret == "" {
		return "", false
	}
	hash := sha256.Sum256([]byte(secret))
	found := -1
	for i := range d {
		found = subtle.ConstantTimeSelect(
			subtle.ConstantTimeCompare(hash[:], d[i].hash[:]),
			i,
			found,
		)
	}
	if found < 0 {
		return "", false
	}
	return d[found].name, true
}

// NewDevice returns a device with a new random secret. Only its hash is kept.
func NewDevice(name string) (d Device, secret string) {
	secret = rand.Text()
	return Device{name: name, hash: sha256.Sum256([]byte(secret))}, secret
}

// ReadDevices reads a file of lines of the form "NAME SHA256-IN-HEX".
func ReadDevices(path string) (Devices, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf(
			"cannot read the devices: %w (it takes a file of lines NAME SHA256)",
			err,
		)
	}
	defer file.Close()
	d, err := parseDevices(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return d, nil
}

// parseDevices reads lines of the form "NAME SHA256-IN-HEX". Empty lines, and those that begin with
// #, are skipped. Errors do not repeat a line: somebody may have put the secret there instead of
// its hash.
func parseDevices(r io.Reader) (Devices, error) {
	var d Devices
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		entry, err := parseDevice(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		d = append(d, entry)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(d) == 0 {
		return nil, errors.New("no devices; add lines of the form NAME SHA256")
	}
	return d, nil
}

func parseDevice(line string) (Device, error) {
	fields := strings.Fields(line)
	if len(fields) != 2 {
		return Device{}, errors.New("not of the form NAME SHA256")
	}
	hash, err := hex.DecodeString(fields[1])
	if err != nil || len(hash) != sha256.Size {
		return Device{}, errors.New("the second word is no SHA-256: it has 64 hexadecimal digits")
	}
	if sha256.Sum256(nil) == [sha256.Size]byte(hash) {
		return Device{}, errors.New("the hash is that of an empty secret")
	}
	return Device{name: fields[0], hash: [sha256.Size]byte(hash)}, nil
}
