// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"crypto/rsa"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/service"
)

// DefaultAccountID is the account id of an emulator whose options name none.
const DefaultAccountID = "00000000-1111-2222-3333-444455556666"

const defaultRetention = 30 * 24 * time.Hour

// Options configures an [Emulator]. The zero value is one account with random keys, whose sessions
// are Ready on the first read after their creation. Functions among the options are called
// concurrently and must return at once.
type Options struct {
	// Accounts are the accounts of the service. They share the Capacity and nothing else: the
	// access tokens of one do not open the sessions of another. The first account is the one of
	// [Emulator.Account], [Emulator.Key] and [Emulator.SessionsClient]; its default ID is
	// [DefaultAccountID]. The default is one account.
	Accounts []AccountOptions

	// Region serves every request whose host names no region; see Regions. It is also the default
	// region of accounts. It consists of lower-case letters and digits, and may be one that this
	// module does not know. The default is [azremoterendering.RegionWestEurope].
	Region azremoterendering.Region

	// Regions are the regions that are served beside Region; requests to another one are answered
	// with 404. Nil means any.
	//
	// The host of a request names its region, as in
	// remoterendering.<region>.mixedreality.azure.com, under whatever domain. Any other host, such
	// as 127.0.0.1, stands for Region. A session lives in the region that created it, and no other
	// one knows it: its id is free there, and each region lists and counts its own.
	Regions []azremoterendering.Region

	// Domain is where the hosts of the service lie, a name of lower-case letters, digits, hyphens
	// and dots. With "arr.test" every account has the domain "arr.test", the token service is
	// https://sts.arr.test and the session service https://remoterendering.<region>.arr.test. The
	// default is the service's own, mixedreality.azure.com, below which the domain of an account
	// has its region in front.
	Domain string

	// AcceptIdentity says whether a token of Microsoft Entra may be exchanged for an access token,
	// of whichever account: it is what follows Bearer in the Authorization header, and not an
	// account key. An error is logged, at level Warn, and answered with 401; it should not quote
	// the token. The default is [AcceptAnyIdentity] for "https://sts." and Domain.
	AcceptIdentity func(token string) error

	// TokenLifetime is how long an access token is valid, in whole seconds. The default is 24
	// hours, as the service had it.
	TokenLifetime time.Duration

	// SigningKey signs access tokens, with RS256. It has at least 2048 bits. By default a key is
	// made when the first token is needed, which takes part of a second: share one between the
	// emulators of a test binary to save that time. Emulators that share key and account id accept
	// each other's tokens, as the regions of the service did.
	SigningKey *rsa.PrivateKey

	// StartupTime returns how long a new session of the given size stays in state Starting. It is
	// called once for each session. Nil, zero and negative values mean that a session is Ready at
	// the first look after its creation; the answer to the creation itself always says Starting.
	// See [FixedStartup], [RangeStartup] and [RecordedStartup]. The service was seen to need from 8
	// seconds (2022) to 3 minutes (2021). With a Backend it counts only for sessions beyond the
	// Capacity, and for those that a Fault keeps from starting.
	StartupTime func(azremoterendering.SessionSize) time.Duration

	// Capacity returns how many sessions of a size can have a server at once in a region, those of
	// all accounts together; a negative number is no limit. It is called at each creation. A
	// session beyond it is created all the same, with 201, stays Starting for the start-up time,
	// and goes to Error with code CapacityExceeded; it takes no server from others. A server is
	// free again when its session has ended, however. See [FixedCapacity]. The default is no limit.
	Capacity func(azremoterendering.Region, azremoterendering.SessionSize) int

	// RateLimit is how many requests an account may send. The default is any number.
	RateLimit RateLimit

	// Backend starts the servers behind sessions. The default makes them up. Call [Emulator.Close]
	// at the end if you give one.
	Backend Backend

	// Retention is how long a session can be read after its end; then its id is unknown, and free.
	// The default is 30 days, as documented.
	Retention time.Duration

	// Logger receives one record for each request, at level Info: operation, session, status,
	// correlation vector, duration. Keys and tokens are never logged. The default is silence.
	Logger *slog.Logger

	// Faults are in force from the start, in their order, as if each had been given to
	// [Emulator.Inject].
	Faults []Fault

	// Seed makes the draws of faults with a Probability repeatable: the same seed, the same faults
	// and the same requests, in the same order, give the same draws. The default, 0, is a random
	// seed.
	Seed uint64

	// Admin opens the administrative path /_emulator/, by which programs in any language can inject
	// faults, change the state of sessions, revoke tokens and see what there is, without a key:
	// everybody who can reach the emulator may use it. It is served only for hosts that are
	// loopback addresses, localhost, or at or below a Domain that is set, and never to pages of
	// other origins in a browser. By default there is no such path.
	Admin bool

	// Decisions holds the points that the service leaves open.
	Decisions Decisions
}

func (o Options) withDefaults() (Options, error) {
	o.Accounts = slices.Clone(o.Accounts)
	if len(o.Accounts) == 0 {
		o.Accounts = make([]AccountOptions, 1)
	}
	o.Accounts[0].ID = cmp.Or(o.Accounts[0].ID, DefaultAccountID)
	o.Region = cmp.Or(o.Region, azremoterendering.RegionWestEurope)
	o.Retention = cmp.Or(o.Retention, defaultRetention)
	if o.StartupTime == nil {
		o.StartupTime = FixedStartup(0)
	}
	if o.AcceptIdentity == nil {
		o.AcceptIdentity = AcceptAnyIdentity("https://" + naming.STSPrefix + o.hostDomain())
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Backend == nil {
		o.Backend = syntheticBackend{o.StartupTime, o.hostDomain()}
	}
	if o.Retention < 0 {
		return o, &azremoterendering.InvalidArgumentError{
			Name:   "Options.Retention",
			Value:  o.Retention.String(),
			Reason: fmt.Sprintf("is negative; give 0 for %v", defaultRetention),
		}
	}
	return o, nil
}

// hostDomain returns the domain of all hosts.
func (o Options) hostDomain() string { return cmp.Or(o.Domain, naming.ServiceDomain) }

// forService returns the options of the protocol engine.
func (o Options) forService() service.Options {
	return service.Options{
		Accounts:       o.Accounts,
		Region:         o.Region,
		Regions:        o.Regions,
		Domain:         o.Domain,
		AcceptIdentity: o.AcceptIdentity,
		TokenLifetime:  o.TokenLifetime,
		SigningKey:     o.SigningKey,
		RateLimit:      o.RateLimit,
		Logger:         o.Logger,
		Decisions:      o.Decisions,
	}
}
