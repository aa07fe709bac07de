// SPDX-License-Identifier: MIT

// Package storage keeps the files of conversions in Azure Blob storage: it signs in, uploads what
// has changed, makes the signatures (SAS) that the service works with, and reads results.
package storage

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/service"

	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

// The environment variables of FromEnvironment. They are those of the Azure CLI.
const (
	VarAccount          = "AZURE_STORAGE_ACCOUNT"
	VarKey              = "AZURE_STORAGE_KEY"
	VarConnectionString = "AZURE_STORAGE_CONNECTION_STRING"
	VarSAS              = "AZURE_STORAGE_SAS_TOKEN"
	VarEndpoint         = "AZURE_STORAGE_SERVICE_ENDPOINT"
)

// Settings say which storage account to use, and how to sign in. Set at most one of Key, SAS and
// ConnectionString; with none of them, the sign-in is by Microsoft Entra ID.
type Settings struct {
	// Account is the name of the storage account.
	Account string
	// Endpoint is the address of its Blob service. By default it is
	// https://<account>.blob.core.windows.net; other clouds and emulators have others.
	Endpoint string
	// Key is an account key, in Base64. With Entra and with a key, signatures can be made.
	Key string
	// SAS is a signature for the account or for a container. It is used as it is.
	SAS string
	// ConnectionString names account, endpoint and key or SAS at once, as the portal shows it.
	ConnectionString string
	// Credential signs in by Entra. Nil means azidentity.NewDefaultAzureCredential.
	Credential azcore.TokenCredential
	// ClientOptions are those of the requests.
	ClientOptions azcore.ClientOptions
}

// FromEnvironment reads settings from environment variables, by a function such as os.Getenv.
func FromEnvironment(getenv func(string) string) Settings {
	return Settings{
		Account: getenv(VarAccount), Endpoint: getenv(VarEndpoint), Key: getenv(VarKey),
		SAS: getenv(VarSAS), ConnectionString: getenv(VarConnectionString),
	}
}

// Format writes the account, the endpoint and the kind of sign-in, for every verb, and no secret.
func (s Settings) Format(f fmt.State, _ rune) {
	kind := "Entra"
	switch {
	case s.ConnectionString != "":
		kind = "connection string"
	case s.Key != "":
		kind = "account key"
	case s.SAS != "":
		kind = "SAS"
	}
	_, _ = fmt.Fprintf(f, "{account %q, endpoint %q, sign-in by %s}", s.Account, s.Endpoint, kind)
}

// MarshalText returns what Format writes.
func (s Settings) MarshalText() ([]byte, error) { return []byte(fmt.Sprint(s)), nil }

// Account is a storage account that is signed in to. It is safe for concurrent use.
type Account struct {
	name     string
	endpoint *url.URL
	client   *service.Client
	key      *blob.SharedKeyCredential
	sas      blobaccess.SAS
}

// New makes an Account. It sends no request. Its errors hold no secret.
func New(settings Settings) (*Account, error) {
	if err := settings.resolve(); err != nil {
		return nil, err
	}
	endpoint, err := parseEndpoint(settings.Endpoint)
	if err != nil {
		return nil, err
	}
	a := &Account{name: settings.Account, endpoint: endpoint}
	if settings.SAS != "" {
		if a.sas, err = blobaccess.ParseSAS(settings.SAS); err != nil {
			return nil, err
		}
	}
	options := &service.ClientOptions{ClientOptions: blobaccess.Options(settings.ClientOptions, a.sas)}
	switch {
	case settings.SAS != "":
		a.client, err = service.NewClientWithNoCredential(endpoint.String(), options)
	case settings.Key != "":
		if a.key, err = blob.NewSharedKeyCredential(a.name, settings.Key); err != nil {
			return nil, errors.New("the account key of the storage account is not Base64")
		}
		a.client, err = service.NewClientWithSharedKeyCredential(endpoint.String(), a.key, options)
	default:
		credential := settings.Credential
		if credential == nil {
			if credential, err = azidentity.NewDefaultAzureCredential(nil); err != nil {
				return nil, err
			}
		}
		a.client, err = service.NewClient(endpoint.String(), signIn{credential}, options)
	}
	return a, blobaccess.Wrap("use storage account "+a.name, err)
}

// signIn is a credential whose errors are told apart from those of storage.
type signIn struct{ azcore.TokenCredential }

func (s signIn) GetToken(ctx context.Context, o policy.TokenRequestOptions) (azcore.AccessToken, error) {
	token, err := s.TokenCredential.GetToken(ctx, o)
	if err != nil {
		err = &blobaccess.SignInError{Err: err}
	}
	return token, err
}

// resolve reads the connection string, and fills in the endpoint or the account.
func (s *Settings) resolve() error {
	if s.ConnectionString != "" {
		if s.Key != "" || s.SAS != "" {
			return fmt.Errorf("the connection string says how to sign in; leave %s and %s unset", VarKey, VarSAS)
		}
		if err := s.parseConnectionString(); err != nil {
			return err
		}
	}
	if s.Key != "" && s.SAS != "" {
		return fmt.Errorf("there are an account key and a SAS; set %s or %s", VarKey, VarSAS)
	}
	if s.Account == "" && s.Endpoint == "" {
		return fmt.Errorf("there is no storage account; set %s or %s", VarAccount, VarConnectionString)
	}
	if s.Endpoint == "" {
		if !isAccountName(s.Account) {
			return errors.New("the name of the storage account must be 3 to 24 lower-case letters and digits")
		}
		s.Endpoint = "https://" + s.Account + ".blob.core.windows.net"
	}
	if s.Account == "" {
		s.Account = accountOf(s.Endpoint)
	}
	return nil
}

func isAccountName(name string) bool {
	for _, c := range name {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9') {
			return false
		}
	}
	return len(name) >= 3 && len(name) <= 24
}

// accountOf takes the name of the account from an endpoint. Addresses of emulators have it in the
// path.
func accountOf(endpoint string) string {
	address, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	if blobaccess.PathStyle(address) {
		return strings.Trim(address.Path, "/")
	}
	name, _, _ := strings.Cut(address.Hostname(), ".")
	return name
}

// The well-known account of the storage emulators (Azurite documentation).
const (
	developmentAccount  = "devstoreaccount1"
	developmentKey      = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
	developmentEndpoint = "http://127.0.0.1:10000/" + developmentAccount
)

func (s *Settings) parseConnectionString() error {
	parts := map[string]string{}
	for part := range strings.SplitSeq(s.ConnectionString, ";") {
		name, value, ok := strings.Cut(part, "=")
		if !ok && strings.TrimSpace(part) != "" {
			return errors.New("the connection string has a part without =")
		}
		parts[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
	}
	if strings.EqualFold(parts["usedevelopmentstorage"], "true") {
		s.Account, s.Key, s.Endpoint = developmentAccount, developmentKey, developmentEndpoint
		return nil
	}
	s.Key, s.SAS = parts["accountkey"], parts["sharedaccesssignature"]
	if s.Key == "" && s.SAS == "" {
		return errors.New("the connection string has neither AccountKey nor SharedAccessSignature")
	}
	if name := parts["accountname"]; name != "" {
		s.Account = name
	}
	switch {
	case parts["blobendpoint"] != "":
		s.Endpoint = parts["blobendpoint"]
	case s.Account != "":
		s.Endpoint = orElse(parts["defaultendpointsprotocol"], "https") + "://" + s.Account + ".blob." +
			orElse(parts["endpointsuffix"], "core.windows.net")
	}
	return nil
}

func orElse(value, fallback string) string {
	if value != "" {
		return value
	}
	return fallback
}

func parseEndpoint(text string) (*url.URL, error) {
	address, err := url.Parse(text)
	if err != nil || address.Host == "" || address.Scheme != "https" && address.Scheme != "http" {
		return nil, errors.New("the Blob endpoint is not a URL of http or https")
	}
	if address.RawQuery != "" || address.User != nil {
		return nil, fmt.Errorf("the Blob endpoint has a query or a password; set a SAS by %s", VarSAS)
	}
	if address.Scheme == "http" && !blobaccess.PathStyle(address) &&
		!strings.HasSuffix(address.Hostname(), ".localhost") {
		return nil, errors.New("the Blob endpoint is http; only emulators may be, others need https")
	}
	address.Path, address.RawPath = strings.TrimSuffix(address.Path, "/"), ""
	return address, nil
}
