// SPDX-License-Identifier: MIT

// Package config finds the settings of a command: flags over environment over a profile of the
// config file over the arrconfig.json of RenderingSession.ps1.
package config

import (
	"fmt"
	"slices"
	"strings"
)

// Name is the name of a setting, as its flag has it without the dashes.
type Name string

// The settings.
const (
	Endpoint      Name = "endpoint"
	Region        Name = "region"
	AccountID     Name = "account-id"
	AccountDomain Name = "account-domain"
	STSEndpoint   Name = "sts-endpoint"
	STSScope      Name = "sts-scope"
	CAFile        Name = "ca-file"
	AllowHTTP     Name = "allow-http"
	Auth          Name = "auth"
	Tenant        Name = "tenant"
	ClientID      Name = "client-id"
	AccountKey    Name = "account-key"
	KeyFile       Name = "key-file"
	KeyStdin      Name = "key-stdin"
	AccessToken   Name = "access-token"
	Retries       Name = "retries"
	Size          Name = "size"
	Lease         Name = "lease"
	Output        Name = "output"
)

// all is every setting in the order in which it is shown.
var all = [...]Name{
	Endpoint,
	Region,
	AccountID,
	AccountDomain,
	STSEndpoint,
	STSScope,
	CAFile,
	AllowHTTP,
	Auth,
	Tenant,
	ClientID,
	AccountKey,
	KeyFile,
	KeyStdin,
	AccessToken,
	Retries,
	Size,
	Lease,
	Output,
}

// Secret reports whether the value must never be shown.
func (n Name) Secret() bool { return n == AccountKey || n == AccessToken }

// NamesService reports whether a setting says which service and account to use, or how to reach
// them: all but those of a session to create, of output and of retries.
func NamesService(n Name) bool {
	switch n {
	case Size, Lease, Output, Retries:
		return false
	}
	return slices.Contains(all[:], n)
}

// isPath reports whether the value is the path of a file.
func (n Name) isPath() bool { return n == CAFile || n == KeyFile }

// hasFlag reports whether there is a flag: other users of a machine can see the arguments of a
// program, so secrets have none.
func (n Name) hasFlag() bool { return !n.Secret() }

// variable returns the environment variable, empty if there is none.
func (n Name) variable() string {
	switch n {
	case KeyStdin:
		return ""
	case KeyFile:
		return "ARR_ACCOUNT_KEY_FILE" // it stands beside ARR_ACCOUNT_KEY
	}
	return "ARR_" + strings.ToUpper(strings.ReplaceAll(string(n), "-", "_"))
}

// key returns the key in a profile, empty if there is none.
func (n Name) key() string { return strings.ToLower(strings.TrimPrefix(n.variable(), "ARR_")) }

// The sections of arrconfig.json that are about sessions.
const (
	sectionAccount = "accountSettings"
	sectionSession = "renderingSessionSettings"
)

func sections() []string { return []string{sectionAccount, sectionSession} }

// members returns the members of arrconfig.json that stand for a setting, the one of the newest
// release of the script first. Releases before 2023 had a region for both domains, and an address
// for each in place of it.
func (n Name) members() []string {
	switch n {
	case Endpoint:
		return []string{sectionSession + ".remoteRenderingDomain", sectionAccount + ".serviceEndpoint"}
	case Region:
		return []string{sectionAccount + ".region"}
	case AccountID:
		return []string{sectionAccount + ".arrAccountId"}
	case AccountDomain:
		return []string{
			sectionAccount + ".arrAccountDomain",
			sectionAccount + ".authenticationEndpoint",
		}
	case AccountKey:
		return []string{sectionAccount + ".arrAccountKey"}
	case Size:
		return []string{sectionSession + ".vmSize"}
	case Lease:
		return []string{sectionSession + ".maxLeaseTime"}
	default:
		return nil
	}
}

// scriptMembers returns every member of arrconfig.json that stands for a setting.
func scriptMembers() []string {
	var members []string
	for _, name := range all {
		members = append(members, name.members()...)
	}
	return members
}

// nameOfKey returns the setting that a key in a profile stands for.
func nameOfKey(key string) (Name, bool) {
	for _, name := range all {
		if name.key() == key && key != "" {
			return name, true
		}
	}
	return "", false
}

// keys returns every key of a profile.
func keys() []string {
	var keys []string
	for _, name := range all {
		if key := name.key(); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// Table lists for people what each setting is called in each place.
func Table() string {
	var text strings.Builder
	row := func(columns ...any) {
		text.WriteString(
			strings.TrimRight(fmt.Sprintf("  %-17s %-21s %-17s %s", columns...), " ") + "\n",
		)
	}
	row("flag", "variable", "in a profile", "in arrconfig.json")
	for _, name := range all {
		flag := ""
		if name.hasFlag() {
			flag = "--" + string(name)
		}
		member, older := "", name.members()
		if len(older) > 0 {
			member, older = older[0], older[1:]
		}
		row(flag, name.variable(), name.key(), member)
		for _, member := range older {
			row("", "", "", member)
		}
	}
	return text.String()
}
