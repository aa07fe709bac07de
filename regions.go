// SPDX-License-Identifier: MIT

package azremoterendering

import (
	"context"
	"errors"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/arr-go/azremoterendering/internal/naming"
)

// Region is an Azure region in which the hosted service ran rendering servers. The methods work for
// other names too.
//
// The regions of an account and of its sessions are independent. An account can use the endpoint of
// every region, and a session runs in the region whose endpoint created it. The service never moves
// a request to another region; to fall back, use another endpoint.
//
// The names come from Microsoft's list of regions for Remote Rendering (reference/regions). The
// hosted service was announced to retire on 30 September 2025.
type Region string

// The regions of the hosted service.
const (
	RegionAustraliaEast  Region = "australiaeast"
	RegionEastUS         Region = "eastus"
	RegionEastUS2        Region = "eastus2"
	RegionJapanEast      Region = "japaneast"
	RegionNorthEurope    Region = "northeurope"
	RegionSouthCentralUS Region = "southcentralus"
	RegionSoutheastAsia  Region = "southeastasia"
	RegionUKSouth        Region = "uksouth"
	RegionWestEurope     Region = "westeurope"
	RegionWestUS2        Region = "westus2"
)

var regions = []Region{
	RegionAustraliaEast,
	RegionEastUS,
	RegionEastUS2,
	RegionJapanEast,
	RegionNorthEurope,
	RegionSouthCentralUS,
	RegionSoutheastAsia,
	RegionUKSouth,
	RegionWestEurope,
	RegionWestUS2,
}

// Regions returns the regions of the hosted service, in alphabetical order.
func Regions() []Region { return slices.Clone(regions) }

// Endpoint returns the rendering endpoint of the region, such as
// "https://remoterendering.westeurope.mixedreality.azure.com".
func (r Region) Endpoint() string { return naming.RenderingEndpoint(string(r)) }

// AccountDomain returns the domain of accounts that were created in the region, such as
// "westeurope.mixedreality.azure.com". For East US 2 it is "mixedreality.azure.com", without a
// region.
func (r Region) AccountDomain() string { return naming.AccountDomain(string(r)) }

// RegionsClient stands for one account in several regions. A session lives in the region that
// created it, and is billed there until it ends. With a RegionsClient, a program
// lists, finds and stops the sessions of all regions that it may have used. Package lease takes a
// RegionsClient wherever it takes a [*SessionsClient].
//
// The order of the clients is the order of preference. A RegionsClient is immutable and safe for
// concurrent use.
type RegionsClient struct {
	clients []*SessionsClient
}

// RegionSession is a session together with the client of the region that it lives in.
type RegionSession struct {
	Session
	// Client is the client to get, update and stop the session with.
	Client *SessionsClient
}

// RegionError says that the requests to one region failed. It unwraps to the error of the client.
type RegionError struct {
	// Endpoint is the rendering endpoint of the region, as [SessionsClient.Endpoint] returns it.
	Endpoint string
	// Err is the failure.
	Err error
}

// Error returns the text of Err, which names the host.
func (e *RegionError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e *RegionError) Unwrap() error { return e.Err }

// InRegions returns a client for several regions of the account of c. Its clients share the options
// and the sign-in of c: there is one access token, and one token exchange, for all of them. No
// request is sent.
//   - endpoints are the rendering endpoints, such as [Region.Endpoint] returns them, in order of
//     preference; that of c is included only if it is named
//
// The error is an [*InvalidArgumentError] if there is no endpoint, one is invalid, or one is given
// twice.
func (c *SessionsClient) InRegions(endpoints ...string) (*RegionsClient, error) {
	clients := make([]*SessionsClient, len(endpoints))
	for i, endpoint := range endpoints {
		address, err := parseRenderingEndpoint(endpoint, &c.options)
		if err != nil {
			return nil, err
		}
		clients[i], err = newClientWithTokens(address, c.accountID, c.tokens, &c.options)
		if err != nil {
			return nil, err
		}
		clients[i].created = c.created
	}
	return NewRegionsClient(clients...)
}

// NewRegionsClient returns a client for several regions of one account. Use
// [SessionsClient.InRegions] to let them share one sign-in. No request is sent.
//   - clients are the clients of the regions, in order of preference
//
// The error is an [*InvalidArgumentError] if there is no client, a client is nil, two have the same
// endpoint, or two have different accounts.
func NewRegionsClient(clients ...*SessionsClient) (*RegionsClient, error) {
	if len(clients) == 0 {
		return nil, invalid("clients", "", "has no client; name at least one region")
	}
	seen := make(map[string]bool)
	for _, c := range clients {
		switch {
		case c == nil:
			return nil, invalid("clients", "", "contains a nil client")
		case !strings.EqualFold(c.accountID, clients[0].accountID):
			return nil, invalid("clients", c.accountID, "is another account than the first client's")
		case seen[c.Endpoint()]:
			return nil, invalid("clients", c.Endpoint(), "is given twice")
		}
		seen[c.Endpoint()] = true
	}
	return &RegionsClient{clients: slices.Clone(clients)}, nil
}

// Clients returns the clients of the regions, in order of preference.
func (r *RegionsClient) Clients() []*SessionsClient { return slices.Clone(r.clients) }

// Clients returns c alone. It lets a SessionsClient be used wherever a [RegionsClient] can be.
func (c *SessionsClient) Clients() []*SessionsClient { return []*SessionsClient{c} }

// Region returns the region that the endpoint names. It is empty if the endpoint is not of the form
// https://remoterendering.<region>.<domain>, as that of an emulator on an IP address.
func (c *SessionsClient) Region() Region { return Region(naming.RegionOf(c.endpoint.Hostname())) }

// All returns the sessions that run in any of the regions. The regions are listed at the same time,
// and their sessions come in the order in which the service answers.
//   - options are optional parameters; nil means the defaults
//
// A region that cannot be listed is one [*RegionError], with a zero RegionSession; the sessions of
// the other regions follow. So an error does not end the loop, unless the caller does. Leaving the
// loop early ends the requests. No goroutine is left when the loop has ended.
func (r *RegionsClient) All(
	ctx context.Context,
	options *ListSessionsOptions,
) iter.Seq2[RegionSession, error] {
	return func(yield func(RegionSession, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		left := make(chan struct{})
		results := make(chan regionResult)
		var regions sync.WaitGroup
		defer regions.Wait()
		defer close(left)
		defer cancel()
		for _, c := range r.clients {
			regions.Go(func() { c.list(ctx, options, results, left) })
		}
		for listing := len(r.clients); listing > 0; {
			switch result := <-results; {
			case result.last:
				listing--
			case !yield(result.session, result.err):
				return
			}
		}
	}
}

// regionResult is what one region contributes to the loop over all of them.
type regionResult struct {
	session RegionSession
	err     error
	last    bool // nothing else comes from this region; session and err are not set
}

// list sends the sessions of one region, and that they have ended, until the loop is left.
func (c *SessionsClient) list(
	ctx context.Context,
	options *ListSessionsOptions,
	results chan<- regionResult,
	left <-chan struct{},
) {
	send := func(result regionResult) bool {
		select {
		case results <- result:
			return true
		case <-left:
			return false
		}
	}
	for session, err := range c.All(ctx, options) {
		result := regionResult{session: RegionSession{Session: session, Client: c}}
		if err != nil {
			result = regionResult{err: &RegionError{Endpoint: c.Endpoint(), Err: err}}
		}
		if !send(result) {
			return
		}
	}
	send(regionResult{last: true})
}

// Find looks a session up in all regions at the same time. A session that has not ended is returned
// as soon as its region answers; of several that have ended, the one of the preferred region.
//   - sessionID is the session to find
//   - options are optional parameters; nil means the defaults
//
// If no region knows the session, the error is that of the preferred region, for which [errors.Is]
// holds with [ErrNotFound]. If the clients have created the session moments ago, and a read does
// not show it yet, that is the error, and [IsTransient]; a session with the id that has ended
// elsewhere does not count then. If no region knows it and some could not be asked, it may live
// there: the error joins a [*RegionError] for each of them, and is not ErrNotFound.
func (r *RegionsClient) Find(
	ctx context.Context,
	sessionID string,
	options *GetSessionOptions,
) (RegionSession, error) {
	if err := checkSessionID(sessionID); err != nil {
		return RegionSession{}, err
	}
	if len(r.clients) == 0 {
		return RegionSession{}, invalid("clients", "", "has no client; use NewRegionsClient")
	}
	type answer struct {
		place    int
		response GetSessionResponse
		err      error
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	answers := make(chan answer, len(r.clients))
	var regions sync.WaitGroup
	defer regions.Wait()
	defer cancel()
	for place, c := range r.clients {
		regions.Go(func() {
			response, err := c.Get(ctx, sessionID, options)
			answers <- answer{place, response, err}
		})
	}
	all := make([]answer, len(r.clients))
	for range r.clients {
		a := <-answers
		if a.err == nil && !a.response.Status.Ended() {
			return RegionSession{Session: a.response.Session, Client: r.clients[a.place]}, nil
		}
		all[a.place] = a
	}
	var failures []error
	for _, a := range all {
		if errors.Is(a.err, ErrNotFound) && IsTransient(a.err) { // its own create is not visible yet
			return RegionSession{}, a.err
		}
	}
	for place, a := range all {
		switch {
		case a.err == nil:
			return RegionSession{Session: a.response.Session, Client: r.clients[place]}, nil
		case !errors.Is(a.err, ErrNotFound):
			failures = append(failures, &RegionError{r.clients[place].Endpoint(), a.err})
		}
	}
	if len(failures) > 0 {
		return RegionSession{}, errors.Join(failures...)
	}
	return RegionSession{}, all[0].err
}
