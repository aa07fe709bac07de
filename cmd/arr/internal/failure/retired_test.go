// SPDX-License-Identifier: MIT

package failure

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	arr "github.com/arr-go/azremoterendering"
)

func TestAnUnreachableHostOfTheHostedServiceIsToldToBeRetired(t *testing.T) {
	to := func(address string, err error) error { return &url.Error{Op: "Get", URL: address, Err: err} }
	noHost := func(name string) error { return &net.DNSError{Name: name, IsNotFound: true} }
	wrong := x509.HostnameError{Certificate: &x509.Certificate{}, Host: "x"}
	refused := &net.OpError{Op: "dial", Err: errors.New("connection refused")}
	const hosted = "https://remoterendering.westeurope.mixedreality.azure.com/accounts/a/sessions"
	for name, test := range map[string]struct {
		err  error
		want bool
	}{
		"an unknown host":              {fmt.Errorf("list: %w", noHost("sts.westeurope.mixedreality.azure.com")), true},
		"an unknown host, absolute":    {noHost("Sts.MixedReality.Azure.com."), true},
		"a refused connection":         {to(hosted, refused), true},
		"a connection that times out":  {to(hosted, context.DeadlineExceeded), true},
		"a certificate of another":     {to(hosted, wrong), true},
		"another host":                 {noHost("arr.example.com"), false},
		"a host that looks like one":   {noHost("mixedreality.azure.com.example.com"), false},
		"another address":              {to("https://arr.example.com", refused), false},
		"the host of a proxy":          {to(hosted, noHost("proxy.example.com")), false},
		"what the user has ended":      {to(hosted, context.Canceled), false},
		"what the service has refused": {&arr.ServiceError{StatusCode: 503}, false},
	} {
		t.Run(name, func(t *testing.T) {
			var told strings.Builder
			Report(&told, test.err, "arr")
			tells := strings.Contains(told.String(), "retired the hosted service on 30 September 2025")
			assert.Equal(t, test.want, tells, told.String())
			if test.want {
				assert.Contains(t, told.String(), "arr emulator")
				assert.Contains(t, told.String(), "--endpoint")
			}
		})
	}
}
