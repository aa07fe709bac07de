// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// What it costs to await 1,000 conversions of a minute, with a poller for each or with the list. The
// list also has the conversions that ended in the last 30 days, and they come first. docs/DESIGN.md
// draws its conclusion from these numbers.
func TestRequestsForAThousandConversions(t *testing.T) {
	const many = 1000
	for _, c := range []struct {
		name     string
		ended    int // conversions in the list that nobody awaits
		await    func(*testing.T, *arr.ConversionsClient, []*arr.ConversionPoller)
		requests int
	}{
		{"a poller for each", 0, awaitEach, 6 * many},
		{"the list", 0, awaitByList, 7 * many / 50},
		{"the list after a busy month", 2 * many, awaitByList, 7 * 3 * many / 50},
	} {
		synctest.Test(t, func(t *testing.T) {
			client, w := converter(t, emulator.Options{Conversions: emulator.ConversionOptions{
				Times: emulator.FixedConversion(5*time.Second, 55*time.Second),
			}})
			pollers := make([]*arr.ConversionPoller, many)
			for i := range c.ended {
				_, err := client.BeginCreate(t.Context(), fmt.Sprint("old-", i), pavilion, nil)
				require.NoError(t, err)
			}
			time.Sleep(time.Hour)
			for i := range pollers {
				var err error
				pollers[i], err = client.BeginCreate(t.Context(), fmt.Sprint("new-", i), pavilion, nil)
				require.NoError(t, err)
			}
			var requests, bytes atomic.Int64
			w.Handle(func(req *http.Request, forward testkit.Forward) (*http.Response, error) {
				resp, err := forward()
				if err == nil && !testkit.IsExchange(req) {
					requests.Add(1)
					bytes.Add(resp.ContentLength)
				}
				return resp, err
			})
			began := time.Now()
			c.await(t, client, pollers)
			t.Logf("%s: %d requests and %d kB in %v", c.name, requests.Load(), bytes.Load()/1000, time.Since(began))
			assert.InEpsilon(t, c.requests, requests.Load(), 0.2, c.name)
		})
	}
}

func awaitEach(t *testing.T, _ *arr.ConversionsClient, pollers []*arr.ConversionPoller) {
	var all sync.WaitGroup
	for _, poller := range pollers {
		all.Go(func() {
			_, err := poller.PollUntilDone(t.Context(), nil)
			assert.NoError(t, err)
		})
	}
	all.Wait()
}

func awaitByList(t *testing.T, client *arr.ConversionsClient, pollers []*arr.ConversionPoller) {
	waiting := map[string]bool{}
	for _, poller := range pollers {
		waiting[poller.Conversion().ID] = true
	}
	for {
		for conversion, err := range client.All(t.Context(), nil) {
			require.NoError(t, err)
			if conversion.Status.Ended() {
				delete(waiting, conversion.ID)
			}
		}
		if len(waiting) == 0 {
			return
		}
		time.Sleep(10 * time.Second)
	}
}
