// SPDX-License-Identifier: MIT

// Package arrcontainer starts the emulator in a container from a test, with Testcontainers. Copy it
// into tests that cannot import package emulator, or that test a program in a container of its own.
// Tests in Go that can import it need no container.
package arrcontainer

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator"
)

// Emulator is the emulator in a container.
type Emulator struct {
	testcontainers.Container
	URL string // of the session service and of the token service
}

// Run starts the emulator from an image, and returns when it answers.
func Run(ctx context.Context, image string) (*Emulator, error) {
	host, err := hostOfPorts(ctx)
	if err != nil {
		return nil, err
	}
	container, err := testcontainers.Run(ctx, image,
		testcontainers.WithCmd("emulator", "--listen", "0.0.0.0:20210", "--admin",
			"--allow-host", host),
		testcontainers.WithEnv(map[string]string{"ARR_EMULATOR_ACCOUNT_KEY": emulator.DevelopmentKey}),
		testcontainers.WithExposedPorts("20210/tcp"),
		testcontainers.WithWaitStrategy(wait.ForHTTP("/readyz").WithPort("20210/tcp")),
	)
	if err != nil {
		return nil, errors.Join(err, testcontainers.TerminateContainer(container))
	}
	url, err := container.PortEndpoint(ctx, "20210/tcp", "http")
	if err != nil {
		return nil, errors.Join(err, testcontainers.TerminateContainer(container))
	}
	return &Emulator{container, url}, nil
}

// hostOfPorts returns the host at which ports of containers are published: localhost, a remote machine,
// or the address of a gateway if the tests run in a container themselves. The emulator answers for
// hosts that it knows.
func hostOfPorts(ctx context.Context) (string, error) {
	provider, err := testcontainers.ProviderDefault.GetProvider()
	if err != nil {
		return "", err
	}
	defer provider.Close()
	docker, ok := provider.(*testcontainers.DockerProvider)
	if !ok {
		return "localhost", nil
	}
	return docker.DaemonHost(ctx)
}

// Client returns a client of the emulator's account.
func (e *Emulator) Client() (*azremoterendering.SessionsClient, error) {
	account := azremoterendering.Account{ID: emulator.DevelopmentAccountID}
	options := &azremoterendering.SessionsClientOptions{STSEndpoint: e.URL}
	options.InsecureAllowCredentialWithHTTP = true // the key is published
	return azremoterendering.NewSessionsClientWithKeyCredential(
		e.URL, account, azcore.NewKeyCredential(emulator.DevelopmentKey), options)
}

// Advance moves the clock of the emulator.
func (e *Emulator) Advance(ctx context.Context, d time.Duration) error {
	body := strings.NewReader(fmt.Sprintf(`{"advance": %q}`, d))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, e.URL+"/_emulator/clock", body)
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the clock cannot be advanced by %v: %s", d, response.Status)
	}
	return nil
}
