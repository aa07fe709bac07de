// SPDX-License-Identifier: MIT

// Package config finds the settings of a command: flags over environment over a profile of the
// config file over the arrconfig.json of RenderingSession.ps1.
package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
)

// Name is the name of a setting, as its flag has it without the dashes.
type Name string

// The settings.
const (
	Endpoint      Name = "endpoint"
	Region        Name = "region"
	Fallback      Name = "fallback"
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
	Keyring       Name = "keyring"
	AccessToken   Name = "access-token"
	Retries       Name = "retries"
	Size          Name = "size"
	Lease         Name = "lease"
	PriceStandard Name = "price.standard"
	PricePremium  Name = "price.premium"
	Output        Name = "output"

	StorageAccount          Name = "storage-account"
	StorageEndpoint         Name = "storage-endpoint"
	StorageKey              Name = "storage-key"
	StorageSAS              Name = "storage-sas"
	StorageConnectionString Name = "storage-connection-string"
	StorageSecretFile       Name = "storage-secret-file"
	UseSAS                  Name = "use-sas"
	InputSAS                Name = "input-sas"
	OutputSAS               Name = "output-sas"
	LocalFolder             Name = "local-folder"
	InputContainer          Name = "input-container"
	InputFolder             Name = "input-folder"
	Asset                   Name = "asset"
	OutputContainer         Name = "output-container"
	OutputFolder            Name = "output-folder"
	OutputName              Name = "output-name"
)

// all is every setting in the order in which it is shown.
var all = [...]Name{
	Endpoint,
	Region,
	Fallback,
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
	Keyring,
	AccessToken,
	Retries,
	Size,
	Lease,
	PriceStandard,
	PricePremium,
	Output,
	StorageAccount,
	StorageEndpoint,
	StorageKey,
	StorageSAS,
	StorageConnectionString,
	StorageSecretFile,
	UseSAS,
	InputSAS,
	OutputSAS,
	LocalFolder,
	InputContainer,
	InputFolder,
	Asset,
	OutputContainer,
	OutputFolder,
	OutputName,
}

// Secret reports whether the value must never be shown.
func (n Name) Secret() bool {
	switch n {
	case AccountKey, AccessToken, StorageKey, StorageSAS, StorageConnectionString, InputSAS, OutputSAS:
		return true
	}
	return false
}

// OfConversions reports whether a setting is only about conversions and their storage.
func (n Name) OfConversions() bool {
	return slices.Index(all[:], n) >= slices.Index(all[:], StorageAccount)
}

// NamesService reports whether a setting says which service and account to use, or how to reach
// them: all but those of a session to create, of conversions, of output and of retries.
func NamesService(n Name) bool {
	switch n {
	case Size, Lease, PriceStandard, PricePremium, Output, Retries:
		return false
	}
	return slices.Contains(all[:], n) && !n.OfConversions()
}

// isPath reports whether the value is the path of a file or a folder.
func (n Name) isPath() bool {
	return n == CAFile || n == KeyFile || n == StorageSecretFile || n == LocalFolder
}

// hasFlag reports whether there is a flag: other users of a machine can see the arguments of a
// program, so secrets have none. The local folder is an argument. Prices belong in a profile.
func (n Name) hasFlag() bool {
	return !n.Secret() && n != LocalFolder && n != PriceStandard && n != PricePremium && n != Keyring
}

// variable returns the environment variable, empty if there is none. Those of storage are the
// variables of the Azure CLI.
func (n Name) variable() string {
	switch n {
	case KeyStdin, Keyring:
		return ""
	case KeyFile:
		return "ARR_ACCOUNT_KEY_FILE" // similar to ARR_ACCOUNT_KEY
	case StorageAccount:
		return storage.VarAccount
	case StorageEndpoint:
		return storage.VarEndpoint
	case StorageKey:
		return storage.VarKey
	case StorageSAS:
		return storage.VarSAS
	case StorageConnectionString:
		return storage.VarConnectionString
	}
	return "ARR_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(string(n)))
}

// Variable returns the environment variable of a setting, empty if there is none.
func (n Name) Variable() string { return n.variable() }

// key returns the key in a profile, empty if there is none. A dot leads into a table.
func (n Name) key() string {
	switch n {
	case KeyStdin:
		return ""
	case KeyFile:
		return "account_key_file"
	}
	return strings.ReplaceAll(string(n), "-", "_")
}

// The sections of arrconfig.json.
const (
	sectionAccount    = "accountSettings"
	sectionSession    = "renderingSessionSettings"
	sectionConversion = "assetConversionSettings"
)

func sections() []string { return []string{sectionAccount, sectionSession, sectionConversion} }

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
	case StorageAccount:
		return []string{sectionConversion + ".storageAccountName"}
	case LocalFolder:
		return []string{sectionConversion + ".localAssetDirectoryPath"}
	case InputContainer:
		return []string{sectionConversion + ".blobInputContainerName"}
	case InputFolder:
		return []string{sectionConversion + ".inputFolderPath"}
	case Asset:
		return []string{sectionConversion + ".inputAssetPath"}
	case OutputContainer:
		return []string{sectionConversion + ".blobOutputContainerName"}
	case OutputFolder:
		return []string{sectionConversion + ".outputFolderPath"}
	case OutputName:
		return []string{sectionConversion + ".outputAssetFileName"}
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

// Table lists for people what each setting is called in each place, without those of conversions.
func Table() string {
	const format = "  %-17s %-21s %-17s %s"
	return table(format, "in arrconfig.json", "", func(n Name) bool { return !n.OfConversions() })
}

// ConversionTable lists the settings of conversions.
func ConversionTable() string {
	const format = "  %-22s %-32s %-26s %s"
	return table(format, "in "+sectionConversion, sectionConversion+".", Name.OfConversions)
}

// table lists the settings that listed accepts. section is left out in front of members.
func table(format, member, section string, listed func(Name) bool) string {
	var text strings.Builder
	row := func(columns ...any) {
		text.WriteString(strings.TrimRight(fmt.Sprintf(format, columns...), " ") + "\n")
	}
	row("flag", "variable", "in a profile", member)
	for _, name := range all {
		if !listed(name) {
			continue
		}
		flag := ""
		if name.hasFlag() {
			flag = "--" + string(name)
		}
		member, older := "", name.members()
		if len(older) > 0 {
			member, older = strings.TrimPrefix(older[0], section), older[1:]
		}
		row(flag, name.variable(), name.key(), member)
		for _, member := range older {
			row("", "", "", member)
		}
	}
	return text.String()
}
