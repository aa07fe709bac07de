// SPDX-License-Identifier: MIT

package config

import (
	"testing"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
)

// Anybody may listen on a port of a shared machine, and nobody vouches for a file that merely lies
// in the working folder.
func TestAFoundFileLeadsNoSecretFromElsewhereAway(t *testing.T) {
	withKey := map[string]string{"ARR_ACCOUNT_KEY": secret}
	leading := func(endpoint, domain string) string {
		return `{"accountSettings": {"arrAccountId": "` + accountB + `", "arrAccountDomain": "` + domain + `"},
"renderingSessionSettings": {"remoteRenderingDomain": "` + endpoint + `"}}`
	}
	for name, test := range map[string]struct {
		script      string
		environment map[string]string
		want        []string // addresses; none if it is all right
	}{
		"a listener on this machine": {
			leading("http://127.0.0.1:20210", "http://127.0.0.1:20210"), withKey, []string{"http://127.0.0.1:20210"},
		},
		"two of them": {
			leading("http://127.0.0.2:1", "http://[::1]:2"), withKey, []string{"http://127.0.0.2:1", "http://[::1]:2"},
		},
		"this machine by name": {
			leading("eastus", "http://localhost:1"),
			withKey, []string{"http://localhost:1"},
		},
		"a token service alone": {
			leading("eastus", "https://evil.example"),
			withKey, []string{"https://evil.example"},
		},
		"an account domain": {
			leading("eastus", "sts.evil.example"),
			withKey, []string{"evil.example"},
		},
		"a name that looks hosted": {
			leading("https://mixedreality.azure.com.evil.example", "eastus"),
			withKey, []string{"https://mixedreality.azure.com.evil.example"},
		},
		"a member of an older release": {
			scriptWithout("serviceEndpoint", "http://localhost:1"),
			map[string]string{"ARR_ACCOUNT_KEY": secret, "ARR_ACCOUNT_DOMAIN": "eastus"},
			[]string{"http://localhost:1"},
		},
		"an older token service": {
			scriptWithout("authenticationEndpoint", "http://localhost:1"),
			withKey, []string{"http://localhost:1"},
		},
		"the hosted service": {
			leading("eastus", "https://sts.mixedreality.azure.com"),
			withKey, nil,
		},
		"the hosted service without TLS": {
			leading("http://remoterendering.eastus.mixedreality.azure.com", "eastus"),
			map[string]string{"ARR_ACCOUNT_KEY": secret, "ARR_ALLOW_HTTP": "true"},
			[]string{"http://remoterendering.eastus.mixedreality.azure.com"},
		},
		"a token": {
			leading("http://localhost:1", "eastus"),
			map[string]string{"ARR_ACCESS_TOKEN": secret},
			[]string{"http://localhost:1"},
		},
		"an identity": {
			leading("http://localhost:1", "eastus"),
			map[string]string{"ARR_AUTH": "entra"},
			[]string{"http://localhost:1"},
		},
		"a key file": {
			leading("http://localhost:1", "eastus"),
			map[string]string{"ARR_ACCOUNT_KEY_FILE": "k"},
			[]string{"http://localhost:1"},
		},
		"a key that a person would type": {
			leading("http://localhost:1", "eastus"), nil, []string{"http://localhost:1"},
		},
		"a key of the same file": {
			scriptOf(`"serviceEndpoint": "http://localhost:1",
"authenticationEndpoint": "http://localhost:2"`),
			nil, nil,
		},
		"an endpoint of the environment": {
			leading("http://localhost:1", "eastus"),
			map[string]string{"ARR_ACCOUNT_KEY": secret, "ARR_ENDPOINT": "http://localhost:3"},
			nil,
		},
		"a token service that nobody asks": {
			leading("eastus", "http://localhost:1"),
			map[string]string{"ARR_ACCESS_TOKEN": secret},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.write("arrconfig.json", test.script)
			s.environment = test.environment
			if test.want == nil {
				s.target()
				return
			}
			err := s.fails()
			for _, address := range test.want {
				assert.ErrorContains(t, err, address)
			}
			assert.ErrorContains(t, err, "name the file with --arrconfig if you mean it")
			s.inputs.Script = "arrconfig.json"
			s.target()
			s.inputs.Script = ""
			values := s.load()
			values.TrustFound()
			_, err = values.Target()
			assert.NoError(t, err, "after a person was asked")
		})
	}
}

// scriptWithout is an arrconfig.json without a key, with one of the older members.
func scriptWithout(member, value string) string {
	return `{"accountSettings": {"arrAccountId": "` + accountB + `", "region": "` + string(arr.RegionEastUS) +
		`", "` + member + `": "` + value + `"}}`
}
