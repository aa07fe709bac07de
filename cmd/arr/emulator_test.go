// SPDX-License-Identifier: MIT

package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/internal/connect"
)

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
		connection{Connection: connect.Connection{
			Endpoint:      c.Endpoint,
			STSEndpoint:   c.Endpoint,
			AccountID:     emulator.DevelopmentAccountID,
			AccountKey:    c.AccountKey,
			AccountDomain: "westeurope.mixedreality.azure.com",
		}},
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

func TestSecondSignalEndsAtOnce(t *testing.T) {
	p, c := startEmulator(t, nil)
	connection, err := net.DialTimeout("tcp", net.JoinHostPort("127.0.0.1", portOf(t, c)), patience)
	require.NoError(t, err)
	defer connection.Close()
	_, err = fmt.Fprintf(
		connection,
		"PUT /accounts/%s/sessions/a?api-version=2021-01-01 HTTP/1.1\r\nHost: localhost\r\n"+
			"Authorization: Bearer %s\r\nContent-Length: 44\r\nExpect: 100-continue\r\n\r\n",
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
	assert.Equal(t, 128+int(syscall.SIGTERM), p.wait(), "as of a program that the signal ended")
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
