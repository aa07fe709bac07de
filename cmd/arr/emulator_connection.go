// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/connect"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// connection is what a client needs to reach the emulator.
type connection struct {
	connect.Connection
	Page string `json:"-"` // for a browser on this machine; empty if there is none
}

// connectionTo describes an emulator that listens. With TLS and a domain of its own, clients go by
// names below that domain: it is what those want that take no address of a token service.
func connectionTo(
	e *emulator.Emulator,
	server *emulator.Server,
	o emulator.Options,
	authority *emulator.Authority,
	listening *listening,
) (connection, error) {
	account := e.Account()
	c := connection{Connection: connect.Connection{
		Endpoint:      server.URL,
		STSEndpoint:   server.URL,
		AccountID:     account.ID,
		AccountKey:    e.Key(),
		AccountDomain: account.Domain,
	}}
	address, err := url.Parse(server.URL)
	if err != nil {
		return c, fmt.Errorf("cannot understand the address %s: %w", server.URL, err)
	}
	if isLoopback(address.Hostname()) && o.ExternalURL == "" && len(o.TrustedProxies) == 0 {
		c.Page = server.URL + "/"
	}
	if authority != nil {
		c.CAFile = authority.CertificateFile()
	}
	switch {
	case o.ExternalURL != "":
		c.Endpoint = strings.TrimSuffix(o.ExternalURL, "/")
		c.STSEndpoint = c.Endpoint
		return c, nil
	case !listening.tls:
		return c, nil
	case o.Domain == "":
		if host := listening.certifiedHost(address.Hostname()); host != address.Hostname() {
			c.Endpoint = connect.HTTPS(host, address.Port())
			c.STSEndpoint = c.Endpoint
		}
		return c, nil
	}
	c.UseNames(string(o.Region), o.Domain, address.Port())
	return c, nil
}

// sessionHost returns the name of the session service below the domain.
func sessionHost(o emulator.Options) string {
	return naming.RenderingHost(string(o.Region), o.Domain)
}

// writeJSON writes the connection as one line.
func (c connection) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // a key stays as it is
	return encoder.Encode(c)
}

// variable is an environment variable.
type variable struct{ name, value string }

// variables returns what the examples and arr itself look for.
func (c connection) variables() []variable {
	var variables []variable
	for _, v := range c.Variables() {
		variables = append(variables, variable{v.Name, v.Value})
	}
	return variables
}

// writeText writes the connection for people, and what they might do next.
func (c connection) writeText(w io.Writer, next []string) error {
	text := fmt.Sprintf(
		"The emulator of Azure Remote Rendering accepts connections. Nothing renders behind its sessions.\n\n"+
			"  endpoint         %s\n  STS endpoint     %s\n  account id       %s\n"+
			"  account key      %s\n  account domain   %s\n",
		c.Endpoint,
		c.STSEndpoint,
		c.AccountID,
		c.AccountKey,
		c.AccountDomain,
	)
	if c.CAFile != "" {
		text += "  CA certificate   " + c.CAFile + "\n"
	}
	text += "\n"
	for _, line := range next {
		text += line + "\n"
	}
	_, err := io.WriteString(w, text)
	return err
}
