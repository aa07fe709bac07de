// SPDX-License-Identifier: MIT

package emulator

import (
	"cmp"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/conversion"
	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/service"
)

// The development account: the same everywhere, and published, as that of Azurite is. arr emulator
// has it by default as long as only this machine can reach it, so that the settings of clients
// outlive a restart. The key protects nothing: anyone who reaches an emulator that has it may use
// it.
const (
	// DevelopmentAccountID is also the account id of an emulator whose options name none.
	DevelopmentAccountID = "00000000-1111-2222-3333-444455556666"

	// DevelopmentKey is for [AccountOptions].PrimaryKey. Without it keys are random.
	DevelopmentKey = "QXp1cmUgUmVtb3RlIFJlbmRlcmluZyBlbXVsYXRvciE="
)

const (
	defaultRetention = 30 * 24 * time.Hour
	defaultKeepEnded = 100_000
)

// Options configures an [Emulator]. The zero value is one account with random keys, whose sessions
// are Ready on the first read after their creation. Functions among the options are called
// concurrently and must return at once.
type Options struct {
	// Accounts are the accounts of the service. They share the Capacity and nothing else: the
	// access tokens of one do not open the sessions of another. The first account is the one of
	// [Emulator.Account], [Emulator.Key] and [Emulator.SessionsClient]; its default ID is
	// [DevelopmentAccountID]. The default is one account.
	Accounts []AccountOptions

	// Region serves every request whose host names no region; see Regions. It is also the default
	// region of accounts. It consists of lower-case letters and digits, and may be one that this
	// module does not know. The default is [azremoterendering.RegionWestEurope].
	Region azremoterendering.Region

	// Regions are the regions that are served in addition to Region. Requests to others are
	// answered with 404. Nil means any.
	//
	// The host of a request names its region, as in
	// remoterendering.<region>.mixedreality.azure.com, below any domain. Any other host, such as
	// 127.0.0.1, stands for Region. A session lives in the region that created it. Other regions do
	// not know it: its id is free there, and each region lists and counts its own sessions.
	Regions []azremoterendering.Region

	// Domain is the domain of all hosts of the service: lower-case letters, digits, hyphens and
	// dots, at least two labels. With "arr.test" every account has the domain "arr.test", the token
	// service is https://sts.arr.test and the session service
	// https://remoterendering.<region>.arr.test. The default is mixedreality.azure.com; there the
	// domain of an account begins with its region.
	Domain string

	// AllowHosts are further hosts whose requests a server answers, such as the name of a
	// container: names or addresses, without ports, in any case. A name that begins with a dot
	// stands for the rest and all names below it.
	//
	// Always known are loopback addresses, localhost, the names at or below Domain, and the address
	// at which a request arrives. Requests for other hosts are answered with 421, because a
	// web page could send them through a name of its own that leads to this machine (DNS
	// rebinding). Requests in memory ([Emulator.Transport]) may be for any host.
	AllowHosts []string

	// ExternalURL is the address by which clients reach the servers of the emulator, such as
	// "https://arr.example.com", if it is not the one that they listen on: behind a proxy, or with
	// the port of a container. It has no path. Links to the next page carry it, except for requests
	// to names at or below Domain, which keep their names and get its scheme. Its host is known. By
	// default links carry the address of the request.
	ExternalURL string

	// TrustedProxies are the addresses of proxies that may say which address a client used, in the
	// headers Forwarded (RFC 7239), X-Forwarded-Proto and X-Forwarded-Host. Of several values the
	// last one counts, which is that of the nearest proxy. A proxy must remove what clients send in
	// these headers. Both its own host and the one in the headers must be known, see AllowHosts. By
	// default no proxy is trusted, and the headers have no effect.
	TrustedProxies []netip.Prefix

	// AcceptIdentity decides whether a token of Microsoft Entra may be exchanged for an access
	// token of any account. The token is the text after Bearer in the Authorization header, and not
	// an account key. An error is logged at level Warn, so it must not quote the token, and
	// answered with 401. The default refuses every token. See [AcceptAnyIdentity].
	AcceptIdentity func(token string) error

	// IdentityRole returns the role that an identity has, once AcceptIdentity has accepted its
	// token. The access token of the identity carries it. The default is [RoleAdministrator] for
	// all.
	IdentityRole func(token string) Role

	// TokenLifetime is how long an access token is valid, in whole seconds. The default is 24
	// hours, as recorded from the service.
	TokenLifetime time.Duration

	// SigningKey signs access tokens, with RS256. It has at least 2048 bits. By default all
	// emulators of a process share one, which is made when the first token is needed, and accept
	// only their own tokens. With a StateFile, New makes one the first time, and keeps it.
	// Emulators that are given the same key accept each other's tokens for an account id that both
	// have, as the regions of the service did.
	SigningKey *rsa.PrivateKey

	// StartupTime returns how long a new session of the given size stays Starting. It is called
	// once for each session. Nil, zero and negative values mean that a session is Ready on the
	// first read after its creation; the answer to the creation itself always says Starting. See
	// [FixedStartup], [RangeStartup] and [RecordedStartup]. The service was seen to need between 8
	// seconds (2022) and 3 minutes (2021). With a Backend it applies only to sessions beyond the
	// Capacity, and to those that a Fault keeps from starting.
	StartupTime func(azremoterendering.SessionSize) time.Duration

	// Capacity returns how many sessions of a size can have a server at once in a region, for all
	// accounts together; negative means no limit. It is called for each creation. A session beyond
	// it is still created, with 201, stays Starting for the start-up time, and then goes to Error
	// with code CapacityExceeded. A server becomes free when its session ends. See [FixedCapacity].
	// The default is no limit.
	Capacity func(azremoterendering.Region, azremoterendering.SessionSize) int

	// RateLimit limits the requests of each account. The default is no limit.
	RateLimit RateLimit

	// Backend starts the servers behind sessions. With one, call [Emulator.Close] at the end. The
	// default invents servers: host names and ports where nothing listens.
	Backend Backend

	// Storage performs conversions in storage. With it, call [Emulator.Close] at the end. By
	// default conversions are made up, as Conversions says. See emulator/conversion/blobconverter
	// for one that reads and writes Azure Blob storage, or Azurite; it renders nothing.
	Storage conversion.Converter

	// Conversions says how conversions end.
	Conversions ConversionOptions

	// TimeScale is how many seconds pass on the [Clock] of the emulator in one second, between
	// 0.001 and 10,000. With 60 a lease of half an hour is over after 30 seconds. The default is
	// 1, or the scale that the StateFile has.
	TimeScale float64

	// StartFrozen freezes the clock from the start, until it is released: see [Clock.Unfreeze].
	StartFrozen bool

	// Retention is how long a session can be read after its end, and a conversion after its
	// creation. Then its id is unknown and can be used again. The default is 30 days, as
	// documented.
	Retention time.Duration

	// KeepEnded is how many sessions that have ended are kept, and how many conversions. Beyond it
	// the oldest ones are forgotten before their Retention is over, which is logged once at level
	// Warn, so that memory stays bounded. The default is 100,000, which take about 140 MB.
	KeepEnded int

	// StateFile is the path of a file that keeps sessions, conversions, accounts, their keys and
	// the signing key, so that clients do not notice a restart, even after a crash: each change is
	// in the file before a client is told of it. The file is created if it does not exist, and only
	// its user can read it, because it holds keys. With it, call [Emulator.Close] at the end. One
	// emulator uses a file at a time.
	//
	// Leases run on while no emulator runs. Keys that the options leave out, and keys that were
	// rotated, come from the file; a key that the options change counts. Servers of a Backend end
	// with the emulator, so their sessions end in Error then, with code ServerLost. Faults and
	// settings are not kept, nor are the requests that the page shows. Give each account an ID.
	//
	// The default keeps everything in memory.
	StateFile string

	// Logger receives one record for each request, at level Info: operation, session or
	// conversion, status, correlation vector and duration. Keys, tokens and signatures are never
	// logged. The default discards all.
	Logger *slog.Logger

	// Faults are in force from the start, in their order, as if each had been given to
	// [Emulator.Inject].
	Faults []Fault

	// Seed makes faults with a Probability repeatable: the same seed, faults and requests, in the
	// same order, give the same result. The default, 0, means a random seed.
	Seed uint64

	// Admin serves the administrative path /_emulator/, by which programs in any language can reset
	// the emulator, move its clock, inject faults, change the state of sessions, rotate keys,
	// revoke tokens, and read requests, events and the state of the emulator. GET /_emulator/ lists
	// what there is. It needs no key: everybody who can reach the emulator may use it. It is served
	// only for known hosts (see AllowHosts), and never to web pages of other origins.
	Admin bool

	// Decisions holds the points that the protocol leaves open.
	Decisions Decisions
}

func (o Options) withDefaults() (Options, error) {
	o.Accounts = slices.Clone(o.Accounts)
	if len(o.Accounts) == 0 {
		o.Accounts = make([]AccountOptions, 1)
	}
	o.Accounts[0].ID = cmp.Or(o.Accounts[0].ID, DevelopmentAccountID)
	o.Region = cmp.Or(o.Region, azremoterendering.RegionWestEurope)
	o.Retention = cmp.Or(o.Retention, defaultRetention)
	o.KeepEnded = cmp.Or(o.KeepEnded, defaultKeepEnded)
	o.Decisions.Vintage = cmp.Or(o.Decisions.Vintage, Vintage2023)
	if o.StartupTime == nil {
		o.StartupTime = FixedStartup(0)
	}
	if o.AcceptIdentity == nil {
		o.AcceptIdentity = refuseIdentity
	}
	if o.Seed == 0 {
		o.Seed = rand.Uint64()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.TimeScale != 0 {
		if err := clock.CheckScale("Options.TimeScale", o.TimeScale); err != nil {
			return o, err
		}
	}
	if o.Retention < 0 {
		return o, &azremoterendering.InvalidArgumentError{
			Name:   "Options.Retention",
			Value:  o.Retention.String(),
			Reason: fmt.Sprintf("is negative; give 0 for %v", defaultRetention),
		}
	}
	if o.KeepEnded < 0 {
		return o, &azremoterendering.InvalidArgumentError{
			Name:   "Options.KeepEnded",
			Value:  strconv.Itoa(o.KeepEnded),
			Reason: fmt.Sprintf("is negative; give 0 for %d", defaultKeepEnded),
		}
	}
	return o, nil
}

// refuseIdentity is the default of [Options.AcceptIdentity].
func refuseIdentity(string) error {
	return errors.New("the emulator accepts no Microsoft Entra tokens: " +
		"set Options.AcceptIdentity or --accept-any-identity")
}

// hostDomain returns the domain of all hosts.
func (o Options) hostDomain() string { return cmp.Or(o.Domain, naming.ServiceDomain) }

// forService returns the options of the protocol engine.
func (o Options) forService(clock *clock.Clock) service.Options {
	return service.Options{
		Accounts:       o.Accounts,
		Region:         o.Region,
		Regions:        o.Regions,
		Domain:         o.Domain,
		AcceptIdentity: o.AcceptIdentity,
		IdentityRole:   o.IdentityRole,
		TokenLifetime:  o.TokenLifetime,
		SigningKey:     o.SigningKey,
		RateLimit:      o.RateLimit,
		Now:            clock.Now,
		RetryAfter:     clock.RetryAfter,
		Logger:         o.Logger,
		Decisions:      o.Decisions,
	}
}

// Decisions holds the points that recordings and documents of the service leave open, one field
// each: see [service.Decisions]. The zero value is the most likely answer.
type Decisions = service.Decisions

// RateLimit limits the requests of one account: Requests in a window of Per, by default a minute.
// See [service.RateLimit].
type RateLimit = service.RateLimit

// Vintage is a year of the hosted service: see [Decisions] and [service.Vintage].
type Vintage = service.Vintage

// The vintages. The default is the last one.
const (
	Vintage2021 = service.Vintage2021
	Vintage2022 = service.Vintage2022
	Vintage2023 = service.Vintage2023
)

// AbsentValues is a spelling of members that have no value: see [Decisions].
type AbsentValues = service.AbsentValues

const (
	// AbsentOmitted leaves them out, as recorded from May 2021 on.
	AbsentOmitted = service.AbsentOmitted
	// AbsentNull writes null, 0 or 0.0, as recorded in January 2021. The answer to a get of one
	// session then has no Cache-Control and no Pragma, as it had none at that time.
	AbsentNull = service.AbsentNull
)

// SameSettings says which lease counts when a creation is repeated: see [Decisions]. The size must
// be the same in any case.
type SameSettings = service.SameSettings

const (
	// CompareCurrentOrFirst accepts the present lease and the one first given.
	CompareCurrentOrFirst = service.CompareCurrentOrFirst
	// CompareCurrent accepts only the present lease: after an update, a blind repeat of the
	// creation is a conflict.
	CompareCurrent = service.CompareCurrent
	// CompareFirst accepts only the lease first given.
	CompareFirst = service.CompareFirst
)

// Role is what an identity may do with an account; anyone who has an account key may do everything.
// See [service.Role].
type Role = service.Role

const (
	// RoleAdministrator may do everything.
	RoleAdministrator = service.RoleAdministrator
	// RoleClient may use sessions, but no conversions: requests about them are answered with 403.
	RoleClient = service.RoleClient
)
