// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/emulator"
)

// trusting returns an HTTP client that trusts the certificate in a file and finds every host on
// this machine, as with a hosts file.
func trusting(t *testing.T, caFile string) *http.Client {
	t.Helper()
	certificate, err := os.ReadFile(caFile)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(certificate))
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool},
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			_, port, err := net.SplitHostPort(address)
			if err != nil {
				return nil, err
			}
			return new(net.Dialer).DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port))
		},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

// portOf returns the port of the endpoint, which must not accept connections after the end.
func portOf(t *testing.T, c connection) string {
	t.Helper()
	endpoint, err := url.Parse(c.Endpoint)
	require.NoError(t, err)
	return endpoint.Port()
}

func requireClosed(t *testing.T, port string) {
	t.Helper()
	_, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", port), patience)
	require.Error(t, err)
}

func TestHTTP(t *testing.T) {
	p, c := startEmulator(t, nil)
	assert.Regexp(t, `^http://127\.0\.0\.1:[0-9]+$`, c.Endpoint)
	assert.Equal(
		t,
		connection{
			Endpoint:      c.Endpoint,
			STSEndpoint:   c.Endpoint,
			AccountID:     emulator.DefaultAccountID,
			AccountKey:    c.AccountKey,
			AccountDomain: "westeurope.mixedreality.azure.com",
		},
		c,
	)
	create(t, c.client(t, nil))
	port := portOf(t, c)
	p.stop()
	requireClosed(t, port)
	rest, err := io.ReadAll(p.stdout)
	require.NoError(t, err)
	assert.Empty(t, rest, "one line and no more")
}

func TestTLS(t *testing.T) {
	p, c := startEmulator(t, nil, "--tls", "--ca-dir", t.TempDir())
	assert.Regexp(t, `^https://127\.0\.0\.1:[0-9]+$`, c.Endpoint)
	assert.Equal(t, c.Endpoint, c.STSEndpoint)
	create(t, c.client(t, trusting(t, c.CAFile)))
	p.stop()
	requireClosed(t, portOf(t, c))
}

func TestTLSWithDomain(t *testing.T) {
	folder := t.TempDir()
	plain, withoutDomain := startEmulator(t, nil, "--tls", "--ca-dir", folder)
	plain.stop()
	before, err := os.ReadFile(withoutDomain.CAFile)
	require.NoError(t, err)

	p, c := startEmulator(
		t,
		nil,
		"--tls",
		"--ca-dir",
		folder,
		"--domain",
		"arr.test",
		"--region",
		"eastus",
	)
	port := portOf(t, c)
	assert.Equal(
		t,
		connection{
			Endpoint:      "https://remoterendering.eastus.arr.test:" + port,
			STSEndpoint:   "https://sts.arr.test:" + port,
			AccountID:     c.AccountID,
			AccountKey:    c.AccountKey,
			AccountDomain: "arr.test",
			CAFile:        withoutDomain.CAFile,
		},
		c,
	)
	after, err := os.ReadFile(c.CAFile)
	require.NoError(t, err)
	assert.Equal(t, before, after, "trust in the first one lasts")
	assert.Contains(t, create(t, c.client(t, trusting(t, c.CAFile))).Hostname, ".eastus.")
	p.stop()
}

func TestTLSWithoutDomainTakesAnyAuthority(t *testing.T) {
	folder := t.TempDir()
	p, first := startEmulator(t, nil, "--tls", "--ca-dir", folder, "--domain", "other.test")
	p.stop()
	p, second := startEmulator(t, nil, "--tls", "--ca-dir", folder)
	assert.Equal(t, first.CAFile, second.CAFile)
	p.stop()
}

func TestAuthorityIsKeptInTheConfigurationFolder(t *testing.T) {
	home := t.TempDir()
	p, c := startEmulator(t, []string{"HOME=" + home, "XDG_CONFIG_HOME="}, "--tls")
	assert.True(t, strings.HasPrefix(c.CAFile, home), c.CAFile)
	assert.Contains(t, c.CAFile, "/arr-emulator/")
	p.stop()
}

func TestHTTPSURLLeavesTheDefaultPortOut(t *testing.T) {
	assert.Equal(t, "https://sts.arr.test", httpsURL("sts.arr.test", "443"))
	assert.Equal(t, "https://sts.arr.test", httpsURL("sts.arr.test", ""))
	assert.Equal(t, "https://sts.arr.test:8443", httpsURL("sts.arr.test", "8443"))
}

func TestText(t *testing.T) {
	p := start(
		t,
		[]string{keyVariable + "=a&<key>"},
		"emulator",
		"--listen",
		"localhost:0",
		"--tls",
		"--domain",
		"arr.test",
	)
	var text strings.Builder
	for !strings.Contains(text.String(), "Ctrl-C") {
		line, err := p.stdout.ReadString('\n')
		require.NoError(t, err, p.stderr)
		text.WriteString(line)
	}
	for _, part := range []string{
		"endpoint         https://remoterendering.westeurope.arr.test:",
		"STS endpoint     https://sts.arr.test:",
		"account id       " + emulator.DefaultAccountID + "\n",
		"account key      a&<key>\n",
		"account domain   arr.test\n",
		"CA certificate   /",
		"127.0.0.1 sts.arr.test remoterendering.westeurope.arr.test",
		"docs/tls.md",
		"--env-file",
		"Nothing renders",
		"Watch it in a browser:  https://127.0.0.1:",
	} {
		assert.Contains(t, text.String(), part)
	}
	p.signal(os.Interrupt)
	assert.Equal(t, failure.OK, p.wait())
}

func TestAccountKey(t *testing.T) {
	p, c := startEmulator(t, []string{keyVariable + "=from<&>environment"})
	assert.Equal(t, "from<&>environment", c.AccountKey)
	create(t, c.client(t, nil))
	p.stop()
	p, c = startEmulator(
		t,
		[]string{keyVariable + "=from-environment"},
		"--account-key",
		"from-flag",
		"--account-id",
		"11111111-2222-3333-4444-555555555555",
	)
	assert.Equal(t, "from-flag", c.AccountKey)
	assert.Equal(t, "11111111-2222-3333-4444-555555555555", c.AccountID)
	p.stop()
}

func TestLogHoldsNoSecret(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		p, c := startEmulator(
			t,
			[]string{keyVariable + "=the-secret-key"},
			"--log-level",
			"debug",
			"--log-format",
			format,
		)
		client := c.client(t, nil)
		session := create(t, client)
		token, err := client.AccessToken(t.Context(), nil)
		require.NoError(t, err)
		wrong := c
		wrong.AccountKey = "another-secret-key"
		_, err = wrong.client(t, nil).Get(t.Context(), session.ID, nil)
		require.ErrorIs(t, err, arr.ErrUnauthorized)
		p.stop()
		log := p.stderr.String()
		for _, part := range []string{"CreateSession", "GetSession", session.ID, "201", "401"} {
			assert.Contains(t, log, part)
		}
		for _, secret := range []string{"secret-key", token.Token, strings.Split(token.Token, ".")[2]} {
			assert.NotContains(t, log, secret)
		}
	}
}

func TestLogLevel(t *testing.T) {
	p, c := startEmulator(t, nil, "--log-level", "error")
	create(t, c.client(t, nil))
	p.stop()
	assert.Empty(t, p.stderr.String())

	p = start(t, nil, "emulator", "--listen", ":0", "--output", "json", "--log-level", "error")
	assert.Regexp(t, `^http://127\.0\.0\.1:`, p.connection().Endpoint)
	p.stop()
	assert.Contains(
		t,
		p.stderr.String(),
		"WARNING: keys and tokens cross the network unencrypted",
		"whatever the level",
	)

	p = start(t, nil, "emulator", "--listen", ":0", "--output", "json", "--tls")
	p.connection()
	p.stop()
	assert.Contains(t, p.stderr.String(), "give --domain")
}

func TestExec(t *testing.T) {
	// A second emulator is a program that listens on a port.
	program := fmt.Sprintf("'%s' emulator --listen 127.0.0.1:{port}", os.Getenv(binaryVariable))
	p, c := startEmulator(t, nil, "--exec", program)
	session := create(t, c.client(t, nil))
	assert.Equal(t, "127.0.0.1", session.Hostname)
	port := fmt.Sprint(session.HandshakePort)
	connection, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", port), patience)
	require.NoError(t, err)
	require.NoError(t, connection.Close())
	p.stop()
	requireClosed(t, port)
	assert.Contains(
		t,
		p.stderr.String(),
		"accepts connections",
		"what the program writes is in the log",
	)
}

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p, c := startEmulator(t, nil)
	connection, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", portOf(t, c)), patience)
	require.NoError(t, err)
	defer connection.Close()
	_, err = fmt.Fprintf(
		connection,
		"PUT /accounts/%s/sessions/a?api-version=2021-01-01 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n"+
			"Content-Length: 44\r\nExpect: 100-continue\r\n\r\n",
		c.AccountID,
		accessToken(t, c),
	)
	require.NoError(t, err)
	line, err := bufio.NewReader(connection).ReadString('\n')
	require.NoError(t, err)
	require.Contains(t, line, "100 Continue", "the graceful end waits for the body")

	p.signal(syscall.SIGTERM)
	require.Eventually(
		t,
		func() bool { return strings.Contains(p.stderr.String(), "msg=end") },
		patience,
		time.Millisecond,
	)
	select {
	case <-p.ended:
		require.FailNow(t, "it did not wait")
	case <-time.After(200 * time.Millisecond):
	}
	p.signal(syscall.SIGTERM)
	assert.Equal(t, -1, p.wait(), "ended by the signal")
}

func accessToken(t *testing.T, c connection) string {
	t.Helper()
	tokens, err := arr.NewTokenClientWithKeyCredential(
		arr.Account{ID: c.AccountID},
		azcore.NewKeyCredential(c.AccountKey),
		&arr.TokenClientOptions{
			ClientOptions: azcore.ClientOptions{
				InsecureAllowCredentialWithHTTP: true,
			},
			Endpoint: c.STSEndpoint,
		},
	)
	require.NoError(t, err)
	token, err := tokens.GetToken(t.Context(), policy.TokenRequestOptions{})
	require.NoError(t, err)
	return token.Token
}

func TestDelaysDoNotHoldUpTheEnd(t *testing.T) {
	p, c := startEmulator(t, nil, "--fault", "delay=1h")
	go func() {
		if response, err := http.Get(
			c.Endpoint + "/Accounts/" + c.AccountID + "/token",
		); err == nil {
			_ = response.Body.Close()
		}
	}()
	require.Eventually(t, func() bool {
		response, err := http.Get(c.Endpoint + "/_emulator/faults")
		require.NoError(t, err)
		defer response.Body.Close()
		faults, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return strings.Contains(string(faults), `"matched":1`)
	}, patience, 10*time.Millisecond, "the request has arrived")
	start := time.Now()
	p.stop()
	assert.Less(
		t,
		time.Since(start),
		4*time.Second,
		"the graceful end has 5 s for requests that go on",
	)
}

// faultStatus asks for an access token, without authorization.
func faultStatus(t *testing.T, c connection) int {
	t.Helper()
	response, err := http.Get(c.Endpoint + "/Accounts/" + c.AccountID + "/token")
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	return response.StatusCode
}

func TestFaults(t *testing.T) {
	p, c := startEmulator(
		t,
		nil,
		"--fault",
		"operation=token status=503 count=1",
		"--fault",
		"operation=token,status=429,retry-after=7s,count=1",
	)
	assert.Equal(
		t,
		[]int{503, 429, 401},
		[]int{faultStatus(t, c), faultStatus(t, c), faultStatus(t, c)},
	)
	p.stop()
	assert.Contains(t, p.stderr.String(), `faults="[`)

	var draws [2][]int
	for i := range draws {
		_, c := startEmulator(
			t,
			nil,
			"--fault",
			"operation=token status=500 probability=0.5",
			"--seed",
			"7",
		)
		for range 30 {
			draws[i] = append(draws[i], faultStatus(t, c))
		}
	}
	assert.Equal(t, draws[0], draws[1], "the seed decides")
}

func TestAdministrativePathIsOpenOnLoopbackOnly(t *testing.T) {
	for _, test := range []struct {
		args   []string
		open   bool
		warned bool
	}{
		{[]string{"--listen", "127.0.0.1:0"}, true, false},
		{[]string{"--listen", "127.0.0.1:0", "--admin=false"}, false, false},
		{[]string{"--listen", "127.0.0.1:0", "--admin"}, true, false},
		{[]string{"--listen", "0.0.0.0:0"}, false, false},
		{[]string{"--listen", ":0", "--admin"}, true, true},
	} {
		p := start(t, nil, append([]string{"emulator", "--output", "json"}, test.args...)...)
		c := p.connection()
		response, err := http.Get(c.Endpoint + "/_emulator/faults")
		require.NoError(t, err)
		require.NoError(t, response.Body.Close())
		assert.Equal(
			t,
			test.open,
			response.StatusCode == http.StatusOK,
			"%v: %d",
			test.args,
			response.StatusCode,
		)
		p.stop()
		assert.Equal(
			t,
			test.warned,
			strings.Contains(p.stderr.String(), "inject faults"),
			test.args,
		)
	}
}

func TestOptionsReachTheEmulator(t *testing.T) {
	_, c := startEmulator(
		t,
		nil,
		"--capacity",
		"Premium=0",
		"--page-size",
		"1",
		"--token-lifetime",
		"90s",
		"--startup-time",
		"1ms-2ms",
	)
	client := c.client(t, nil)
	create(t, client)
	create(t, client)
	settings := arr.CreateSessionSettings{
		Size:         arr.SessionSizePremium,
		MaxLeaseTime: 10 * time.Minute,
	}
	poller, err := client.BeginCreate(t.Context(), "premium", settings, nil)
	require.NoError(t, err)
	_, err = poller.PollUntilDone(
		t.Context(),
		&arr.PollUntilDoneOptions{Frequency: 10 * time.Millisecond},
	)
	require.ErrorContains(t, err, "CapacityExceeded")
	pages := 0
	for pager := client.NewListPager(nil); pager.More(); pages++ {
		page, err := pager.NextPage(t.Context())
		require.NoError(t, err)
		assert.LessOrEqual(t, len(page.Sessions), 1)
	}
	assert.GreaterOrEqual(t, pages, 2)
	token, err := client.AccessToken(t.Context(), nil)
	require.NoError(t, err)
	assert.WithinDuration(t, time.Now().Add(90*time.Second), token.ExpiresOn, patience)

	_, c = startEmulator(t, nil, "--rate-limit", "1/1h")
	client = c.client(t, nil)
	_, err = client.Get(t.Context(), "nobody", nil)
	require.ErrorIs(t, err, arr.ErrNotFound)
	_, err = client.Get(t.Context(), "nobody", nil)
	require.ErrorIs(t, err, arr.ErrThrottled)
}

func TestFailures(t *testing.T) {
	_, c := startEmulator(t, nil)
	taken := "127.0.0.1:" + portOf(t, c)
	file := t.TempDir() + "/file"
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := t.TempDir()
	require.NoError(t, os.Chmod(open, 0o777))
	domains := t.TempDir()
	_, err := emulator.OpenAuthority(domains, "arr.test")
	require.NoError(t, err)
	for _, test := range []struct {
		args []string
		want []string
	}{
		{[]string{"--listen", taken}, []string{taken, "in use", "--listen 127.0.0.1:0"}},
		{[]string{"--listen", taken, "--tls"}, []string{taken, "in use", "--listen 127.0.0.1:0"}},
		{[]string{"--tls", "--ca-dir", file}, []string{file, "--ca-dir"}},
		{[]string{"--tls", "--ca-dir", file + "/below"}, []string{file, "--ca-dir"}},
		{[]string{"--tls", "--ca-dir", open}, []string{open, "--ca-dir"}},
		{[]string{"--tls", "--ca-dir", domains, "--domain", "other.test"}, []string{"arr.test", "other.test", "--ca-dir"}},
		{[]string{"--env-file", file + "/below"}, []string{"--env-file", "hoose another path"}},
		{[]string{"--env-file", open + "/nowhere/arr.env"}, []string{"--env-file", "make it"}},
		{[]string{"--env-file", open}, []string{"--env-file", "not a regular file"}},
		{[]string{"--env-file", "/dev/null"}, []string{"--env-file", "not a regular file"}},
	} {
		if runtime.GOOS == "windows" && test.args[len(test.args)-1] == open {
			continue // there, the mode of a folder says nothing
		}
		args := append([]string{"emulator", "--listen", "127.0.0.1:0"}, test.args...)
		code, stdout, stderr := runOnce(t, args...)
		assert.Equal(t, failure.Other, code, args)
		assert.Empty(t, stdout, args)
		for _, want := range test.want {
			assert.Contains(t, stderr, want, args)
		}
		assert.NotContains(t, stderr, "Usage:", args)
		assert.True(t, strings.HasPrefix(stderr, "arr: "), stderr)
	}
}
