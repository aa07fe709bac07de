// SPDX-License-Identifier: MIT

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/runtime"

	arr "github.com/arr-go/azremoterendering"
)

// flatSession is what somebody would write who has no client.
type flatSession struct {
	ID                  string    `json:"id"`
	CreationTime        time.Time `json:"creationTime"`
	ArrInspectorPort    int       `json:"arrInspectorPort"`
	HandshakePort       int       `json:"handshakePort"`
	ElapsedTimeMinutes  int       `json:"elapsedTimeMinutes"`
	Hostname            string    `json:"hostname"`
	MaxLeaseTimeMinutes int       `json:"maxLeaseTimeMinutes"`
	Size                string    `json:"size"`
	Status              string    `json:"status"`
	Teraflops           float64   `json:"teraflops"`
}

type flatPage struct {
	Sessions []flatSession `json:"sessions"`
}

// newClient returns the client of this project, with an account key.
func newClient(r *running, transport *http.Transport) (*arr.SessionsClient, error) {
	return arr.NewSessionsClientWithKeyCredential(
		r.URL, arr.Account{ID: accountID}, azcore.NewKeyCredential(accountKey),
		&arr.SessionsClientOptions{
			ClientOptions: azcore.ClientOptions{Transport: &http.Client{Transport: transport}},
			STSEndpoint:   r.URL,
		})
}

// pipelineGet returns a function that gets and decodes an address by azcore, without this project:
// bearer token, request id, api version, retries.
func pipelineGet(r *running, transport *http.Transport) (func(context.Context, string, any) error, error) {
	client, err := azcore.NewClient("benchmarks", "v0.1.0", runtime.PipelineOptions{
		APIVersion: runtime.APIVersionOptions{Name: "api-version"},
		PerCall:    []policy.Policy{runtime.NewRequestIDPolicy()},
		PerRetry: []policy.Policy{
			runtime.NewBearerTokenPolicy(&exchange{r, transport}, []string{"scope"}, nil),
		},
	}, &azcore.ClientOptions{
		APIVersion: "2021-01-01",
		Transport:  &http.Client{Transport: transport},
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context, address string, result any) error {
		req, err := runtime.NewRequest(ctx, http.MethodGet, address)
		if err != nil {
			return err
		}
		resp, err := client.Pipeline().Do(req)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		return runtime.UnmarshalAsJSON(resp, result)
	}, nil
}

// exchange exchanges the account key for an access token, as simply as can be.
type exchange struct {
	server    *running
	transport *http.Transport
}

// GetToken implements [azcore.TokenCredential].
func (e *exchange) GetToken(
	ctx context.Context, _ policy.TokenRequestOptions,
) (result azcore.AccessToken, err error) {
	var answer struct{ AccessToken string }
	err = plainGet(ctx, e.transport, e.server.URL+"/Accounts/"+accountID+"/token",
		accountID+":"+accountKey, &answer)
	return azcore.AccessToken{Token: answer.AccessToken, ExpiresOn: time.Now().Add(24 * time.Hour)}, err
}

// plainGet gets and decodes an address by net/http alone.
func plainGet(
	ctx context.Context, transport *http.Transport, address, credential string, result any,
) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"?api-version=2021-01-01", nil)
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+credential)
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("status %d", resp.StatusCode)
	}
	return json.Unmarshal(data, result)
}
