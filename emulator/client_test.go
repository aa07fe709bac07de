// SPDX-License-Identifier: MIT

package emulator_test

import (
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// A day of a session, through the client: both must understand each other.
func TestSessionsClient(t *testing.T) {
	for _, absent := range []emulator.AbsentValues{emulator.AbsentOmitted, emulator.AbsentNull} {
		synctest.Test(t, func(t *testing.T) {
			s := start(t, emulator.Options{
				StartupTime: emulator.FixedStartup(150 * time.Second),
				Decisions:   emulator.Decisions{AbsentValues: absent, PageSize: 1},
			})
			client, err := s.SessionsClient(nil)
			require.NoError(t, err)

			ctx := t.Context()
			poller, err := client.BeginCreate(ctx, "a", azremoterendering.CreateSessionSettings{
				Size: azremoterendering.SessionSizeStandard, MaxLeaseTime: 10 * time.Minute,
			}, nil)
			require.NoError(t, err)
			assert.True(t, poller.Created())
			ready, err := poller.PollUntilDone(ctx, nil)
			require.NoError(t, err)
			assert.Equal(t, azremoterendering.SessionStatusReady, ready.Status)
			assert.Regexp(t, hostPattern, ready.Hostname)
			assert.NotEmpty(t, ready.CorrelationVector)

			updated, err := client.Update(
				ctx,
				"a",
				azremoterendering.UpdateSessionSettings{MaxLeaseTime: 20 * time.Minute},
				nil,
			)
			require.NoError(t, err)
			assert.Equal(t, 20*time.Minute, updated.MaxLeaseTime)
			_, err = client.Update(
				ctx,
				"a",
				azremoterendering.UpdateSessionSettings{MaxLeaseTime: 5 * time.Minute},
				nil,
			)
			require.ErrorIs(t, err, azremoterendering.ErrLeaseNotExtended)

			s.create("b", standard5)
			var ids []string
			for session, err := range client.All(ctx, nil) {
				require.NoError(t, err)
				ids = append(ids, session.ID)
			}
			assert.Equal(t, []string{"a", "b"}, ids)

			_, err = client.Stop(ctx, "a", nil)
			require.NoError(t, err)
			stopped, err := client.Get(ctx, "a", nil)
			require.NoError(t, err)
			assert.Equal(t, azremoterendering.SessionStatusStopped, stopped.Status)
			_, err = client.Get(ctx, "nobody", nil)
			require.ErrorIs(t, err, azremoterendering.ErrNotFound)
		})
	}
}

// countingTransport counts what goes through.
type countingTransport struct {
	next  policy.Transporter
	count *atomic.Int32
}

func (c countingTransport) Do(req *http.Request) (*http.Response, error) {
	c.count.Add(1)
	return c.next.Do(req)
}

func TestSessionsClientKeepsItsOptions(t *testing.T) {
	s := start(t, emulator.Options{Region: azremoterendering.RegionEastUS2})
	var count atomic.Int32
	options := &azremoterendering.SessionsClientOptions{
		ClientOptions: azcore.ClientOptions{Transport: countingTransport{s.Transport(), &count}},
	}
	client, err := s.SessionsClient(options)
	require.NoError(t, err)
	_, err = client.NewListPager(nil).NextPage(t.Context())
	require.NoError(t, err)
	assert.EqualValues(t, 2, count.Load(), "a token and a list")

	options.Transport = nil
	_, err = s.SessionsClient(options)
	require.NoError(t, err)
	assert.Nil(t, options.Transport, "the options of the caller stay as they are")
}
