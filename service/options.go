// SPDX-License-Identifier: MIT

package service

import (
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"log/slog"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/naming"
	"github.com/arr-go/azremoterendering/internal/text"
)

const (
	defaultRegion        = azremoterendering.RegionWestEurope
	defaultTokenLifetime = 24 * time.Hour
	minSigningKeyBits    = 2048
)

// Options configures a [Service]. The zero value is one account with a random id and random keys.
// Functions among the options are called concurrently and must return at once.
type Options struct {
	// Accounts are the accounts of the service. The access tokens of one do not open the sessions
	// of another. The default is one account.
	Accounts []AccountOptions

	// Region serves every request whose host names no region; see Regions. It is also the default
	// region of accounts. It consists of lower-case letters and digits. The default is
	// [azremoterendering.RegionWestEurope].
	Region azremoterendering.Region

	// Regions are the regions that are served in addition to Region. Requests to others are
	// answered with 404. Nil means any.
	//
	// The host of a request names its region, as in
	// remoterendering.<region>.mixedreality.azure.com, below any domain. Any other host, such as
	// 127.0.0.1, stands for Region.
	Regions []azremoterendering.Region

	// Domain is the domain of all hosts of the service, in lower case, at least two labels. With
	// "arr.test" every account has the domain "arr.test", the token service is https://sts.arr.test
	// and the session service https://remoterendering.<region>.arr.test. The default is
	// mixedreality.azure.com; there the domain of an account begins with its region.
	Domain string

	// AcceptIdentity decides whether a token of Microsoft Entra may be exchanged for an access
	// token of any account. The token is the text after Bearer in the Authorization header, and not
	// an account key. An error is logged at level Warn, so it must not quote the token, and
	// answered with 401. The default refuses every token. See [AcceptAnyIdentity].
	AcceptIdentity func(token string) error

	// IdentityRole returns the role that an identity has, once AcceptIdentity has accepted its
	// token. The access token of the identity carries it. The default is RoleAdministrator for all.
	IdentityRole func(token string) Role

	// TokenLifetime is how long an access token is valid, in whole seconds. The default is 24
	// hours, as recorded from the service.
	TokenLifetime time.Duration

	// SigningKey signs access tokens, with RS256. It has at least 2048 bits. By default all
	// services of a process share one, which is made when the first token is needed, and accept
	// only their own tokens. Services that are given the same key accept each other's tokens for an
	// account id that both have, so replicas of one service must be given one.
	SigningKey *rsa.PrivateKey

	// Conversions keeps and runs conversions. Without it the service has none: their paths are
	// answered with 404.
	Conversions ConversionStore

	// RateLimit limits the requests of each account. The default is no limit.
	RateLimit RateLimit

	// Now returns the time that everything follows: leases, access tokens, rate limits and the Date
	// of answers. The default is the time of the system. Tokens of Microsoft Entra have a clock of
	// their own: see AcceptIdentity.
	Now func() time.Time

	// RetryAfter returns how long a client must wait until d has passed on the clock of Now. The
	// default is d.
	RetryAfter func(d time.Duration) time.Duration

	// Logger receives one record for each request, at level Info: operation, session or
	// conversion, status, correlation vector and duration. Keys, tokens and signatures are never
	// logged. The default discards all.
	Logger *slog.Logger

	// Decisions holds the points that the protocol leaves open.
	Decisions Decisions
}

var (
	regionPattern = regexp.MustCompile(`^[a-z0-9]{1,63}$`)
	domainPattern = regexp.MustCompile(
		`^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$`,
	)
	keyPattern = regexp.MustCompile(`^[!-~]+$`)
)

// maxDomainLength leaves room for the labels before a domain in a host name of at most 253
// characters.
const maxDomainLength = 150

// invalid makes the error for an option or an argument. A nil value is not shown, nor is one that
// may be a secret.
func invalid(name string, value any, reason string) error {
	shown := ""
	if value != nil {
		shown, reason = text.WithoutSecret(fmt.Sprint(value), reason)
	}
	return &azremoterendering.InvalidArgumentError{Name: name, Value: shown, Reason: reason}
}

func (o Options) withDefaults() (Options, error) {
	o.Region = cmp.Or(o.Region, defaultRegion)
	o.TokenLifetime = cmp.Or(o.TokenLifetime, defaultTokenLifetime)
	o.RateLimit.Per = cmp.Or(o.RateLimit.Per, defaultRateWindow)
	if o.AcceptIdentity == nil {
		o.AcceptIdentity = func(string) error {
			return fmt.Errorf("this service accepts no identities")
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.RetryAfter == nil {
		o.RetryAfter = func(d time.Duration) time.Duration { return d }
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if len(o.Accounts) == 0 {
		o.Accounts = make([]AccountOptions, 1)
	}
	var err error
	if o.Decisions, err = o.Decisions.withDefaults(); err != nil {
		return o, err
	}
	return o, o.check()
}

func (o Options) check() error {
	if err := checkTokenLifetime("Options.TokenLifetime", o.TokenLifetime); err != nil {
		return err
	}
	if err := o.checkDomain(); err != nil {
		return err
	}
	switch key := o.SigningKey; {
	case key != nil && (key.N == nil || key.N.BitLen() < minSigningKeyBits):
		return invalid("Options.SigningKey", nil,
			fmt.Sprintf("has less than %d bits", minSigningKeyBits))
	case o.RateLimit.Requests < 0:
		return invalid("Options.RateLimit.Requests", o.RateLimit.Requests,
			"is negative; give 0 for no limit")
	case o.RateLimit.Per < 0:
		return invalid("Options.RateLimit.Per", o.RateLimit.Per,
			fmt.Sprintf("is negative; give 0 for %v", defaultRateWindow))
	}
	if err := checkRegion("Options.Region", o.Region); err != nil {
		return err
	}
	for i, region := range o.Regions {
		if err := checkRegion(fmt.Sprintf("Options.Regions[%d]", i), region); err != nil {
			return err
		}
	}
	return nil
}

func (o Options) checkDomain() error {
	const name = "Options.Domain"
	_, notAddress := netip.ParseAddr(o.Domain)
	switch {
	case o.Domain == "":
		return nil
	case notAddress == nil || len(o.Domain) > maxDomainLength ||
		!domainPattern.MatchString(o.Domain):
		return invalid(name, o.Domain, fmt.Sprintf(
			"is not a host name of lower-case letters, digits, hyphens and dots, at most %d long, "+
				"such as arr.test", maxDomainLength))
	case !strings.Contains(o.Domain, "."):
		return invalid(name, o.Domain,
			"is a top-level domain; give one below it, such as arr.test")
	}
	return nil
}

func checkRegion(name string, region azremoterendering.Region) error {
	if regionPattern.MatchString(string(region)) {
		return nil
	}
	return invalid(name, region,
		"is not a name of lower-case letters and digits such as "+string(defaultRegion))
}

// accounts returns the accounts of the options, at least one.
func (o Options) accounts() ([]*account, error) {
	accounts := make([]*account, len(o.Accounts))
	known := make(map[string]bool)
	for i, each := range o.Accounts {
		prefix := fmt.Sprintf("Options.Accounts[%d].", i)
		each = each.withDefaults(o.Region)
		if err := each.check(prefix); err != nil {
			return nil, err
		}
		if known[strings.ToLower(each.ID)] {
			return nil, invalid(prefix+"ID", each.ID, "is that of another account")
		}
		known[strings.ToLower(each.ID)] = true
		accounts[i] = newAccount(each, o.Domain)
	}
	return accounts, nil
}

func (o AccountOptions) withDefaults(region azremoterendering.Region) AccountOptions {
	if o.ID == "" {
		o.ID = naming.NewUUID()
	}
	o.Region = cmp.Or(o.Region, region)
	if o.PrimaryKey == "" {
		o.PrimaryKey = randomKey()
	}
	if o.SecondaryKey == "" {
		o.SecondaryKey = randomKey()
	}
	return o
}

// check validates o. prefix precedes the names of fields in errors.
func (o AccountOptions) check(prefix string) error {
	const notAKey = "has a character that is not printable ASCII, or a space"
	switch {
	case !naming.IsUUID(o.ID):
		return invalid(prefix+"ID", o.ID,
			"is not a UUID such as 00000000-1111-2222-3333-444455556666")
	case !keyPattern.MatchString(o.PrimaryKey):
		return invalid(prefix+"PrimaryKey", nil, notAKey)
	case !keyPattern.MatchString(o.SecondaryKey):
		return invalid(prefix+"SecondaryKey", nil, notAKey)
	}
	return checkRegion(prefix+"Region", o.Region)
}

func randomKey() string {
	var key [32]byte
	rand.Read(key[:]) // never fails: the runtime ends the program if the system has no randomness
	return base64.StdEncoding.EncodeToString(key[:])
}
