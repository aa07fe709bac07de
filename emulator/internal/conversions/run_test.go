// SPDX-License-Identifier: MIT

package conversions

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/service"
)

// inStorage is a conversion that may be tried.
func inStorage(id string) service.NewConversion {
	return service.NewConversion{
		ID: id,
		Settings: service.ConversionSettings{
			InputContainerURL: "https://a.example/in", InputAsset: "box.glb",
			OutputContainerURL: "https://a.example/out", OutputName: "box.arrAsset",
		},
		ReadListSAS: "sig=r",
		WriteSAS:    "sig=w",
	}
}

func (c *Store) begin(t *testing.T, id string) {
	t.Helper()
	_, created, err := c.Create(t.Context(), in, inStorage(id))
	require.NoError(t, err)
	require.True(t, created)
}

// statuses returns how many conversions are in each state.
func (c *Store) statuses() map[azremoterendering.ConversionStatus]int {
	counts := make(map[azremoterendering.ConversionStatus]int)
	for _, each := range c.All(nil) {
		counts[each.Conversion.Status]++
	}
	return counts
}

// untilReleased is a converter that waits for its context or for a release.
func untilReleased(release <-chan struct{}) converterFunc {
	return func(ctx context.Context, _ conversion.Request) (conversion.Result, error) {
		select {
		case <-ctx.Done():
			return conversion.Result{}, ctx.Err()
		case <-release:
			return conversion.Result{AssetURL: "https://a.example/out/box.arrAsset"}, nil
		}
	}
}

type counts = map[azremoterendering.ConversionStatus]int

func TestFourConversionsRunAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := newStore(t, Options{Storage: untilReleased(release)})
		defer func() { assert.NoError(t, c.Close()) }()
		for i := range 10 {
			c.begin(t, fmt.Sprint(i))
		}
		for _, want := range []counts{
			{"Running": 4, "NotStarted": 6},
			{"Running": 4, "NotStarted": 5, "Succeeded": 1},
			{"Running": 4, "NotStarted": 4, "Succeeded": 2},
		} {
			synctest.Wait()
			assert.Equal(t, want, c.statuses())
			release <- struct{}{}
		}
		close(release)
		synctest.Wait()
		assert.Equal(t, counts{"Succeeded": 10}, c.statuses())
	})
}

// What runs ends as Failed, what waits too, and nothing new begins.
func TestCloseEndsConversions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStore(t, Options{Storage: untilReleased(nil)})
		for i := range 6 {
			c.begin(t, fmt.Sprint(i))
		}
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, c.Close())
		assert.Zero(t, time.Since(begin))
		assert.Equal(t, counts{"Failed": 6}, c.statuses())
		for _, each := range c.All(nil) {
			assert.Equal(t, "InternalServerError", each.Conversion.Error.Code)
		}
		_, created, err := c.Create(t.Context(), in, inStorage("new"))
		require.ErrorIs(t, err, errClosed)
		assert.False(t, created)
	})
}

// A converter that ignores its context keeps Close for 10 seconds, and no longer.
func TestCloseGivesUpOnAConverterThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan struct{})
		c := newStore(t, Options{Storage: converterFunc(
			func(context.Context, conversion.Request) (conversion.Result, error) {
				<-hung
				return conversion.Result{}, nil
			})})
		c.begin(t, "a")
		synctest.Wait()
		begin := time.Now()
		err := c.Close()
		require.ErrorContains(t, err, "conversions go on 10s after their context ended")
		assert.Equal(t, 10*time.Second, time.Since(begin))
		assert.Equal(t, err, c.Close(), "again")
		close(hung) // or else this goroutine is found to leak
		synctest.Wait()
		assert.Equal(t, counts{"Succeeded": 1}, c.statuses())
	})
}

// A reset waits for such a converter as long.
func TestResetGivesUpOnAConverterThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		hung := make(chan struct{})
		c := newStore(t, Options{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Storage: converterFunc(func(context.Context, conversion.Request) (conversion.Result, error) {
				<-hung
				return conversion.Result{}, nil
			}),
		})
		c.begin(t, "a")
		synctest.Wait()
		begin := time.Now()
		c.Reset(func(service.PartitionKey, string) bool { return true })
		assert.Equal(t, 10*time.Second, time.Since(begin))
		assert.Contains(t, log.String(), "conversions go on after a reset")
		assert.Empty(t, c.statuses())
		close(hung)
		require.NoError(t, c.Close())
	})
}

// A panic and an error that is not one of the service fail the conversion, and free its place.
func TestConverterThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var calls atomic.Int64
		c := newStore(t, Options{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Storage: converterFunc(func(context.Context, conversion.Request) (conversion.Result, error) {
				switch calls.Add(1) % 4 {
				case 1:
					panic("of the converter")
				case 2:
					return conversion.Result{}, errors.New("disk full")
				case 3:
					return conversion.Result{}, fmt.Errorf("wrapped: %w",
						conversion.Fail(conversion.InputContainerAccessDenied, errors.New("cause")))
				}
				return conversion.Result{}, nil
			}),
		})
		codes := make(map[string]int)
		for i := range 12 {
			c.begin(t, fmt.Sprint(i))
			synctest.Wait()
		}
		for _, each := range c.All(nil) {
			if each.Conversion.Error != nil {
				codes[each.Conversion.Error.Code]++
				assert.NotContains(t, each.Conversion.Error.Message, "disk full")
			} else {
				assert.Equal(t, "https://a.example/out/box.arrAsset", each.Conversion.OutputAssetURL)
			}
		}
		assert.Equal(t, map[string]int{"InternalServerError": 6, "InputContainerAccessDenied": 3}, codes)
		for _, text := range []string{"the converter panicked: of the converter", "disk full", "cause"} {
			assert.Contains(t, log.String(), text)
		}
		require.NoError(t, c.Close())
	})
}

// Times holds in storage too: a conversion is not shown as Running before, nor as ended.
func TestConversionsInStorageTakeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newStore(t, Options{
			Storage: untilReleased(closedChannel()),
			Times:   func() (_, _ time.Duration) { return time.Minute, time.Minute },
		})
		c.begin(t, "a")
		synctest.Wait()
		assert.Equal(t, counts{"NotStarted": 1}, c.statuses())
		time.Sleep(time.Minute)
		assert.Equal(t, counts{"Running": 1}, c.statuses())
		_, err := c.clock.Move(clock.Move{Advance: time.Minute})
		require.NoError(t, err)
		assert.Equal(t, counts{"Succeeded": 1}, c.statuses())
		require.NoError(t, c.Close())
	})
}

func closedChannel() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

// The conversion outlives the request that began it.
func TestConversionsOutliveTheirRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := newStore(t, Options{Storage: untilReleased(release)})
		ctx, cancel := context.WithCancel(t.Context())
		_, created, err := c.Create(ctx, in, inStorage("a"))
		require.NoError(t, err)
		require.True(t, created)
		cancel()
		synctest.Wait()
		assert.Equal(t, counts{"Running": 1}, c.statuses())
		close(release)
		synctest.Wait()
		assert.Equal(t, counts{"Succeeded": 1}, c.statuses())
		require.NoError(t, c.Close())
	})
}

func TestNothingOfConversionsLeaks(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for range 20 {
		c := newStore(t, Options{Storage: untilReleased(nil)})
		for i := range 20 {
			c.begin(t, fmt.Sprint(i))
		}
		require.NoError(t, c.Close())
	}
}

// Faults that decide what happens to a conversion keep storage untouched.
func TestFaultsKeepStorageUntouched(t *testing.T) {
	c := newStore(t, Options{Storage: converterFunc(
		func(context.Context, conversion.Request) (conversion.Result, error) {
			t.Error("the converter was called")
			return conversion.Result{}, nil
		})})
	for i, fault := range []Fault{Fails, MissingAsset, Cancelled, Never} {
		ctx := WithFault(t.Context(), fault)
		_, created, err := c.Create(ctx, in, inStorage(fmt.Sprint(i)))
		require.NoError(t, err)
		require.True(t, created)
	}
	assert.Equal(t, counts{"Failed": 2, "Cancelled": 1, "Running": 1}, c.statuses())
	require.NoError(t, c.Close())
}
