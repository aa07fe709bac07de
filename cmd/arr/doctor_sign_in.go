// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/spf13/cobra"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/config"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
	"github.com/arr-go/azremoterendering/internal/text"
)

// checkClientArguments returns the error of the client about the settings, such as an account id
// that is none.
func checkClientArguments(cmd *cobra.Command, target config.Target) error {
	options, err := clientOptions(cmd, target)
	if err != nil {
		return err
	}
	key := azcore.NewKeyCredential("unused")
	if target.SignIn == config.SignInToken {
		token, err := arr.NewStaticAccessToken(target.Secret)
		if err == nil {
			_, err = arr.NewSessionsClientWithAccessToken(target.Endpoint, target.Account.ID, token, options)
		}
		return err
	}
	_, err = arr.NewSessionsClientWithKeyCredential(target.Endpoint, target.Account, key, options)
	return err
}

// signIn checks the credential, the token exchange, and each rendering endpoint.
func (d *doctor) signIn(ctx context.Context, svc *service) {
	sts, _ := url.Parse(tokenService(svc.target)) // the settings were checked
	if svc.target.SignIn != config.SignInToken && d.unreachable[sts.Host] {
		for _, step := range []string{"sign-in", "token-exchange", "list"} {
			d.report(check{
				Check: step, Status: checkSkipped, Detail: "because the token service cannot be reached",
			})
		}
		return
	}
	if svc.SessionsClient == nil && !d.connect(svc) { //nolint:contextcheck // the command has its own
		return
	}
	if !d.exchange(ctx, svc) {
		d.report(check{Check: "list", Status: checkSkipped, Detail: "because there is no access token"})
		return
	}
	for _, client := range svc.regions.Clients() {
		d.list(ctx, client)
	}
}

// connect makes the client. It reports false if there is no credential.
func (d *doctor) connect(svc *service) bool {
	svc.target.Retries = 0 // each failure is worth knowing
	connect, err := signIn(d.cmd, svc.target)
	if err == nil {
		svc.SessionsClient, err = connect(svc.target)
	}
	if err == nil {
		svc.regions, err = svc.InRegions(svc.target.WithFallback()...)
	}
	if err != nil {
		c := check{Check: "sign-in"}
		if _, advised := errors.AsType[*failure.Advised](err); !advised && svc.target.SignIn == config.SignInKey {
			c.Cure = "Put the account key, and nothing else, where it is read from: " +
				d.values.Source(svc.target.Credential) + "."
		}
		d.fail(c, inSettings(err, d.values))
		for _, step := range []string{"token-exchange", "list"} {
			d.report(check{Check: step, Status: checkSkipped, Detail: "because there is no credential"})
		}
	}
	return err == nil
}

// exchange gets an access token.
func (d *doctor) exchange(ctx context.Context, svc *service) bool {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	began := time.Now()
	token, err := svc.AccessToken(ctx, nil)
	refusal, ok := errors.AsType[*arr.AuthenticationError](err)
	if ok && refusal.Stage != arr.StageTokenExchange {
		c := check{Check: "sign-in"}
		if svc.target.SignIn == config.SignInAzureCLI {
			c.Cure = "Install the Azure CLI if it is missing, and run: az login."
		}
		d.fail(c, err)
		d.report(check{Check: "token-exchange", Status: checkSkipped, Detail: "because the sign-in failed"})
		return false
	}
	d.report(check{Check: "sign-in", Status: checkOK, Detail: d.credential(svc.target)})
	c := check{Check: "token-exchange", Milliseconds: float64(time.Since(began).Microseconds()) / 1000}
	if err != nil {
		d.fail(d.refusedExchange(c, refusal), err)
		return false
	}
	c.Status, c.Detail = checkOK, "an access token until "+token.ExpiresOn.UTC().Format(time.RFC3339)
	if svc.target.SignIn == config.SignInToken {
		c.Status, c.Detail = checkSkipped, "not needed with an access token"
	}
	d.report(c)
	return true
}

// refusedExchange names the settings that a refusal is about. The service does not say which of
// them is wrong; an emulator does.
func (d *doctor) refusedExchange(c check, refusal *arr.AuthenticationError) check {
	if refusal == nil {
		return c
	}
	c.Host = refusal.Host
	if refusal.StatusCode != http.StatusUnauthorized {
		return c
	}
	var sources []string
	for _, names := range [][]config.Name{
		{config.AccountID}, {config.AccountDomain, config.STSEndpoint},
		{config.AccountKey, config.KeyFile, config.KeyStdin, config.Keyring},
	} {
		if source := d.values.Source(names...); source != "" {
			sources = append(sources, source)
		}
	}
	c.Detail = "401 Unauthorized: the token service knows no such account, or the key is not its key"
	if d.values.Source(config.AccountKey, config.KeyFile, config.KeyStdin, config.Keyring) == "" {
		c.Detail = "401 Unauthorized: the token service knows no such account, or the identity has no role on it"
	}
	if answer, ok := errors.AsType[*azcore.ResponseError](refusal); ok && answer.RawResponse != nil {
		if hint := answer.RawResponse.Header.Get("X-Emulator-Hint"); hint != "" {
			c.Detail += ". The emulator says: " + text.OneLine(hint)
		}
	}
	if len(sources) > 0 {
		c.Cure = "Compare with the account in the Azure portal: " + joinWords(sources) + "."
	}
	return c
}

// credential says what there is to sign in with.
func (d *doctor) credential(target config.Target) string {
	switch target.SignIn {
	case config.SignInKey:
		return "a key from " + d.values.Source(target.Credential)
	case config.SignInToken:
		return "an access token from " + d.values.Source(config.AccessToken)
	case "":
		return "the key of the emulator"
	default:
		return "Microsoft Entra: " + string(target.SignIn)
	}
}

// list lists the sessions of one endpoint.
func (d *doctor) list(ctx context.Context, client *arr.SessionsClient) {
	ctx, cancel := context.WithTimeout(ctx, doctorTimeout)
	defer cancel()
	host := strings.TrimPrefix(strings.TrimPrefix(client.Endpoint(), "https://"), "http://")
	if d.unreachable[host] {
		d.report(check{
			Check: "list", Host: host, Status: checkSkipped,
			Detail: fmt.Sprintf("because %s cannot be reached", host),
		})
		return
	}
	began := time.Now()
	pager := client.NewListPager(nil)
	page, err := pager.NextPage(ctx)
	c := check{
		Check: "list", Host: host,
		Milliseconds: float64(time.Since(began).Microseconds()) / 1000,
	}
	if err != nil {
		d.fail(c, failure.WithSignal(ctx, err))
		return
	}
	sessions := fmt.Sprintf("%d sessions", len(page.Sessions))
	switch {
	case pager.More():
		sessions += " or more"
	case len(page.Sessions) == 1:
		sessions = "1 session"
	}
	c.Status, c.Detail = checkOK, fmt.Sprintf("%s at %s", sessions, host)
	d.report(c)
}

// joinWords makes "a, b and c".
func joinWords(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " and " + words[len(words)-1]
}
