// SPDX-License-Identifier: MIT

package emulator

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/journal"
	"github.com/arr-go/azremoterendering/service"
)

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
