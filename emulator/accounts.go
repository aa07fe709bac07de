// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/emulator/internal/guard"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

// AccountOptions configures one account: ID, Region, PrimaryKey and SecondaryKey, each with a
// default. See [Options.Accounts].
type AccountOptions = service.AccountOptions

// AccountKey names one of the two keys of an account. Both are valid at any time, so that one can
// be replaced while clients use the other.
type AccountKey = service.AccountKey

// The keys of an account.
const (
	PrimaryKey   = service.PrimaryKey
	SecondaryKey = service.SecondaryKey
)

// Account returns the first account: its id, and its domain, which is [Options.Domain] or that of
// the accounts of its region.
func (e *Emulator) Account() azremoterendering.Account { return e.Accounts()[0] }

// Accounts returns all accounts, in the order of [Options.Accounts].
func (e *Emulator) Accounts() []azremoterendering.Account { return e.service.Accounts() }

// Key returns the present primary key of the first account.
func (e *Emulator) Key() string {
	primary, _, _ := e.service.Keys(e.home.AccountID)
	return primary
}

// SecondaryKey returns the present secondary key of the first account, which is as valid as the
// primary one.
func (e *Emulator) SecondaryKey() string {
	_, secondary, _ := e.service.Keys(e.home.AccountID)
	return secondary
}

// Keys returns the present keys of an account. It is an error if there is no such account.
func (e *Emulator) Keys(accountID string) (primary, secondary string, err error) {
	primary, secondary, err = e.service.Keys(accountID)
	return primary, secondary, prefixed(err)
}

// RotateKey replaces a key of an account with a random one, 32 bytes in Base64, and returns it. The
// old key is refused from now on. The other key and all access tokens stay valid. It is an error if
// there is no such account or key.
func (e *Emulator) RotateKey(accountID string, which AccountKey) (newKey string, err error) {
	newKey, err = e.service.RotateKey(accountID, which)
	if err == nil {
		err = e.kept.note(e.service, accountID)
	}
	return newKey, prefixed(err)
}

// RevokeTokens makes the session service refuse every access token issued so far for an account,
// with 401. Tokens issued from now on are valid. An empty accountID means all accounts. It is an
// error if there is no such account.
func (e *Emulator) RevokeTokens(accountID string) error {
	err := e.service.RevokeTokens(accountID)
	if err == nil {
		err = e.kept.note(e.service, accountID)
	}
	return prefixed(err)
}

// SetTokenLifetime changes how long the access tokens issued from now on are valid, as
// [Options.TokenLifetime] says; 0 means 24 hours. Tokens issued before stay as they are. It is an
// error if d is less than a second or not whole seconds.
func (e *Emulator) SetTokenLifetime(d time.Duration) error {
	return prefixed(e.service.SetTokenLifetime(d))
}

// AcceptAnyIdentity returns a value for [Options.AcceptIdentity] that accepts every JWT for the
// token service that has not expired. The signature is not verified and may be missing: everybody
// who can reach the emulator is accepted.
//
// A token must have an exp in the future, an nbf, if any, in the past, and in aud
// "https://sts.mixedreality.azure.com" or one of audiences. Trailing slashes make no difference,
// because clients spell the resource in several ways.
func AcceptAnyIdentity(audiences ...string) func(token string) error {
	return service.AcceptAnyIdentity(audiences...)
}

func prefixed(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("emulator: %w", err)
}

// keptAccount is what the state file has of an account.
type keptAccount struct {
	Primary   keptKey `json:"primary"`
	Secondary keptKey `json:"secondary"`
	RevokedAt int64   `json:"revokedAt,omitempty"` // in microseconds since 1970
}

// keptKey is an account key. The options may give one, which can be rotated afterwards. So the key
// of the file counts as long as the options give what they gave when it came there.
type keptKey struct {
	Given string `json:"given"` // by the options; empty for a random one
	Now   string `json:"now"`
}

// keptAccounts are the accounts of the emulator in the state file.
type keptAccounts struct {
	journal *journal.Journal
	given   []service.AccountOptions

	mu sync.Mutex // held to read the keys of an account and note them
}

// restoreAccounts reads accounts from the state file into their options.
func restoreAccounts(j *journal.Journal, options []service.AccountOptions) (*keptAccounts, error) {
	k := &keptAccounts{journal: j}
	k.given = append(k.given, options...)
	if !j.Keeps() {
		return k, nil
	}
	err := j.Each(journal.Accounts, func(id, value []byte) error {
		var kept keptAccount
		if err := json.Unmarshal(value, &kept); err != nil {
			return errors.New("an account in it cannot be read") // err may quote a key
		}
		for i := range options {
			if !strings.EqualFold(options[i].ID, string(id)) {
				continue
			}
			kept.Primary.restore(&options[i].PrimaryKey)
			kept.Secondary.restore(&options[i].SecondaryKey)
			if kept.RevokedAt != 0 {
				options[i].RevokedAt = time.UnixMicro(kept.RevokedAt)
			}
		}
		return nil
	})
	return k, err
}

func (k keptKey) restore(key *string) {
	if k.Given == *key {
		*key = k.Now
	}
}

// note brings the present keys and the last revocation of accounts into the state file: of one, or
// of all if the id is empty. It returns when they are there.
func (k *keptAccounts) note(s *service.Service, accountID string) error {
	if !k.journal.Keeps() {
		return nil
	}
	group, err := k.noteAll(s, accountID)
	if err != nil {
		return err
	}
	return k.journal.Wait(group)
}

func (k *keptAccounts) noteAll(s *service.Service, accountID string) (group uint64, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, a := range s.Accounts() {
		if accountID != "" && !strings.EqualFold(accountID, a.ID) {
			continue
		}
		primary, secondary, err := s.Keys(a.ID)
		if err != nil {
			return 0, err
		}
		kept := keptAccount{
			Primary:   keptKey{k.given[i].PrimaryKey, primary},
			Secondary: keptKey{k.given[i].SecondaryKey, secondary},
		}
		if revoked, err := s.RevokedAt(a.ID); err == nil && !revoked.IsZero() {
			kept.RevokedAt = revoked.UnixMicro()
		}
		value, err := json.Marshal(kept)
		if err != nil {
			return 0, err
		}
		group = k.journal.Note(journal.Accounts, strings.ToLower(a.ID), value)
	}
	return group, nil
}

const (
	signingKeySetting = "signing key" // in PKCS #8
	signingKeyBits    = 2048
)

// restoreSigningKey returns the signing key of the state file. The first time it makes one.
func restoreSigningKey(j *journal.Journal) (key *rsa.PrivateKey, err error) {
	err = j.Each(journal.Settings, func(name, value []byte) error {
		if string(name) != signingKeySetting {
			return nil
		}
		parsed, err := x509.ParsePKCS8PrivateKey(value)
		if err != nil {
			return fmt.Errorf("the signing key in it cannot be read: %w", err)
		}
		var ok bool
		if key, ok = parsed.(*rsa.PrivateKey); !ok {
			return errors.New("the signing key in it is not one of RSA")
		}
		return nil
	})
	if err != nil || key != nil {
		return key, err
	}
	if key, err = rsa.GenerateKey(rand.Reader, signingKeyBits); err != nil {
		return nil, err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return key, j.Wait(j.Note(journal.Settings, signingKeySetting, encoded))
}

// hintHeader has, in the answer to an account key that is refused, where the right one comes from.
// It is a header because the service answers 401 without a body.
const hintHeader = "X-Emulator-Hint"

// hintAtKey says in the log, and in an answer to another process, where the right account key comes
// from, if the request has a wrong one. It shows no key.
func (e *Emulator) hintAtKey(q *service.Request, a service.Answer) {
	if q.Operation != service.GetToken || a.Status != http.StatusUnauthorized ||
		!strings.Contains(q.HTTP.Header.Get("Authorization"), ":") {
		return
	}
	hint := e.keyHint(q.AccountID)
	if guard.FromNetwork(q.HTTP) {
		a.Header.Set(hintHeader, hint)
	}
	q.LogAttrs = append(q.LogAttrs, slog.String("hint", hint))
}

func (e *Emulator) keyHint(accountID string) string {
	const begin = "this is the emulator of Azure Remote Rendering; "
	if accountID == "" {
		return begin + "it has no account with this id; its accounts were printed when it started"
	}
	primary, _, err := e.service.Keys(accountID)
	given, random := e.kept.origin(accountID)
	switch {
	case err != nil:
		return begin + "it does not have this key"
	case primary == DevelopmentKey:
		return begin + "the key of this account is the published development key"
	case random && e.journal.Keeps():
		return begin + "the key of this account is random, and kept in its state file: " +
			"it was printed when the emulator started, or is the one of the last rotation"
	case random:
		return begin + "the key of this account is random, and another one after each start: " +
			"it was printed when the emulator started, or is the one of the last rotation; " +
			"a state file or a key of your own stays"
	case primary != given:
		return begin + "the key of this account was rotated"
	}
	return begin + "the key of this account is the one that it was started with"
}

// origin returns the primary key that the options give an account, and whether they give none.
func (k *keptAccounts) origin(accountID string) (given string, random bool) {
	for _, a := range k.given {
		if strings.EqualFold(a.ID, accountID) {
			return a.PrimaryKey, a.PrimaryKey == ""
		}
	}
	return "", true // an account whose id is random, too
}
