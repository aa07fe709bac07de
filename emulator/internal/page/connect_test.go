// SPDX-License-Identifier: MIT

package page

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/internal/connect"
)

// textFor returns the text of a panel, and why there is none.
func textFor(p Page, name string) (text, why string) {
	for _, panel := range connectViewOf(p).Panels {
		if panel.Name == name {
			return panel.Text, panel.Why
		}
	}
	return "", "no panel"
}

// What a client cannot do with this emulator is not offered for copying.
func TestConnectOffersWhatWorks(t *testing.T) {
	for needs, want := range map[connect.Need]string{
		connect.NeedsNothing: "Go curl PowerShell",
		connect.NeedsTLS:     "Go Python curl PowerShell C#",
		connect.NeedsDomain:  "Go Python Java curl PowerShell C# JavaScript",
	} {
		p := emptyPage()
		p.Connection.Needs = needs
		var offered string
		for _, name := range []string{"Go", "Python", "Java", "curl", "PowerShell", "C#", "JavaScript"} {
			if text, why := textFor(p, name); why == "" {
				offered += " " + name
				assert.NotEmpty(t, text)
			} else {
				assert.Contains(t, why, "--tls")
				assert.Empty(t, text)
			}
		}
		assert.Equal(t, want, offered[1:])
	}
}

func TestConnectWithoutTheKey(t *testing.T) {
	p := pageSample()
	text, _ := textFor(p, "Variables, sh")
	assert.Contains(t, text, "export ARR_ACCOUNT_KEY='key'\n")
	p.Connection.AccountKey = ""
	text, _ = textFor(p, "Variables, sh")
	assert.Contains(t, text, "# ARR_ACCOUNT_KEY is not shown here\n")
	assert.True(t, connectViewOf(p).Secret)
}
