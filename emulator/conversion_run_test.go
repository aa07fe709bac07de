// SPDX-License-Identifier: MIT

package emulator

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/internal/conversions"
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

func (e *Emulator) begin(t *testing.T, id string) {
	t.Helper()
	_, created, err := e.conversions.Create(t.Context(), e.home, inStorage(id))
	require.NoError(t, err)
	require.True(t, created)
}

// statuses returns how many conversions are in each state.
func (e *Emulator) statuses() map[azremoterendering.ConversionStatus]int {
	counts := make(map[azremoterendering.ConversionStatus]int)
	for _, c := range e.state().Conversions {
		counts[c.Conversion.Status]++
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
		e := newEmulator(t, Options{Storage: untilReleased(release)})
		defer func() { assert.NoError(t, e.Close()) }()
		for i := range 10 {
			e.begin(t, fmt.Sprint(i))
		}
		for _, want := range []counts{
			{"Running": 4, "NotStarted": 6},
			{"Running": 4, "NotStarted": 5, "Succeeded": 1},
			{"Running": 4, "NotStarted": 4, "Succeeded": 2},
		} {
			synctest.Wait()
			assert.Equal(t, want, e.statuses())
			release <- struct{}{}
		}
		close(release)
		synctest.Wait()
		assert.Equal(t, counts{"Succeeded": 10}, e.statuses())
	})
}

// What runs ends as Failed, what waits too, and nothing new begins.
func TestCloseEndsConversions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Options{Storage: untilReleased(nil)})
		for i := range 6 {
			e.begin(t, fmt.Sprint(i))
		}
		synctest.Wait()
		begin := time.Now()
		require.NoError(t, e.Close())
		assert.Zero(t, time.Since(begin))
		assert.Equal(t, counts{"Failed": 6}, e.statuses())
		for _, c := range e.state().Conversions {
			assert.Equal(t, "InternalServerError", c.Conversion.Error.Code)
		}
		_, created, err := e.conversions.Create(t.Context(), e.home, inStorage("new"))
		require.ErrorContains(t, err, "emulator: closed")
		assert.False(t, created)
		path := "https://host/accounts/" + DevelopmentAccountID + "/conversions/new?api-version=2021-01-01"
		assert.Equal(t, http.StatusInternalServerError, ask(t, e, "PUT", path, `{"settings":{
			"inputLocation":{"storageContainerUri":"https://a.example/in",
				"storageContainerReadListSas":"sig=r","relativeInputAssetPath":"x"},
			"outputLocation":{"storageContainerUri":"https://a.example/out",
				"storageContainerWriteSas":"sig=w"}}}`).Code)
	})
}

// A converter that ignores its context keeps Close for 10 seconds, and no longer.
func TestCloseGivesUpOnAConverterThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hung := make(chan struct{})
		e := newEmulator(t, Options{Storage: converterFunc(
			func(context.Context, conversion.Request) (conversion.Result, error) {
				<-hung
				return conversion.Result{}, nil
			})})
		e.begin(t, "a")
		synctest.Wait()
		begin := time.Now()
		err := e.Close()
		require.ErrorContains(t, err, "conversions go on 10s after their context ended")
		assert.Equal(t, 10*time.Second, time.Since(begin))
		assert.Equal(t, err, e.Close(), "again")
		close(hung) // or else this goroutine is found to leak
		synctest.Wait()
		assert.Equal(t, counts{"Succeeded": 1}, e.statuses())
	})
}

// A reset waits for such a converter as long.
func TestResetGivesUpOnAConverterThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		hung := make(chan struct{})
		e := newEmulator(t, Options{
			Logger: slog.New(slog.NewTextHandler(&log, nil)),
			Storage: converterFunc(func(context.Context, conversion.Request) (conversion.Result, error) {
				<-hung
				return conversion.Result{}, nil
			}),
		})
		e.begin(t, "a")
		synctest.Wait()
		begin := time.Now()
		e.conversions.Reset(Scope{}.includes)
		assert.Equal(t, 10*time.Second, time.Since(begin))
		assert.Contains(t, log.String(), "conversions go on after a reset")
		assert.Empty(t, e.statuses())
		close(hung)
		require.NoError(t, e.Close())
	})
}

// A panic and an error that is not one of the service fail the conversion, and free its place.
func TestConverterThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var calls atomic.Int64
		e := newEmulator(t, Options{
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
			e.begin(t, fmt.Sprint(i))
			synctest.Wait()
		}
		for _, c := range e.state().Conversions {
			if c.Conversion.Error != nil {
				codes[c.Conversion.Error.Code]++
				assert.NotContains(t, c.Conversion.Error.Message, "disk full")
			} else {
				assert.Equal(t, "https://a.example/out/box.arrAsset", c.Conversion.OutputAssetURL)
			}
		}
		assert.Equal(t, map[string]int{"InternalServerError": 6, "InputContainerAccessDenied": 3}, codes)
		for _, text := range []string{"the converter panicked: of the converter", "disk full", "cause"} {
			assert.Contains(t, log.String(), text)
		}
		require.NoError(t, e.Close())
	})
}

// Times holds in storage too: a conversion is not shown as Running before, nor as ended.
func TestConversionsInStorageTakeTheirTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEmulator(t, Options{
			Storage:     untilReleased(closedChannel()),
			Conversions: ConversionOptions{Times: FixedConversion(time.Minute, time.Minute)},
		})
		e.begin(t, "a")
		synctest.Wait()
		assert.Equal(t, counts{"NotStarted": 1}, e.statuses())
		time.Sleep(time.Minute)
		assert.Equal(t, counts{"Running": 1}, e.statuses())
		e.Clock().Advance(time.Minute)
		assert.Equal(t, counts{"Succeeded": 1}, e.statuses())
		require.NoError(t, e.Close())
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
		e := newEmulator(t, Options{Storage: untilReleased(release)})
		ctx, cancel := context.WithCancel(t.Context())
		_, created, err := e.conversions.Create(ctx, e.home, inStorage("a"))
		require.NoError(t, err)
		require.True(t, created)
		cancel()
		synctest.Wait()
		assert.Equal(t, counts{"Running": 1}, e.statuses())
		close(release)
		synctest.Wait()
		assert.Equal(t, counts{"Succeeded": 1}, e.statuses())
		require.NoError(t, e.Close())
	})
}

func TestNothingOfConversionsLeaks(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	for range 20 {
		e := newEmulator(t, Options{Storage: untilReleased(nil)})
		for i := range 20 {
			e.begin(t, fmt.Sprint(i))
		}
		require.NoError(t, e.Close())
	}
}

// Faults that decide what happens to a conversion keep storage untouched.
func TestFaultsKeepStorageUntouched(t *testing.T) {
	e := newEmulator(t, Options{Storage: converterFunc(
		func(context.Context, conversion.Request) (conversion.Result, error) {
			t.Error("the converter was called")
			return conversion.Result{}, nil
		})})
	for i, fault := range []ConversionFault{
		ConversionFails, ConversionMissingAsset, ConversionCancelled, ConversionNever,
	} {
		ctx := conversions.WithFault(t.Context(), conversions.Fault(fault))
		_, created, err := e.conversions.Create(ctx, e.home, inStorage(fmt.Sprint(i)))
		require.NoError(t, err)
		require.True(t, created)
	}
	assert.Equal(t, counts{"Failed": 2, "Cancelled": 1, "Running": 1}, e.statuses())
	require.NoError(t, e.Close())
}
