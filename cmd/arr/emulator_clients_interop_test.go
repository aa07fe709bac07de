// SPDX-License-Identifier: MIT

//go:build interop

package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/connect"
)

const (
	javaSources      = "../../emulator/testdata/interop/java"
	copyDependencies = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
)

// javaSteps is what the program must print.
const javaSteps = `create: IN_PROGRESS
wait: java-1 Standard Ready 4 min, host true, ports true
get: java-1 Standard Ready 4 min, host true, ports true
update: java-1 Standard Ready 5 min, host true, ports true
list: [java-1]
conflict: refused with 409
shorten: refused with 422
stop: 204
get stopped: Stopped
async create: java-2 Standard Ready 4 min, host true, ports true
async get: java-2 Standard Ready 4 min, host true, ports true
async update: java-2 Standard Ready 5 min, host true, ports true
async list: [java-2]
async conflict: refused with 409
async shorten: refused with 422
async stop: 204
async get stopped: Stopped
async get unknown: refused with 404
get unknown: refused with 404
update unknown: refused with 404
stop unknown: refused with 404
malformed id: refused with 400
pages: [2, 2, 1]
async pages: [2, 2, 1]
wrong key: refused with 401
async wrong key: refused with 401
token: Stopped
async token: Stopped
damaged token: refused with 401
`

// TestInteropJava runs the official client for Java, unchanged, against arr emulator over TLS. Its
// synchronous client is made by the line that the help prints. Nobody needs to be root: the JVM
// reads a hosts file of the test's, and a trust store with the emulator's authority.
//
// Maven puts the client and what it depends on below the user's cache folder, once for each content
// of pom.xml.
func TestInteropJava(t *testing.T) {
	libraries := filepath.Join(javaLibraries(t), "*")
	folder := t.TempDir()
	source := filepath.Join(folder, "Connect.java")
	printed := connect.Named("Java")
	code := fmt.Appendf(nil, "%s\n\nfinal class Connect {\nstatic RemoteRenderingClient client() { return %s; }\n}\n",
		printed.Before, printed.Code(true))
	require.NoError(t, os.WriteFile(source, code, 0o600))
	runTool(t, nil, "javac", "-cp", libraries, "-d", folder, source, filepath.Join(javaSources, "Interop.java"))

	_, c := startEmulator(t, nil, "--tls", "--domain", "arr.test", "--ca-dir", t.TempDir(),
		"--startup-time", "500ms", "--page-size", "2")
	hosts := filepath.Join(folder, "hosts")
	names := "127.0.0.1 sts.arr.test remoterendering.westeurope.arr.test\n"
	require.NoError(t, os.WriteFile(hosts, []byte(names), 0o600))
	trust := filepath.Join(folder, "trust.p12")
	runTool(t, nil, "keytool", "-importcert", "-noprompt", "-alias", "arr-emulator", "-file", c.CAFile,
		"-keystore", trust, "-storetype", "PKCS12", "-storepass", "changeit")

	environment := []string{"ARR_ACCESS_TOKEN=" + tokenOverTLS(t, c)}
	for _, v := range c.variables() {
		environment = append(environment, v.name+"="+v.value)
	}
	output := runTool(t, environment, "java", "-Djdk.net.hosts.file="+hosts, "-Djavax.net.ssl.trustStore="+trust,
		"-Djavax.net.ssl.trustStorePassword=changeit", "-cp", folder+string(os.PathListSeparator)+libraries, "Interop")
	assert.Equal(t, javaSteps, output)
}

// withAndWithoutTLS runs a test against an emulator with TLS and one without.
func withAndWithoutTLS(t *testing.T, test func(t *testing.T, tls bool, environment []string)) {
	t.Helper()
	for tls, flags := range map[bool][]string{false: nil, true: {"--tls", "--ca-dir", t.TempDir()}} {
		t.Run(fmt.Sprintf("tls=%t", tls), func(t *testing.T) {
			_, c := startEmulator(t, nil, flags...)
			environment := []string{"SSL_CERT_FILE=" + c.CAFile}
			for _, v := range c.variables() {
				environment = append(environment, v.name+"="+v.value)
			}
			test(t, tls, environment)
		})
	}
}

// TestInteropCurl gets a token with the line that the help and the status page show.
func TestInteropCurl(t *testing.T) {
	withAndWithoutTLS(t, func(t *testing.T, tls bool, environment []string) {
		t.Helper()
		var answer struct{ AccessToken string }
		output := runTool(t, environment, "sh", "-c",
			connect.Named("curl").Text(tls)+" --silent --show-error --fail")
		require.NoError(t, json.Unmarshal([]byte(output), &answer), output)
		assert.NotEmpty(t, answer.AccessToken)
	})
}

const goProgram = `package main

import (
	"context"
	"fmt"
)

%s

func main() {
	%s%s
	if err != nil {
		panic(err)
	}
	_, err = client.Get(context.Background(), "nothing", nil)
	fmt.Print(err)
}
`

// TestInteropGo compiles and runs the lines for Go that the help and the status page show.
func TestInteropGo(t *testing.T) {
	withAndWithoutTLS(t, func(t *testing.T, tls bool, environment []string) {
		t.Helper()
		printed := connect.Named("Go")
		program := filepath.Join(t.TempDir(), "main.go")
		code := fmt.Appendf(nil, goProgram, printed.Before, printed.Assign, printed.Code(tls))
		require.NoError(t, os.WriteFile(program, code, 0o600))
		assert.Contains(t, runTool(t, environment, "go", "run", program), "404")
	})
}

// javaLibraries returns a folder with the client for Java and all that it needs.
func javaLibraries(t *testing.T) string {
	t.Helper()
	pom, err := os.ReadFile(filepath.Join(javaSources, "pom.xml"))
	require.NoError(t, err)
	root, err := os.UserCacheDir()
	if err != nil {
		root = t.TempDir() // a user without a home
	}
	root = filepath.Join(root, "arr-go-azremoterendering")
	require.NoError(t, os.MkdirAll(root, 0o700))
	folder := filepath.Join(root, fmt.Sprintf("interop-java-%.12x", sha256.Sum256(pom)))
	if _, err := os.Stat(folder); err == nil {
		return folder
	}
	// A finished folder appears in one step, so that one that is there is complete.
	draft, err := os.MkdirTemp(root, "draft-")
	require.NoError(t, err)
	defer func() { assert.NoError(t, os.RemoveAll(draft)) }()
	runTool(t, nil, "mvn", "-q", "-B", "-f", filepath.Join(javaSources, "pom.xml"), copyDependencies,
		"-DoutputDirectory="+draft)
	if err := os.Rename(draft, folder); err != nil {
		require.DirExists(t, folder, "cannot move the libraries to their place: %v", err)
	}
	return folder
}

// tokenOverTLS gets a token from the emulator, as a program would that gives it to devices.
func tokenOverTLS(t *testing.T, c connection) string {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		c.STSEndpoint+"/Accounts/"+c.AccountID+"/token", nil)
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+c.AccountID+":"+c.AccountKey)
	response, err := trusting(t, c.CAFile).Do(request)
	require.NoError(t, err)
	defer func() { assert.NoError(t, response.Body.Close()) }()
	var answer struct{ AccessToken string }
	require.NoError(t, json.NewDecoder(response.Body).Decode(&answer))
	return answer.AccessToken
}

// runTool runs a program that must succeed, and returns its standard output.
func runTool(t *testing.T, environment []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), environment...)
	cmd.WaitDelay = time.Second
	var problems strings.Builder
	cmd.Stderr = &problems
	output, err := cmd.Output()
	require.NoErrorf(t, err, "%s failed (Java needs JDK 17 and Maven):\n%s\n%s", name, output, &problems)
	return string(output)
}
