// SPDX-License-Identifier: MIT

package emulator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion"
)

func TestAdminStateShowsConversions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true, Conversions: takes})
		begin := time.Now()
		s.convert("first")
		s.inject(emulator.Fault{Name: "broken", Conversion: emulator.ConversionFails})
		time.Sleep(90 * time.Second)
		s.convert("second")
		time.Sleep(90 * time.Second)
		s.convert("third")
		time.Sleep(30 * time.Second)
		s.conversion("third")
		r := s.admin("GET", "/state", "")
		require.Equal(t, http.StatusOK, r.status, r.body)
		var state struct {
			Conversions []struct {
				Account, Region           string
				Conversion                json.RawMessage
				Since, StartedAt, EndedAt time.Time
			}
			Requests []struct{ Operation, Session, Conversion string }
		}
		require.NoError(t, json.Unmarshal([]byte(r.body), &state), r.body)
		var lines []string
		for _, c := range state.Conversions {
			assert.Equal(t, s.Account().ID, c.Account)
			assert.Equal(t, "westeurope", c.Region)
			var shown struct {
				ID, Status string
				Error      struct{ Code string }
			}
			require.NoError(t, json.Unmarshal(c.Conversion, &shown))
			lines = append(lines, strings.Join(strings.Fields(fmt.Sprint(
				shown.ID, " ", shown.Status, " ", shown.Error.Code,
				offset(begin, " since", c.Since), offset(begin, " started", c.StartedAt),
				offset(begin, " ended", c.EndedAt))), " "))
			asClientsSee := s.conversion(shown.ID).body
			assert.Equal(t, asClientsSee, string(c.Conversion))
		}
		assert.Equal(t, []string{
			"first Succeeded since 3m0s started 1m0s ended 3m0s",
			"second Running since 2m30s started 2m30s",
			"third NotStarted since 3m0s",
		}, lines)
		var requests []string
		for _, each := range state.Requests[1:] {
			requests = append(requests, each.Operation+" "+each.Conversion+each.Session)
		}
		assert.Equal(t, []string{
			"CreateConversion first", "CreateConversion second", "CreateConversion third", "GetConversion third",
		}, requests)
		page := s.send("GET", "http://localhost/", "", nil).body
		for _, text := range []string{
			`<b data-count="conversions">3</b> conversions`, "<h3>second</h3>",
			`>NotStarted</span>`, `>Running</span>`, `>Succeeded</span>`,
			"https://a.example/in/Input/models/box.fbx", "→ https://a.example/out/Output/box.arrAsset",
			`title="third">third<`,
		} {
			assert.Contains(t, page, text)
		}
		s.create("a", standard5)
		assert.Contains(t, s.admin("GET", "/state", "").body, `"session":"a"`)
	})
}

func offset(begin time.Time, what string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return fmt.Sprint(what, " ", t.Sub(begin))
}

// A conversion is forgotten 30 days after its creation, on the page too.
func TestPageForgetsConversions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := start(t, emulator.Options{Admin: true, Retention: time.Hour})
		s.convert("old")
		time.Sleep(time.Hour - 1)
		assert.Contains(t, s.admin("GET", "/state", "").body, `"id":"old"`)
		time.Sleep(time.Nanosecond)
		assert.Contains(t, s.admin("GET", "/state", "").body, `"conversions":[]`)
	})
}

// talkative is a converter that says the signatures it was given wherever it can.
type talkative struct{}

func (talkative) Convert(_ context.Context, r conversion.Request) (conversion.Result, error) {
	switch {
	case strings.Contains(r.Asset, "error"):
		return conversion.Result{}, fmt.Errorf("GET %s?%s: %w", r.Input.ContainerURL, r.Input.SAS,
			errors.New("and ?x=1&sig=of-another"))
	case strings.Contains(r.Asset, "message"):
		return conversion.Result{}, &conversion.Error{
			Code: "Odd", Message: "it said " + r.Output.SAS + " and secret/r+", Cause: errors.New(r.Input.SAS),
		}
	case strings.Contains(r.Asset, "panic"):
		panic(fmt.Sprintf("%+v %s", r, r.Output.SAS))
	}
	return conversion.Result{AssetURL: r.Output.ContainerURL + "/x.arrAsset?" + r.Output.SAS}, nil
}

// TestNoSignatureIsShown has every place where the emulator shows something.
func TestNoSignatureIsShown(t *testing.T) {
	const read, write = "sv=2021&sp=rl&sig=secret%2Fr%2B", "?sv=2021&sp=w&sig=secret-w-secret"
	body := func(asset string) string {
		return `{"settings":{"inputLocation":{"storageContainerUri":"https://a.example/in",` +
			`"storageContainerReadListSas":"` + read + `","relativeInputAssetPath":"` + asset + `"},` +
			`"outputLocation":{"storageContainerUri":"https://a.example/out","storageContainerWriteSas":"` + write +
			`"}}}`
	}
	for _, storage := range []conversion.Converter{nil, talkative{}} {
		synctest.Test(t, func(t *testing.T) {
			var log bytes.Buffer
			s := start(t, emulator.Options{
				Admin: true, Storage: storage,
				Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			})
			shown := []string{}
			for _, asset := range []string{"box.glb", "error.glb", "message.glb", "panic.glb", "DoesNotExist.glb"} {
				path := s.conversions() + "/" + strings.TrimSuffix(asset, ".glb") + apiVersion
				shown = append(shown, s.call("PUT", path, body(asset)).body)
				synctest.Wait()
				shown = append(shown, s.call("PUT", path, body(asset)).body, s.call("GET", path, "").body,
					s.call("PUT", path, body("other.glb")).body)
			}
			refused := s.call("PUT", s.conversions()+"/sig"+apiVersion, body("box.glb?"+read))
			assert.Equal(t, http.StatusBadRequest, refused.status)
			refused = s.call("PUT", s.conversions()+"/sig"+apiVersion, body("box.glb%3Fsig%3Dsecret"))
			assert.Equal(t, http.StatusBadRequest, refused.status)
			refused = s.call("PUT", s.conversions()+"/sig"+apiVersion, body("box.glb%253Fsig%253Dsecret"))
			assert.Equal(t, http.StatusBadRequest, refused.status)
			s.call("GET", s.conversions()+"/"+strings.TrimPrefix(write, "?")+apiVersion, "")
			s.call("GET", s.conversions()+"/a"+apiVersion+"&"+read, "")
			requests := s.admin("GET", "/requests", "").body
			assert.Contains(t, requests, `"conversion":"error"`)
			shown = append(shown, requests, refused.body, s.listConversions().body, s.admin("GET", "/state", "").body,
				s.send("GET", "http://localhost/", "", nil).body, log.String(),
				fmt.Sprintf("%v %+v %#v", storage, storage, storage))
			for _, text := range shown {
				assert.NotContains(t, text, "secret")
				assert.NotContains(t, text, "of-another")
			}
			assert.Contains(t, shown[len(shown)-4], `"DoesNotExist"`, "the state shows the conversions")
			require.NoError(t, s.Close())
		})
	}
}
