// SPDX-License-Identifier: MIT

// Package connect says how clients connect to an emulator: by which addresses, with which
// environment variables, and with which lines of code. The command prints this, and the status page
// shows it. Tests run the lines from here.
package connect

import (
	"fmt"
	"net"
	"strings"

	"github.com/arr-go/azremoterendering/internal/naming"
)

// Connection is what a client needs to reach an emulator. The names of the JSON members are part of
// the interface of the command.
type Connection struct {
	Endpoint      string `json:"endpoint"`
	STSEndpoint   string `json:"stsEndpoint"`
	AccountID     string `json:"accountId"`
	AccountKey    string `json:"accountKey"`
	AccountDomain string `json:"accountDomain"`
	CAFile        string `json:"caFile,omitempty"` // with TLS
}

// UseNames sets the endpoints to names below the domain, which need TLS: they are what those clients
// want that take no address of a token service.
func (c *Connection) UseNames(region, domain, port string) {
	c.Endpoint = HTTPS(naming.RenderingHost(region, domain), port)
	c.STSEndpoint = HTTPS(naming.STSPrefix+domain, port)
}

// HTTPS returns an address without the port if it is the default one.
func HTTPS(host, port string) string {
	if port == "" || port == "443" {
		return "https://" + host
	}
	return "https://" + net.JoinHostPort(host, port)
}

// Variable is an environment variable.
type Variable struct{ Name, Value string }

// Variables returns the variables that the lines, the examples and arr itself look for.
func (c Connection) Variables() []Variable {
	variables := []Variable{
		{"ARR_ENDPOINT", c.Endpoint},
		{"ARR_STS_ENDPOINT", c.STSEndpoint},
		{"ARR_ACCOUNT_ID", c.AccountID},
		{"ARR_ACCOUNT_KEY", c.AccountKey},
		{"ARR_ACCOUNT_DOMAIN", c.AccountDomain},
	}
	if c.CAFile != "" {
		variables = append(variables, Variable{"ARR_CA_FILE", c.CAFile})
	}
	return variables
}

// Sh returns the line that sets the variable in sh.
func (v Variable) Sh() string { return fmt.Sprintf("export %s=%s\n", v.Name, QuoteSh(v.Value)) }

// PowerShell returns the line that sets the variable in PowerShell.
func (v Variable) PowerShell() string {
	return fmt.Sprintf("$env:%s = %s\n", v.Name, QuotePowerShell(v.Value))
}

// QuoteSh returns a word for sh. Between single quotes only a single quote has a meaning.
func QuoteSh(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// QuotePowerShell returns a word for PowerShell, which takes the typographic single quotes for
// single quotes too. Two stand for one.
func QuotePowerShell(text string) string {
	var word strings.Builder
	for _, r := range text {
		if strings.ContainsRune("'\u2018\u2019\u201a\u201b", r) {
			word.WriteRune(r)
		}
		word.WriteRune(r)
	}
	return "'" + word.String() + "'"
}
