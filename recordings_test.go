// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

const recordingsFolder = "testdata/recordings"

// recordedServer is the first label of the host name of every server in the recordings.
const recordedServer = "1234567890-aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"

// strangeKey is a key that the account does not have.
const strangeKey = "bm90IHRoZSBrZXkgb2YgdGhlIGFjY291bnQ="

const emulatorAccountID = emulator.DefaultAccountID

// recordedAt is when the recordings begin, on the clock of the bubble that they are recorded and
// replayed in. It has seven fractional digits, as the service has them.
var recordedAt = time.Date(2026, 3, 4, 5, 6, 7, 123_456_700, time.UTC)

// recordedVector is the correlation vector of the n-th answer of a recording, from 0.
func recordedVector(n int) string { return fmt.Sprintf("recordedAnswer%08d.0", n) }

// recording is how a file of testdata/recordings is made, and what it must yield.
type recording struct {
	shows    string              // for the comment on top of the file
	holds    []string            // texts without which the file does not show that
	options  emulator.Options    // while recording
	front    func(*testkit.Wire) // answers before the emulator does, while recording
	stranger bool                // key and token are not the account's
	play     func(*testing.T, *stage)
}

// TestRecordings replays the recordings of this project.
func TestRecordings(t *testing.T) {
	files := cassettesIn(t, recordingsFolder, "*")
	for name := range recordings {
		assert.Contains(t, files, filepath.Join(recordingsFolder, name+".yaml"), "not recorded")
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".yaml")
		t.Run(name, func(t *testing.T) {
			r, known := recordings[name]
			require.True(t, known, "nothing says what %s must yield", file)
			checkNoSecrets(t, file)
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, text := range append([]string{"# " + r.shows + "\n", "this project's emulator"}, r.holds...) {
				assert.Contains(t, string(data), text)
			}
			synctest.Test(t, func(t *testing.T) {
				s := &stage{t: t, key: testkit.Key, token: testkit.Token}
				if r.stranger {
					s.key = strangeKey
				}
				time.Sleep(time.Until(recordedAt))
				s.transport = newPlayer(t, file, s.key, s.token)
				r.play(t, s)
			})
		})
	}
}

// stage is where a recording is played: before the emulator while it is made, before the file ever
// after.
type stage struct {
	t         *testing.T
	transport policy.Transporter
	key       string
	token     string             // for clients that do not exchange
	emulator  *emulator.Emulator // nil when replaying
}

// behindTheScenes does what the recording does not hold.
func (s *stage) behindTheScenes(do func(*emulator.Emulator)) {
	if s.emulator != nil {
		do(s.emulator)
	}
}

func (s *stage) options(configure []func(*arr.SessionsClientOptions)) *arr.SessionsClientOptions {
	options := &arr.SessionsClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: s.transport},
		STSEndpoint:   "https://sts.example",
	}
	for _, c := range configure {
		c(options)
	}
	return options
}

// keyClient returns a client that exchanges the account key.
func (s *stage) keyClient(configure ...func(*arr.SessionsClientOptions)) *arr.SessionsClient {
	s.t.Helper()
	client, err := arr.NewSessionsClientWithKeyCredential(
		endpoint,
		arr.Account{ID: emulatorAccountID},
		azcore.NewKeyCredential(s.key),
		s.options(configure),
	)
	require.NoError(s.t, err)
	return client
}

// tokenClient returns a client that has a token.
func (s *stage) tokenClient(configure ...func(*arr.SessionsClientOptions)) *arr.SessionsClient {
	s.t.Helper()
	token, err := arr.NewStaticAccessToken(s.token)
	require.NoError(s.t, err)
	client, err := arr.NewSessionsClientWithAccessToken(
		endpoint,
		emulatorAccountID,
		token,
		s.options(configure),
	)
	require.NoError(s.t, err)
	return client
}

// exchange returns the token of one exchange.
func (s *stage) exchange(ctx context.Context) (azcore.AccessToken, error) {
	s.t.Helper()
	options := &arr.TokenClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: s.transport},
		Endpoint:      "https://sts.example",
	}
	options.Retry.MaxRetries = -1
	client, err := arr.NewTokenClientWithKeyCredential(
		arr.Account{ID: emulatorAccountID},
		azcore.NewKeyCredential(s.key),
		options,
	)
	require.NoError(s.t, err)
	return client.GetToken(ctx, policy.TokenRequestOptions{})
}

// checkToken checks a token that was issued just now, in the n-th answer.
func (s *stage) checkToken(token azcore.AccessToken, n int) {
	s.t.Helper()
	now := time.Now()
	assert.Equal(s.t, now.Add(24*time.Hour), token.ExpiresOn)
	assert.Equal(s.t, now.Add(24*time.Hour-5*time.Minute), token.RefreshOn)
	parts := strings.Split(token.Token, ".")
	require.Len(s.t, parts, 3)
	if s.emulator != nil {
		return // a real one, which does not get into the file
	}
	assert.Equal(s.t, "header", parts[0])
	assert.Equal(s.t, "signature", parts[2])
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	require.NoError(s.t, err)
	assert.JSONEq(
		s.t,
		fmt.Sprintf(`{"jti":"stand-in %d","aid":%q,"nbf":%[3]d,"iat":%[3]d,"exp":%d}`,
			n, emulatorAccountID, now.Unix(), now.Unix()+86400),
		string(claims),
	)
}
