// SPDX-License-Identifier: MIT

package emulator_test

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/arr-go/azremoterendering/emulator"
)

const (
	inputWithSAS = `"storageContainerUri":"https://a.example/in",` +
		`"storageContainerReadListSas":"?sv=1&sig=secret-r"`
	outputWithSAS = `"storageContainerUri":"https://a.example/out",` +
		`"storageContainerWriteSas":"sv=1&sig=secret-w"`
	box = `{"settings":{"inputLocation":{` + inputWithSAS + `,"blobPrefix":"Input",` +
		`"relativeInputAssetPath":"models/box.fbx"},"outputLocation":{` + outputWithSAS + `,"blobPrefix":"Output"}}}`
	boxSettings = `"settings":{"inputLocation":{"storageContainerUri":"https://a.example/in","blobPrefix":"Input/",` +
		`"relativeInputAssetPath":"models/box.fbx"},"outputLocation":{"storageContainerUri":"https://a.example/out",` +
		`"blobPrefix":"Output/","outputAssetFilename":"box.arrAsset"}}`
	boxOutput = `"output":{"outputAssetUri":"https://a.example/out/Output/box.arrAsset"}`
)

// instead returns box with a part replaced.
func instead(old, with string) string { return strings.Replace(box, old, with, 1) }

// takes is a minute of NotStarted, and two of Running.
var takes = emulator.ConversionOptions{Times: emulator.FixedConversion(time.Minute, 2*time.Minute)}

// everyConversionOperation is a request of each operation on conversions, for one with id c.
var everyConversionOperation = []struct{ name, method, path, body string }{
	{"create", http.MethodPut, "conversions/c", box},
	{"get", http.MethodGet, "conversions/c", ""},
	{"list", http.MethodGet, "conversions", ""},
}

// conversionShows checks the answer to a get of conversion c.
func (w *walker) conversionShows(rest string) {
	w.t.Helper()
	assert.Equal(w.t, `{"id":"c","creationTime":UTC,`+rest+`}`,
		shape(w.want(200, "GET", "conversions/c", "").body))
}

// conversionFails checks that a body is accepted, and that the conversion fails.
func (w *walker) conversionFails(id, body, code, message string) {
	w.t.Helper()
	created := w.want(201, "PUT", "conversions/"+id, body).body
	assert.Contains(w.t, created, `"error":null,"status":"NotStarted"}`)
	assert.Contains(w.t, w.want(200, "GET", "conversions/"+id, "").body,
		`"error":{"code":"`+code+`","message":"`+message+`"},"status":"Failed"}`)
}

const missingAsset = "Could not find the asset file in the storage account. Please make sure all paths and " +
	"names are correct and the file is uploaded to storage."

var conversionRows = []row{
	{
		"states, members and their order", emulator.Options{Conversions: takes},
		func(w *walker) {
			r := w.want(201, "PUT", "conversions/c", box)
			assert.Equal(w.t, `{"id":"c","creationTime":UTC,`+boxSettings+`,"error":null,"status":"NotStarted"}`,
				shape(r.body))
			w.conversionShows(boxSettings + `,"error":null,"status":"NotStarted"`)
			time.Sleep(time.Minute)
			w.conversionShows(boxSettings + `,"error":null,"status":"Running"`)
			time.Sleep(2*time.Minute - time.Nanosecond)
			w.conversionShows(boxSettings + `,"error":null,"status":"Running"`)
			time.Sleep(time.Nanosecond)
			w.conversionShows(boxSettings + `,` + boxOutput + `,"error":null,"status":"Succeeded"`)
		},
	},
	{"creationTime has up to seven digits and no zeros at the end", emulator.Options{}, func(w *walker) {
		for i, want := range []string{"00Z", "00.1Z", "00.1000001Z", "00.100001Z"} {
			id := fmt.Sprint("conversions/", i)
			assert.Contains(w.t, w.want(201, "PUT", id, box).body, `"creationTime":"2000-01-01T00:00:`+want+`"`)
			time.Sleep([]time.Duration{100 * time.Millisecond, 100, 900, 0}[i])
		}
	}},
	{"only given members are shown", emulator.Options{}, func(w *walker) {
		body := strings.NewReplacer(`,"blobPrefix":"Input"`, "", `,"blobPrefix":"Output"`,
			`,"outputAssetFilename":"house no. 1.arrAsset","blobPrefix":null`,
			"https://a.example/out", "https://a.example/out/").Replace(box)
		w.want(201, "PUT", "conversions/c", body)
		w.conversionShows(`"settings":{"inputLocation":{"storageContainerUri":"https://a.example/in",` +
			`"relativeInputAssetPath":"models/box.fbx"},` +
			`"outputLocation":{"storageContainerUri":"https://a.example/out/",` +
			`"outputAssetFilename":"house no. 1.arrAsset"}},` +
			`"output":{"outputAssetUri":"https://a.example/out/house%20no.%201.arrAsset"},` +
			`"error":null,"status":"Succeeded"`)
	}},
	{"headers per operation", emulator.Options{}, func(w *walker) {
		usual := []string{
			"Api-Supported-Versions", "Content-Length", "Content-Type", "Date", "Ms-Cv", "X-Content-Type-Options",
		}
		for _, o := range everyConversionOperation {
			want := usual
			if o.name == "get" {
				want = []string{
					"Api-Supported-Versions", "Cache-Control", "Content-Length", "Content-Type", "Date", "Ms-Cv",
					"Pragma", "X-Content-Type-Options",
				}
			}
			assert.Equal(w.t, want, w.ask(o.method, o.path, o.body).names(), o.name)
		}
	}},
	{"a repeated create is answered with 200, whatever its signatures", emulator.Options{}, func(w *walker) {
		w.want(201, "PUT", "conversions/c", box)
		w.want(200, "PUT", "conversions/c", box)
		w.want(200, "PUT", "conversions/c", instead("secret-w", "renewed"))
		w.want(200, "PUT", "conversions/c", instead(`"Input"`, `"Input/"`))
		r := w.want(200, "PUT", "conversions/c", instead(`"Output"`, `"Output","outputAssetFilename":"box.arrAsset"`))
		assert.Contains(w.t, r.body, `"status":"Succeeded"`)
	}},
	{"409 create with other settings", emulator.Options{}, func(w *walker) {
		w.want(201, "PUT", "conversions/c", box)
		for _, body := range []string{
			instead("a.example/in", "a.example/other"), instead("Input", "input"), instead("box.fbx", "box.glb"),
			instead("a.example/out", "a.example/other"), instead(`,"blobPrefix":"Output"`, ""),
			instead(`"Output"`, `"Output","outputAssetFilename":"other.arrAsset"`),
		} {
			w.refused(409, "Conflict", "A resource already exists under the given ID.", "PUT", "conversions/c", body)
		}
	}},
	{"400 create", emulator.Options{}, func(w *walker) {
		for body, message := range map[string]string{
			``:                                  "the body is not JSON",
			`{}`:                                "the settings value is required",
			`{"settings":1}`:                    "the settings value must be an object, with each member once",
			`{"settings":{}}`:                   "the inputLocation value is required",
			`{"settings":{"inputLocation":{}}}`: "the outputLocation value is required",
			instead(`"https://a.example/in"`, "null"): "the storageContainerUri value is required",
			instead(`"https://a.example/in"`, "1"):    "the storageContainerUri value must be a string",
			instead(`"models/box.fbx"`, `""`):         "the relativeInputAssetPath value is required",
			instead(`"Output"`, `"Output","outputAssetFilename":"box.fbx"`): "the outputAssetFilename value " +
				"must end in .arrAsset",
			instead("a.example/out", "a.example/out?sig=secret"): "the storageContainerUri value must be an address " +
				"without a query; a SAS belongs into a member of its own",
			instead("box.fbx", "box.fbx?sig=secret"): "the relativeInputAssetPath value contains the signature " +
				"of a SAS; a SAS belongs into a member of its own",
			instead("a.example/in", "u:secret@a.example/in"): "the storageContainerUri value must be an address " +
				"without a query; a SAS belongs into a member of its own",
		} {
			w.refused(400, "BadRequest", "The request was malformed: "+message+".", "PUT", "conversions/c", body)
		}
		w.refused(400, "BadRequest",
			"The conversion ID must consist of 1 to 256 characters of A-Z, a-z, 0-9, '-' and '_'.",
			"PUT", "conversions/a%20b", box)
		assert.Equal(w.t, 404, w.ask("GET", "conversions/c", "").status)
	}},
	{"403 create without SAS on storage that is not linked", emulator.Options{}, func(w *walker) {
		const message = "Error accessing connected storage account due to insufficient permissions. " +
			"Check if the Mixed Reality resource has correct permissions assigned. " +
			"Documentation on how to link Remote Rendering Accounts to storage can be found here: " +
			"https://docs.microsoft.com/azure/remote-rendering/how-tos/create-an-account#link-storage-accounts."
		for _, body := range []string{
			instead(`"storageContainerReadListSas":"?sv=1&sig=secret-r",`, ""),
			instead(`"?sv=1&sig=secret-r"`, "null"), instead(`"sv=1&sig=secret-w"`, `"?"`),
		} {
			w.refused(403, "DelegatedResourceAccessError", message, "PUT", "conversions/c", body)
		}
		assert.Equal(w.t, 404, w.ask("GET", "conversions/c", "").status)
	}},
	{
		"linked storage needs no SAS",
		emulator.Options{Conversions: emulator.ConversionOptions{
			Linked: func(url string) bool { return url != "https://a.example/other" },
		}},
		func(w *walker) {
			body := strings.NewReplacer(`"storageContainerReadListSas":"?sv=1&sig=secret-r",`, "",
				`"storageContainerWriteSas":"sv=1&sig=secret-w",`, "").Replace(box)
			w.want(201, "PUT", "conversions/c", body)
			w.want(403, "PUT", "conversions/d", strings.Replace(body, "a.example/out", "a.example/other", 1))
		},
	},
	{"a missing asset is created and fails", emulator.Options{}, func(w *walker) {
		w.conversionFails("c", instead("box.fbx", "boxWhichDoesNotExist.fbx"), "InputContainerError", missingAsset)
		w.conversionFails("d", instead(`"https://a.example/in"`, `"storagetest01"`), "InternalServerError",
			"An internal error occurred while processing the conversion.")
	}},
	{
		"a missing asset until September 2022",
		emulator.Options{Decisions: emulator.Decisions{Vintage: emulator.Vintage2021}},
		func(w *walker) {
			w.conversionFails("c", instead("box.fbx", "boxWhichDoesNotExist.fbx"), "ConversionProcessFailed",
				"Invalid input provided. Check logs in output container for details.")
		},
	},
	{
		"options say which assets exist",
		emulator.Options{Conversions: emulator.ConversionOptions{
			AssetExists: func(url, path string) bool { return url+path == "https://a.example/inInput/other.fbx" },
		}},
		func(w *walker) {
			w.conversionFails("c", box, "InputContainerError", missingAsset)
			w.want(201, "PUT", "conversions/d", instead("models/box", "other"))
			assert.Contains(w.t, w.want(200, "GET", "conversions/d", "").body, `"status":"Succeeded"`)
		},
	},
	{"404 get of an unknown id, without a body", emulator.Options{}, func(w *walker) {
		assert.Empty(w.t, w.want(404, "GET", "conversions/c", "").body)
		w.want(201, "PUT", "conversions/c", box)
		assert.Equal(w.t, 404, w.ask("GET", "conversions/C", "").status, "ids are case sensitive")
		assert.Equal(w.t, 404, w.ask("GET", "sessions/c", "").status, "a session is another thing")
		for _, method := range []string{"DELETE", "PATCH", "POST"} {
			assert.Equal(w.t, "GET, PUT", w.want(405, method, "conversions/c", "").header.Get("Allow"))
		}
	}},
	{
		"retention is 30 days from the creation", emulator.Options{TokenLifetime: 31 * 24 * time.Hour},
		func(w *walker) {
			w.want(201, "PUT", "conversions/c", box)
			time.Sleep(30*24*time.Hour - time.Nanosecond)
			w.want(200, "GET", "conversions/c", "")
			time.Sleep(time.Nanosecond)
			assert.Equal(w.t, `{"conversions":[],"@nextLink":null}`, w.want(200, "GET", "conversions", "").body)
			w.want(404, "GET", "conversions/c", "")
			w.want(201, "PUT", "conversions/c", instead("box", "other"))
		},
	},
	{
		"a list has all states, oldest first, and a next link that may be null",
		emulator.Options{Conversions: takes, Decisions: emulator.Decisions{PageSize: 2}},
		func(w *walker) {
			w.want(201, "PUT", "conversions/z", box)
			w.want(201, "PUT", "conversions/x", instead("box", "DoesNotExist"))
			time.Sleep(time.Hour)
			w.want(201, "PUT", "conversions/y", box)
			first := w.want(200, "GET", "conversions", "")
			assert.Regexp(w.t, `^\{"conversions":\[\{"id":"z".*"Succeeded"\},\{"id":"x".*"Failed"\}\],`+
				`"@nextLink":"`, first.body)
			_, link, _ := strings.Cut(strings.TrimSuffix(first.body, `"}`), `"@nextLink":"`)
			assert.Regexp(w.t, `^\{"conversions":\[\{"id":"y"[^[]*"NotStarted"\}\],"@nextLink":null\}$`,
				w.want(200, "GET", link, "").body)
			w.refused(400, "BadRequest", "The skiptoken value is not one that this service has given.",
				"GET", "conversions"+apiVersion+"&skiptoken=x", "")
		},
	},
	{"a page holds 50", emulator.Options{}, func(w *walker) {
		for i := range 50 {
			w.want(201, "PUT", fmt.Sprint("conversions/", i), box)
		}
		body := w.want(200, "GET", "conversions", "").body
		assert.Equal(w.t, 50, strings.Count(body, `"id"`))
		assert.True(w.t, strings.HasSuffix(body, `,"@nextLink":null}`))
	}},
	{"each account and region has its own", account(emulator.AccountOptions{ID: otherID}), func(w *walker) {
		w.want(201, "PUT", "conversions/c", box)
		for _, host := range []string{"eastus", "westus2"} {
			r := w.ask("GET", "https://remoterendering."+host+".mixedreality.azure.com/accounts/"+otherID+
				"/conversions", "")
			assert.Equal(w.t, `{"conversions":[],"@nextLink":null}`, r.body)
		}
	}},
	{"401 and 429 as for sessions", emulator.Options{
		RateLimit: emulator.RateLimit{Requests: 2},
	}, func(w *walker) {
		for _, o := range everyConversionOperation {
			r := w.send(o.method, o.path, o.body, http.Header{"Authorization": {"Bearer nonsense"}})
			assert.Equal(w.t, 401, r.status, o.name)
			assert.Equal(w.t, `Bearer error="invalid_token"`, r.header.Get("Www-Authenticate"))
			assert.Empty(w.t, r.body)
		}
		w.want(200, "GET", "sessions", "")
		w.want(200, "GET", "conversions", "")
		for _, o := range everyConversionOperation {
			r := w.want(429, o.method, o.path, o.body)
			assert.Equal(w.t, "60", r.header.Get("Retry-After"))
			assert.Empty(w.t, r.body)
		}
	}},
}
