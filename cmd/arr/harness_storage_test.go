// SPDX-License-Identifier: MIT

package main

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/emulator"
	"github.com/arr-go/azremoterendering/emulator/conversion/blobconverter"
)

// testStorageKey is the key of a testStorage, in Base64.
var testStorageKey = base64.StdEncoding.EncodeToString([]byte("the-secret-key-of-storage"))

// wrongSignature is in a SAS that a testStorage refuses.
const wrongSignature = "d3JvbmctdGhlLXNlY3JldC1rZXk="

// testStorage is as much of Blob storage as arr needs, in memory. It checks no signature but looks
// at what a SAS allows. Tests with the tag interop use Azurite.
type testStorage struct {
	t      *testing.T
	server *httptest.Server

	mu         sync.Mutex
	containers map[string]map[string][]byte
	uploads    []string // in the order in which they came
	queries    []string // of all requests
}

func newTestStorage(t *testing.T, containers ...string) *testStorage {
	t.Helper()
	s := &testStorage{t: t, containers: map[string]map[string][]byte{}}
	for _, name := range containers {
		s.containers[name] = map[string][]byte{}
	}
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.server.Close)
	return s
}

func (s *testStorage) endpoint() string { return s.server.URL + "/mine" }

// environment names the storage and its key.
func (s *testStorage) environment() []string {
	return []string{
		"AZURE_STORAGE_CONNECTION_STRING=AccountName=mine;AccountKey=" + testStorageKey +
			";BlobEndpoint=" + s.endpoint(),
	}
}

// service is an emulator whose conversions work on the storage, and which is linked to it if linked
// says so.
func (s *testStorage) service(linked bool) *testService {
	s.t.Helper()
	options := blobconverter.Options{
		ClientOptions: azcore.ClientOptions{Transport: s.server.Client()},
	}
	if linked {
		account, err := storage.New(storage.Settings{
			Account: "mine", Endpoint: s.endpoint(), Key: testStorageKey,
		})
		require.NoError(s.t, err)
		options.Open = account.Open
	}
	service := newTestService(s.t, emulator.Options{Storage: blobconverter.New(options)})
	service.environment = append(service.environment, s.environment()...)
	return service
}

// blob returns the content of a blob, which exists.
func (s *testStorage) blob(container, name string) string {
	s.t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	content, ok := s.containers[container][name]
	require.True(s.t, ok, "%s/%s in %v", container, name, slices.Collect(maps.Keys(s.containers[container])))
	return string(content)
}

func (s *testStorage) uploaded() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	uploads := slices.Sorted(slices.Values(s.uploads))
	s.uploads = nil
	return uploads
}

func (s *testStorage) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.queries = append(s.queries, r.URL.RawQuery)
	path := strings.TrimPrefix(r.URL.Path, "/mine/")
	container, name, _ := strings.Cut(path, "/")
	query := r.URL.Query()
	needs := map[string]string{http.MethodGet: "r", http.MethodHead: "r", http.MethodPut: "w"}[r.Method]
	if query.Get("comp") == "list" {
		needs = "l"
	}
	w.Header().Set("x-ms-request-id", "REQUEST")
	switch blobs, exists := s.containers[container]; {
	case query.Get("sig") == wrongSignature || query.Get("sig") == "" && r.Header.Get("Authorization") == "":
		refuse(w, http.StatusForbidden, "AuthenticationFailed",
			"Server failed to authenticate the request. The signature was "+query.Get("sig")+".")
	case query.Get("sig") != "" && !strings.Contains(query.Get("sp"), needs):
		refuse(w, http.StatusForbidden, "AuthorizationPermissionMismatch",
			"This request is not authorized to perform this operation using this permission.")
	case query.Get("restype") == "container" && r.Method == http.MethodPut:
		if exists {
			refuse(w, http.StatusConflict, "ContainerAlreadyExists", "The specified container already exists.")
			return
		}
		s.containers[container] = map[string][]byte{}
		w.WriteHeader(http.StatusCreated)
	case !exists:
		refuse(w, http.StatusNotFound, "ContainerNotFound", "The specified container does not exist.")
	case query.Get("comp") == "list":
		listOf(w, blobs, query.Get("prefix"))
	case r.Method == http.MethodPut:
		content, _ := io.ReadAll(r.Body)
		blobs[name] = content
		s.uploads = append(s.uploads, container+"/"+name)
		w.WriteHeader(http.StatusCreated)
	default:
		content, ok := blobs[name]
		if !ok {
			refuse(w, http.StatusNotFound, "BlobNotFound", "The specified blob does not exist.")
			return
		}
		w.Header().Set("ETag", `"1"`)
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(string(content)))
	}
}

func refuse(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("x-ms-error-code", code)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<?xml version=\"1.0\"?><Error><Code>%s</Code><Message>", code)
	_ = xml.EscapeText(w, []byte(message))
	fmt.Fprint(w, "</Message></Error>")
}

func listOf(w http.ResponseWriter, blobs map[string][]byte, prefix string) {
	w.Header().Set("Content-Type", "application/xml")
	fmt.Fprint(w, `<?xml version="1.0"?><EnumerationResults><Blobs>`)
	for _, name := range slices.Sorted(maps.Keys(blobs)) {
		if sum := md5.Sum(blobs[name]); strings.HasPrefix(name, prefix) {
			fmt.Fprintf(w, "<Blob><Name>%s</Name><Properties><Content-Length>%d</Content-Length>"+
				"<Content-MD5>%s</Content-MD5></Properties></Blob>",
				name, len(blobs[name]), base64.StdEncoding.EncodeToString(sum[:]))
		}
	}
	fmt.Fprint(w, `</Blobs><NextMarker/></EnumerationResults>`)
}
