// SPDX-License-Identifier: MIT

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
)

// findService returns a client of the service that the environment names, or else of an emulator in
// this process. The emulator works on the storage, if there is one.
func findService(out io.Writer, store *store) (client *arr.ConversionsClient, closeService func(), err error) {
	if endpoint := os.Getenv("ARR_ENDPOINT"); endpoint != "" {
		client, err = fromEnvironment(endpoint)
		return client, func() {}, err
	}
	options := emulator.Options{Conversions: emulator.ConversionOptions{
		Linked: func(string) bool { return true },
		Times:  emulator.FixedConversion(time.Second, 2*time.Second),
	}}
	if store.input != nil {
		options.Storage = blobconverter.New(blobconverter.Options{})
	}
	e, err := emulator.New(options)
	if err != nil {
		return nil, nil, err
	}
	fmt.Fprintln(out, "No ARR_ENDPOINT is set, so this is the emulator: nothing renders the result")
	sessions, err := e.SessionsClient(nil)
	if err != nil {
		return nil, nil, err
	}
	return sessions.NewConversionsClient(), func() { _ = e.Close() }, nil
}

func fromEnvironment(endpoint string) (*arr.ConversionsClient, error) {
	account := arr.Account{ID: os.Getenv("ARR_ACCOUNT_ID"), Domain: os.Getenv("ARR_ACCOUNT_DOMAIN")}
	key := os.Getenv("ARR_ACCOUNT_KEY")
	if key == "" {
		return nil, errors.New("ARR_ENDPOINT is set, so ARR_ACCOUNT_KEY must be too")
	}
	options := &arr.ConversionsClientOptions{STSEndpoint: os.Getenv("ARR_STS_ENDPOINT")}
	// Who names an http address means it: an emulator on this machine, with a key that opens nothing
	// else.
	options.InsecureAllowCredentialWithHTTP = strings.HasPrefix(endpoint, "http://")
	return arr.NewConversionsClientWithKeyCredential(endpoint, account, azcore.NewKeyCredential(key), options)
}
