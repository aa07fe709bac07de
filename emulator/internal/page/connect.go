// SPDX-License-Identifier: MIT

package page

import (
	"fmt"
	"strings"

	"github.com/arr-go/azremoterendering/internal/connect"
)

// Connection is what the page tells about how to connect. Without an AccountKey the key is a
// secret, which the page does not show.
type Connection struct {
	connect.Connection
	Needs connect.Need // the strongest need of clients that is met
}

// connectView is the box from which one copies.
type connectView struct {
	Endpoint string
	Open     bool // because nobody has connected yet
	Secret   bool // whether the key is one
	Values   []valueView
	Panels   []panelView
}

// valueView is a value to be copied.
type valueView struct{ ID, Name, Value string }

// panelView is a text to be copied, for one kind of client or shell.
type panelView struct {
	ID, Name, Text string
	Why            string // instead of a text: why there is none
	NotRun         bool
}

func connectViewOf(p Page) connectView {
	c := p.Connection
	v := connectView{Endpoint: c.Endpoint, Open: p.Answered == 0, Secret: c.AccountKey == ""}
	for _, each := range []valueView{
		{"endpoint", "Endpoint", c.Endpoint},
		{"sts-endpoint", "STS endpoint", c.STSEndpoint},
		{"account-id", "Account id", c.AccountID},
		{"account-key", "Account key", c.AccountKey},
		{"account-domain", "Account domain", c.AccountDomain},
	} {
		if each.Value != "" {
			v.Values = append(v.Values, each)
		}
	}
	v.Panels = append(v.Panels, variablesPanel("sh", c), variablesPanel("PowerShell", c))
	for _, client := range connect.Clients {
		panel := panelView{Name: client.Name, NotRun: client.NotRun}
		if panel.Why = whyNot(client, c); panel.Why == "" {
			panel.Text = client.Text(c.Needs > connect.NeedsNothing)
		}
		v.Panels = append(v.Panels, panel)
	}
	for i := range v.Panels {
		v.Panels[i].ID = fmt.Sprintf("code-%d", i+1)
	}
	return v
}

// variablesPanel returns the lines that set the variables in a shell.
func variablesPanel(shell string, c Connection) panelView {
	var text strings.Builder
	for _, variable := range c.Variables() {
		switch {
		case variable.Value == "":
			fmt.Fprintf(&text, "# %s is not shown here\n", variable.Name)
		case shell == "sh":
			text.WriteString(variable.Sh())
		default:
			text.WriteString(variable.PowerShell())
		}
	}
	return panelView{Name: "Variables, " + shell, Text: text.String()}
}

// whyNot says why the code of a client is not shown; it is empty if it is.
func whyNot(client connect.Client, c Connection) string {
	switch {
	case client.Needs <= c.Needs:
		return ""
	case client.Name == "JavaScript":
		return "This client would send the account key to sts." + c.AccountDomain +
			", which is not the emulator. Start it with --tls --domain arr.test."
	case client.Needs == connect.NeedsDomain:
		return "This client takes no address of a token service. " +
			"Start the emulator with --tls --domain arr.test."
	}
	return "This client sends keys and tokens over https only. Start the emulator with --tls."
}
