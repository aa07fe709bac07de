// SPDX-License-Identifier: MIT

package config

import (
	"cmp"
	"strings"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/input"
	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
)

// Conversion are the settings of a conversion. Texts are as their user has written them.
type Conversion struct {
	// LocalFolder is the folder or file to upload.
	LocalFolder string
	// InputContainer and OutputContainer are names, or addresses of containers.
	InputContainer, OutputContainer string
	InputFolder, OutputFolder       string
	// Asset is the path of the model below InputFolder. OutputName may be empty.
	Asset, OutputName string
	// UseSAS says that the service gets a SAS for both containers. Otherwise it uses linked
	// storage.
	UseSAS bool
	// InputSAS and OutputSAS are signatures from elsewhere. They are secrets.
	InputSAS, OutputSAS string
}

// Conversion returns the settings of a conversion.
func (s *Settings) Conversion() (Conversion, error) {
	var c Conversion
	for _, setting := range []struct {
		name  Name
		field *string
	}{
		{LocalFolder, &c.LocalFolder},
		{InputContainer, &c.InputContainer},
		{OutputContainer, &c.OutputContainer},
		{InputFolder, &c.InputFolder},
		{OutputFolder, &c.OutputFolder},
		{Asset, &c.Asset},
		{OutputName, &c.OutputName},
		{InputSAS, &c.InputSAS},
		{OutputSAS, &c.OutputSAS},
	} {
		value, err := s.get(setting.name)
		if err != nil {
			return Conversion{}, err
		}
		text := strings.TrimSpace(value.Text)
		if !setting.name.Secret() && setting.name != LocalFolder && mayHoldSAS(text) {
			return Conversion{}, mistake(
				"%s has a ?, = or &: a SAS does not belong there; set %s or %s, or give --%s",
				value.Source, InputSAS.variable(), OutputSAS.variable(), UseSAS,
			)
		}
		*setting.field = text
	}
	var err error
	c.UseSAS, err = parse(s, UseSAS, false, parseBool)
	s.sendsSAS = c.UseSAS || c.InputSAS != "" || c.OutputSAS != ""
	return c, err
}

// storageSecrets are the ways to sign in to storage other than by Entra. They exclude each other.
var storageSecrets = []Name{StorageKey, StorageSAS, StorageConnectionString, StorageSecretFile}

// Storage returns how to reach the storage account. ok is false if nothing names one. Without a
// secret, the sign-in is by Microsoft Entra ID, for which the caller sets Credential.
func (s *Settings) Storage() (settings storage.Settings, ok bool, err error) {
	account, err := s.get(StorageAccount)
	if err != nil {
		return settings, false, err
	}
	endpoint, err := s.get(StorageEndpoint)
	if err != nil {
		return settings, false, err
	}
	name, secret, err := s.choose(storageSecrets...)
	if err == nil {
		err = secret.check()
	}
	if err != nil {
		return settings, false, err
	}
	settings.Account, settings.Endpoint = account.Text, endpoint.Text
	text := secret.Text
	if name == StorageSecretFile {
		if name, text, err = readStorageSecret(secret); err != nil {
			return settings, false, err
		}
	}
	switch name {
	case StorageKey:
		settings.Key = text
	case StorageSAS:
		settings.SAS = text
	case StorageConnectionString:
		settings.ConnectionString = text
	}
	ok = cmp.Or(settings.Account, settings.Endpoint, settings.ConnectionString) != ""
	return settings, ok, nil
}

// readStorageSecret reads a file with a connection string, a SAS or an account key, and tells which
// it is.
func readStorageSecret(file Value) (Name, string, error) {
	content, err := input.ReadFile(file.Text)
	if err != nil {
		return "", "", mistake("%s: %w", file.Source, err)
	}
	text := strings.TrimSpace(strings.TrimPrefix(string(content), "\ufeff"))
	lower := strings.ToLower(text)
	switch {
	case text == "":
		return "", "", mistake("%s: file %s is empty", file.Source, file.Text)
	case strings.Contains(text, "\n"):
		return "", "", mistake("%s: file %s has more than one line", file.Source, file.Text)
	case strings.Contains(lower, "accountkey="), strings.Contains(lower, "sharedaccesssignature="),
		strings.HasPrefix(lower, "usedevelopmentstorage="):
		return StorageConnectionString, text, nil
	case strings.Contains(lower, "sig="):
		return StorageSAS, text, nil
	default:
		return StorageKey, text, nil
	}
}

// mayHoldSAS reports whether a text has what a SAS or a connection string has, and names, folders
// and addresses of containers have not.
func mayHoldSAS(text string) bool { return strings.ContainsAny(text, "?=&") }

// StorageSignIn returns how to sign in to storage by Microsoft Entra: as to the service, if that
// is by Entra too, else with any identity found.
func (s *Settings) StorageSignIn() (Target, error) {
	t := Target{SignIn: SignInEntra}
	if auth, err := s.get(Auth); err != nil {
		return Target{}, err
	} else if how := SignIn(auth.Text); how != SignInKey && how != SignInToken && how != "" {
		t.SignIn = how
	}
	for name, field := range map[Name]*string{Tenant: &t.Tenant, ClientID: &t.ClientID} {
		value, err := s.get(name)
		if err != nil {
			return Target{}, err
		}
		*field = value.Text
	}
	return t, nil
}
