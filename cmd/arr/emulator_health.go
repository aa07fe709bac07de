// SPDX-License-Identifier: MIT

package main

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/failure"
)

const healthTimeout = 3 * time.Second

func newEmulatorHealthCommand() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:   "health",
		Short: "Ask whether an emulator is ready",
		Long: `Ask an emulator whether it accepts requests, for the health check of a container.

Exit codes: 0 if it is ready, 1 if it is not, 2 for a mistake in the command line. The certificate of
an https address is not checked, because nothing secret is sent.`,
		Example: `  arr emulator health
  arr emulator health --url https://127.0.0.1:443`,
		Args:              takesNoArguments,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return checkHealth(cmd, address)
		},
	}
	cmd.Flags().StringVar(&address, "url", "http://"+defaultAddress, "`URL` of the emulator")
	return cmd
}

func checkHealth(cmd *cobra.Command, address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usagef("--url %q is not an address such as http://%s", address, defaultAddress)
	}
	req, err := http.NewRequestWithContext(
		cmd.Context(), http.MethodGet, u.JoinPath("/readyz").String(), nil)
	if err != nil {
		return err
	}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, //nolint:gosec // see the help
	}
	defer transport.CloseIdleConnections()
	client := http.Client{
		Transport:     transport,
		Timeout:       healthTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err == nil {
		err = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s answered %s", req.URL, resp.Status)
		}
	}
	if err != nil {
		return &failure.Advised{
			Err:    fmt.Errorf("the emulator is not ready: %w", err),
			Advice: "Start it with arr emulator, or give its address with --url.",
		}
	}
	_, err = fmt.Fprintln(cmd.OutOrStdout(), "ready")
	return err
}
