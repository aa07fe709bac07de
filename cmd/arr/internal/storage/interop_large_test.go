// SPDX-License-Identifier: MIT

//go:build interop

package storage_test

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/sas"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/cmd/arr/internal/storage"
	"github.com/arr-go/azremoterendering/internal/azurite"
)

// writeLarge writes a file whose blocks all differ.
func writeLarge(t *testing.T, path string, size int) {
	t.Helper()
	file, err := os.Create(path)
	require.NoError(t, err)
	defer file.Close()
	random := rand.NewChaCha8([32]byte{1})
	chunk := make([]byte, 1<<20)
	w := bufio.NewWriter(file)
	for range size / len(chunk) {
		_, _ = random.Read(chunk)
		_, err := w.Write(chunk)
		require.NoError(t, err)
	}
	require.NoError(t, w.Flush())
}

// inChild uploads in another process and returns the most memory it had, in kB.
func inChild(t *testing.T, server *azurite.Server, path string) int {
	t.Helper()
	command := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestInteropLargeFile$", "-test.v")
	command.Env = append(
		os.Environ(),
		"ARR_TEST_UPLOAD="+path,
		storage.VarConnectionString+"="+server.ConnectionString(),
	)
	output, err := command.CombinedOutput()
	require.NoErrorf(t, err, "%s", output)
	found := regexp.MustCompile(`peak (\d+) kB, sent (\d+) bytes`).FindStringSubmatch(string(output))
	require.NotNil(t, found, "%s", output)
	sent, err := strconv.Atoi(found[2])
	require.NoError(t, err)
	require.Less(t, sent, 700<<20, "blocks that had arrived were sent again")
	t.Logf("sent %d MB", sent>>20)
	peak, err := strconv.Atoi(found[1])
	require.NoError(t, err)
	return peak
}

// uploadAndTellMemory is what the other process does. It reads its peak of memory from Linux.
func uploadAndTellMemory(t *testing.T, path string) {
	a, err := storage.New(storage.FromEnvironment(os.Getenv))
	require.NoError(t, err)
	done, err := a.Upload(t.Context(), storage.Upload{Path: path, Container: onDisk})
	require.NoError(t, err)
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("needs /proc")
	}
	_, after, _ := strings.Cut(string(status), "VmHWM:")
	var peak int
	_, err = fmt.Sscanf(after, "%d", &peak)
	require.NoError(t, err)
	fmt.Printf("peak %d kB, sent %d bytes\n", peak, done.Bytes-done.BytesUnchanged)
}

// expired makes a signature that ended a minute ago, which the package itself does not make.
func expired(t *testing.T, server *azurite.Server, rights string) string {
	t.Helper()
	key, err := blob.NewSharedKeyCredential(azurite.Account, server.Key)
	require.NoError(t, err)
	query, err := sas.BlobSignatureValues{
		ContainerName: "models", Permissions: rights, Protocol: sas.ProtocolHTTPSandHTTP,
		StartTime: time.Now().Add(-time.Hour).UTC(), ExpiryTime: time.Now().Add(-time.Minute).UTC(),
	}.SignWithSharedKey(key)
	require.NoError(t, err)
	return query.Encode()
}
