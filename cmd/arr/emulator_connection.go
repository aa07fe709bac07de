// SPDX-License-Identifier: MIT

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/naming"
)

// connection is what a client needs to reach the emulator. The names of the JSON members are part
// of the command's interface.
type connection struct {
	Endpoint      string `json:"endpoint"`
	STSEndpoint   string `json:"stsEndpoint"`
	AccountID     string `json:"accountId"`
	AccountKey    string `json:"accountKey"`
	AccountDomain string `json:"accountDomain"`
	CAFile        string `json:"caFile,omitempty"` // with TLS
	Page          string `json:"-"`                // for a browser on this machine; empty if there is none
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
	c := connection{
		Endpoint:      server.URL,
		STSEndpoint:   server.URL,
		AccountID:     account.ID,
		AccountKey:    e.Key(),
		AccountDomain: account.Domain,
	}
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
			c.Endpoint = httpsURL(host, address.Port())
			c.STSEndpoint = c.Endpoint
		}
		return c, nil
	}
	c.Endpoint = httpsURL(sessionHost(o), address.Port())
	c.STSEndpoint = httpsURL(naming.STSPrefix+o.Domain, address.Port())
	return c, nil
}

// sessionHost returns the name of the session service below the domain.
func sessionHost(o emulator.Options) string {
	return naming.RenderingHost(string(o.Region), o.Domain)
}

func httpsURL(host, port string) string {
	if port == "" || port == "443" {
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}

// writeJSON writes the connection as one line.
func (c connection) writeJSON(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false) // a key stays as it is
	return encoder.Encode(c)
}

// variable is an environment variable. The examples and arr itself look for these.
type variable struct{ name, value string }

func (c connection) variables() []variable {
	variables := []variable{
		{"ARR_ENDPOINT", c.Endpoint},
		{"ARR_STS_ENDPOINT", c.STSEndpoint},
		{"ARR_ACCOUNT_ID", c.AccountID},
		{"ARR_ACCOUNT_KEY", c.AccountKey},
		{"ARR_ACCOUNT_DOMAIN", c.AccountDomain},
	}
	if c.CAFile != "" {
		variables = append(variables, variable{"ARR_CA_FILE", c.CAFile})
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
