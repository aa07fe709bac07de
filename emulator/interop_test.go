// SPDX-License-Identifier: MIT

//go:build interop

package emulator_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

const (
	interopTimeout      = 3 * time.Minute
	interopStartup      = 2 * time.Second
	interopNotStarted   = 150 * time.Millisecond
	interopRunning      = 350 * time.Millisecond
	interopDomain       = "arr.test"
	interopProgram      = "testdata/interop/client.py"
	interopRequirements = "testdata/interop/requirements.txt"
)

// interopCase is one way to reach the emulator, in one spelling of absent values.
type interopCase struct {
	name   string
	absent emulator.AbsentValues
	// host is that of the address given to the client for both services. Empty means that it uses
	// the names of the service below interopDomain, and that of the token service which it makes
	// from the account domain.
	host string
}

// TestInteropPython runs the official client for Python, unchanged, against the emulator over TLS.
// The client trusts the authority's certificate by REQUESTS_CA_BUNDLE, as a user would make it.
// Every step of the client is a test of its own.
//
// The client is installed from PyPI into a virtual environment below the user's cache folder, once
// for each content of the requirements file and each Python.
func TestInteropPython(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), interopTimeout)
	t.Cleanup(cancel)
	python := pythonWithClient(ctx, t)
	for _, c := range []interopCase{
		{name: "address", host: "127.0.0.1"},
		{name: "localhost and nulls", host: "localhost", absent: emulator.AbsentNull},
		{name: "names"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			run := c.run(ctx, t, python)
			taken := make([]string, len(run.outcomes))
			for i, o := range run.outcomes {
				taken[i] = o.Step
			}
			var wanted []string
			for _, e := range run.expectations() {
				wanted = append(wanted, e.step)
				t.Run(e.step, func(t *testing.T) {
					i := slices.Index(taken, e.step)
					require.GreaterOrEqual(t, i, 0, "the program did not take this step")
					e.check(t, run.outcomes[i])
				})
			}
			assert.Equal(t, wanted, taken, "the steps that are tested, and those that were taken")
		})
	}
}

// interopRun is what came of a run of the program.
type interopRun struct {
	interopCase
	sts       string // address of the token service
	rendering string // and of the session service
	started   time.Time
	outcomes  []interopOutcome
}

// interopOutcome is one line of the program's output.
type interopOutcome struct {
	Step     string
	Statuses []int // of the answers to the call itself
	Result   json.RawMessage
	Raised   *interopError
}

type interopError struct {
	Type, Text    string
	Status        int
	Code, Message string
	URL           string // of the request that failed
}

// pySession is a session as the Python client shows it. Nil is None.
type pySession struct {
	ID, Size, Status string
	CreatedOn        time.Time `json:"created_on"`
	Lease            int       `json:"lease_time_minutes"`
	Elapsed          *float64  `json:"elapsed_time_minutes"`
	Hostname         *string
	HandshakePort    *float64 `json:"handshake_port"`
	ArrInspectorPort *float64 `json:"arr_inspector_port"`
	Teraflops        *float64
	Error            *struct{ Code, Message string }
}

// run starts an emulator and runs the program against it.
func (c interopCase) run(ctx context.Context, t *testing.T, python string) *interopRun {
	t.Helper()
	e, err := emulator.New(emulator.Options{
		Domain:         interopDomain,
		AcceptIdentity: emulator.AcceptAnyIdentity("https://sts." + interopDomain),
		SigningKey:     testkit.SigningKey(),
		StartupTime:    emulator.FixedStartup(interopStartup),
		Capacity: func(_ azremoterendering.Region, size azremoterendering.SessionSize) int {
			if size == azremoterendering.SessionSizePremium {
				return 0
			}
			return -1
		},
		Conversions: emulator.ConversionOptions{
			Times: emulator.FixedConversion(interopNotStarted, interopRunning),
		},
		Decisions: emulator.Decisions{AbsentValues: c.absent, PageSize: 2},
		Logger:    slog.New(slog.NewTextHandler(t.Output(), nil)),
	})
	require.NoError(t, err)
	authority, err := emulator.OpenAuthority(filepath.Join(t.TempDir(), "authority"), interopDomain)
	require.NoError(t, err)
	server, err := e.ListenTLS("127.0.0.1:0", authority.TLSConfig())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Close()) })

	address, err := url.Parse(server.URL)
	require.NoError(t, err)
	port := ":" + address.Port()
	run := &interopRun{interopCase: c, started: time.Now()}
	config := map[string]string{
		"accountId":    e.Account().ID,
		"key":          e.Key(),
		"secondaryKey": e.SecondaryKey(),
		"identity":     entraToken(),
	}
	if c.host != "" {
		run.sts, run.rendering = "https://"+c.host+port, "https://"+c.host+port
		config["stsEndpoint"] = run.sts
		config["accountDomain"] = e.Account().Domain
	} else {
		run.sts, run.rendering = "https://sts."+interopDomain+port, "https://remoterendering.westeurope."+
			interopDomain+port
		config["namesBelow"] = interopDomain
		config["accountDomain"] = e.Account().Domain + port
		config["regionalDomain"] = "northeurope." + interopDomain + port
		config["otherEndpoint"] = "https://remoterendering.northeurope." + interopDomain + port
	}
	config["endpoint"] = run.rendering
	input, err := json.Marshal(config)
	require.NoError(t, err)

	// -I: whatever the user has set up for Python
	command := exec.CommandContext(ctx, python, "-I", interopProgram)
	command.Env = append(
		withoutProxies(os.Environ()),
		"REQUESTS_CA_BUNDLE="+authority.CertificateFile(),
	)
	command.Stdin = bytes.NewReader(input)
	var problems bytes.Buffer
	command.Stderr = &problems
	output, err := command.Output()
	require.NoErrorf(t, err, "the program failed (%v):\n%s\n%s", ctx.Err(), output, &problems)
	for line := range strings.Lines(string(output)) {
		var o interopOutcome
		require.NoError(t, json.Unmarshal([]byte(line), &o), line)
		run.outcomes = append(run.outcomes, o)
	}
	if problems.Len() > 0 {
		t.Logf("standard error of the program:\n%s", &problems)
	}
	return run
}

// entraToken returns a token as of Microsoft Entra, with claims that are spelled with - and _. The
// emulator verifies no signature.
func entraToken() string {
	claims, _ := json.Marshal(map[string]any{
		"aud":  "https://sts.mixedreality.azure.com/",
		"exp":  time.Now().Add(time.Hour).Unix(),
		"name": "ÿþý ÿÿÿ",
	})
	encode := base64.RawURLEncoding.EncodeToString
	return encode([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + encode(claims) + ".-_-_"
}

// withoutProxies returns the environment for a program that only talks to this machine.
func withoutProxies(environment []string) []string {
	return slices.DeleteFunc(environment, func(assignment string) bool {
		name, _, _ := strings.Cut(assignment, "=")
		return strings.HasSuffix(strings.ToLower(name), "_proxy") ||
			strings.EqualFold(name, "CURL_CA_BUNDLE")
	})
}

// pyWanted is what a session must be like. Without a region it has no server, without teraflops it
// never had one.
type pyWanted struct {
	id, size, status string
	lease            int
	region           string
	teraflops        float64
	code             string // of its error
}

type interopExpectation struct {
	step  string
	check func(*testing.T, interopOutcome)
}

// expectations returns what must be the result of each step, in their order.
func (r *interopRun) expectations() []interopExpectation {
	ready := pyWanted{"interop_1-A", "Standard", "Ready", 4, "westeurope", 10.6, ""}
	updated, stopped, elsewhere := ready, ready, ready
	updated.lease, stopped.lease = 5, 5
	stopped.status, stopped.region = "Stopped", ""
	elsewhere.region = "northeurope"
	const (
		status  = "HttpResponseError"
		missing = "ResourceNotFoundError"
		exists  = "ResourceExistsError"
		denied  = "ClientAuthenticationError"
	)
	sessions, token := r.rendering+"/accounts/", r.sts+"/Accounts/"

	all := []interopExpectation{
		{"create", returns("Starting", 201)},
		{"wait", r.shows(ready)},
		{"get", r.shows(ready, 200)},
		{"resume", r.shows(ready)},
		{"update", r.shows(updated, 200)},
		{"get updated", r.shows(updated, 200)},
		{"list", lists([]int{200}, ready.id)},
		{"repeat", returns("Ready", 200)},
		{"wait for repeated", r.shows(updated)},
		{"conflict", raises(exists, 409, "Conflict", "", sessions)},
		{"shorten", raises(status, 422, "UnprocessableEntity", "", sessions)},
		{"stop", returns(nil, 204)},
		{"get stopped", r.shows(stopped, 200)},
		{"update stopped", raises(status, 422, "UnprocessableEntity", "", sessions)},
		{"stop stopped", returns(nil, 204)},
		{"list nothing", lists([]int{200})},

		{
			"negative lease",
			raises(
				status,
				400,
				"BadRequest",
				"The maxLeaseTimeMinutes value cannot be negative.",
				sessions,
			),
		},
		{
			"unknown size",
			raises(status, 400, "BadRequest", "Can't specify this VM size: Tiny", sessions),
		},
		{"malformed id", raises(status, 400, "BadRequest", "", sessions)},
		{"get unknown", raises(missing, 404, "", "", sessions)},
		{"update unknown", raises(missing, 404, "", "", sessions)},
		{"stop unknown", raises(missing, 404, "", "", sessions)},
		{"create without capacity", returns("Starting", 201)},
		// no answer with an error, but a session
		{"wait without capacity", raises(status, 0, "CapacityExceeded", "", "")},
		{
			"get without capacity",
			r.shows(pyWanted{"premium", "Premium", "Error", 4, "", 0, "CapacityExceeded"}, 200),
		},
		{"create to stop", returns("Starting", 201)},
		{"stop starting", returns(nil, 204)},
		{
			"get stopped while starting",
			r.shows(pyWanted{"short", "Standard", "Stopped", 4, "", 0, ""}, 200),
		},
	}
	many := []string{"many-1", "many-2", "many-3", "many-4", "many-5"}
	for i := range many {
		all = append(
			all,
			interopExpectation{fmt.Sprintf("create %d", i+1), returns("Starting", 201)},
		)
	}
	all = append(
		all,
		interopExpectation{
			"list pages",
			returns([][]string{many[:2], many[2:4], many[4:]}, 200, 200, 200),
		},
		interopExpectation{"list all", lists([]int{200, 200, 200}, many...)},
	)
	for i := range many {
		all = append(all, interopExpectation{fmt.Sprintf("stop %d", i+1), returns(nil, 204)})
	}
	all = append(all, r.conversionExpectations("sync")...)
	all = append(all, r.conversionExpectations("async")...)
	all = append(all, []interopExpectation{
		{"secondary key", lists([]int{200})},
		{"wrong key", raises(denied, 401, "", "", token)},
		{"unknown account", raises(denied, 401, "", "", token)},
		{"identity", lists([]int{200})},
		{"identity scopes", returns([]string{r.sts + "/.default"})},
		{"wrong identity", raises(denied, 401, "", "", token)},
		{"token", r.issues},
		{"token use", lists([]int{200})},
		{"token damage", raises(status, 401, "", "", sessions)},
	}...)
	if r.host == "" {
		other := strings.Replace(sessions, ready.region, elsewhere.region, 1)
		all = append(all, []interopExpectation{
			{"get in other region", raises(missing, 404, "", "", other)},
			{"create in other region", returns("Starting", 201)},
			{"wait in other region", r.shows(elsewhere)},
			{"list by regional domain", lists([]int{200})},
		}...)
	}
	return all
}
