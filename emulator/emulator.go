// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering"
)

// DefaultAccountID is the account id of an emulator whose options name none.
const DefaultAccountID = "00000000-1111-2222-3333-444455556666"

const (
	defaultRegion        = azremoterendering.RegionWestEurope
	defaultTokenLifetime = 24 * time.Hour
	defaultRetention     = 30 * 24 * time.Hour
	minSigningKeyBits    = 2048
)

// Options says what service to emulate. The zero value is one account with random keys, whose sessions are Ready at the first
// look after their creation.
type Options struct {
	// AccountID is the id of the account, a UUID. The default is [DefaultAccountID].
	AccountID string

	// Region is the region that the service plays: it is part of the account domain, of the host names of servers, and of access
	// tokens. It need not be one that this module knows, but consists of lower-case letters and digits. The default is
	// [azremoterendering.RegionWestEurope].
	Region azremoterendering.Region

	// PrimaryKey and SecondaryKey are the account keys; both are valid at any time. They consist of printable ASCII characters
	// without spaces. The default of each is random: 32 bytes in Base64.
	PrimaryKey, SecondaryKey string

	// TokenLifetime is how long an access token is valid, in whole seconds. The default is 24 hours, as the service had it.
	TokenLifetime time.Duration

	// SigningKey signs access tokens, with RS256. It has at least 2048 bits. By default a key is made when the first token is
	// needed, which takes part of a second: share one between the emulators of a test binary to save that time. Emulators
	// that share key and account id accept each other's tokens, as the regions of the service did.
	SigningKey *rsa.PrivateKey

	// StartupTime returns how long a new session of the given size stays in state Starting. It is called once for each session,
	// from several goroutines, and must return at once. Nil, zero and negative values mean that a session is Ready at the first
	// look after its creation; the answer to the creation itself always says Starting. See [FixedStartup]. The service was seen to
	// need from 8 seconds (2022) to 3 minutes (2021).
	StartupTime func(azremoterendering.SessionSize) time.Duration

	// Retention is how long a session can be read after its end; then its id is unknown, and free. The default is 30 days, as
	// documented.
	Retention time.Duration

	// Logger receives one record for each request, at level Info: operation, session, status, correlation vector, duration.
	// Keys and tokens are never logged. The default is silence.
	Logger *slog.Logger

	// Decisions holds the points that the service leaves open.
	Decisions Decisions
}

// FixedStartup returns a value for [Options.StartupTime]: every session is Starting for d.
func FixedStartup(d time.Duration) func(azremoterendering.SessionSize) time.Duration {
	return func(azremoterendering.SessionSize) time.Duration { return d }
}

// Emulator is the service: an [http.Handler], and what makes clients and servers for it. Create one with [New]. Its methods may
// be called by several goroutines at the same time. It needs no closing.
type Emulator struct {
	account *account
	tokens  *tokenService
	logger  *slog.Logger
	absent  AbsentValues
	// challenge is the value of WWW-Authenticate, empty if there is to be none.
	challenge string
}

// New returns an emulator. The error says which option it cannot work with; it never contains a key.
func New(options Options) (*Emulator, error) {
	options, err := options.withDefaults()
	if err != nil {
		return nil, err
	}
	e := &Emulator{
		account: newAccount(options),
		tokens:  newTokenService(options.SigningKey, options.TokenLifetime),
		logger:  options.Logger,
		absent:  options.Decisions.AbsentValues,
	}
	if !options.Decisions.OmitChallenge {
		e.challenge = `Bearer error="invalid_token"`
	}
	return e, nil
}

// Account returns the account: its id, and the domain that accounts of the region have.
func (e *Emulator) Account() azremoterendering.Account {
	return azremoterendering.Account{ID: e.account.id, Domain: e.account.region.AccountDomain()}
}

// Key returns the primary account key.
func (e *Emulator) Key() string { return e.account.primaryKey }

// SecondaryKey returns the secondary account key. It is as valid as the primary one.
func (e *Emulator) SecondaryKey() string { return e.account.secondaryKey }

// SetStatus moves a session into a state now, for what the service does by itself and a test cannot wait for:
//
//   - Ready ends the start-up, and the lease begins;
//   - Expired and Stopped end the session;
//   - Error ends it with an [azremoterendering.ErrorDetail];
//   - Starting only takes back a state that this package does not know;
//   - any other value is shown as it is, without host and ports, until the session ends or the next SetStatus; the start-up and
//     the lease go on beneath.
//
// It is an error if the session is unknown or has ended, if status is empty, or if a session that was Ready is to be Starting
// again: nothing leads back.
func (e *Emulator) SetStatus(sessionID string, status azremoterendering.SessionStatus) error {
	return e.account.setStatus(sessionID, status)
}

// accountOf returns the account with an id, compared without case, or nil. This is where several accounts would be told apart.
func (e *Emulator) accountOf(id string) *account {
	if strings.EqualFold(id, e.account.id) {
		return e.account
	}
	return nil
}

var (
	uuidPattern   = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	regionPattern = regexp.MustCompile(`^[a-z0-9]{1,63}$`)
	keyPattern    = regexp.MustCompile(`^[!-~]+$`)
)

func (o Options) withDefaults() (Options, error) {
	if o.AccountID == "" {
		o.AccountID = DefaultAccountID
	}
	if o.Region == "" {
		o.Region = defaultRegion
	}
	if o.PrimaryKey == "" {
		o.PrimaryKey = randomKey()
	}
	if o.SecondaryKey == "" {
		o.SecondaryKey = randomKey()
	}
	if o.TokenLifetime == 0 {
		o.TokenLifetime = defaultTokenLifetime
	}
	if o.Retention == 0 {
		o.Retention = defaultRetention
	}
	if o.StartupTime == nil {
		o.StartupTime = FixedStartup(0)
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	var err error
	if o.Decisions, err = o.Decisions.withDefaults(); err != nil {
		return o, err
	}
	return o, o.check()
}

func (o Options) check() error {
	switch {
	case !uuidPattern.MatchString(o.AccountID):
		return fmt.Errorf("emulator: Options.AccountID %q is not a UUID such as %s", o.AccountID, DefaultAccountID)
	case !regionPattern.MatchString(string(o.Region)):
		return fmt.Errorf("emulator: Options.Region %q is not a name of lower-case letters and digits such as %s", o.Region, defaultRegion)
	case !keyPattern.MatchString(o.PrimaryKey):
		return fmt.Errorf("emulator: Options.PrimaryKey has a character that is not printable ASCII, or a space")
	case !keyPattern.MatchString(o.SecondaryKey):
		return fmt.Errorf("emulator: Options.SecondaryKey has a character that is not printable ASCII, or a space")
	case o.TokenLifetime < time.Second || o.TokenLifetime%time.Second != 0:
		return fmt.Errorf("emulator: Options.TokenLifetime %v: give whole seconds, at least 1s, or 0 for %v", o.TokenLifetime, defaultTokenLifetime)
	case o.Retention < 0:
		return fmt.Errorf("emulator: Options.Retention %v is negative: give 0 for %v", o.Retention, defaultRetention)
	case o.SigningKey != nil && (o.SigningKey.N == nil || o.SigningKey.N.BitLen() < minSigningKeyBits):
		return fmt.Errorf("emulator: Options.SigningKey has less than %d bits", minSigningKeyBits)
	}
	return nil
}

func randomKey() string {
	var key [32]byte
	rand.Read(key[:]) // never fails: the runtime ends the program if the system has no randomness
	return base64.StdEncoding.EncodeToString(key[:])
}

// signingKey returns a function that gives key, or if that is nil one made at the first call.
func signingKey(key *rsa.PrivateKey) func() (*rsa.PrivateKey, error) {
	if key != nil {
		return func() (*rsa.PrivateKey, error) { return key, nil }
	}
	return sync.OnceValues(func() (*rsa.PrivateKey, error) {
		return rsa.GenerateKey(rand.Reader, minSigningKeyBits)
	})
}
