// SPDX-License-Identifier: MIT

package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/bloberror"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

// Name returns the name of the account.
func (a *Account) Name() string { return a.name }

// ContainerURL returns the address of a container, as conversions take it.
func (a *Account) ContainerURL(name string) string { return a.endpoint.JoinPath(name).String() }

// BlobURL returns the address of a blob, escaped, without a SAS.
func (a *Account) BlobURL(containerName, blobName string) string {
	return blobaccess.BlobURL(a.endpoint.JoinPath(containerName), blobName)
}

// Open returns a client for a container of the account, by its address. The client is signed in as
// the account is.
func (a *Account) Open(containerURL string) (*container.Client, error) {
	address, err := blobaccess.ParseContainerURL(containerURL)
	if err != nil {
		return nil, err
	}
	name := path.Base(address.Path)
	if a.ContainerURL(name) != address.String() {
		return nil, fmt.Errorf("%s is not a container of storage account %s", address, a.name)
	}
	return a.container(name)
}

func (a *Account) container(name string) (*container.Client, error) {
	if err := checkContainerName(name); err != nil {
		return nil, err
	}
	return a.client.NewContainerClient(name), nil
}

// checkContainerName checks a name against the rules of storage: 3 to 63 lower-case letters, digits
// and single hyphens, with a letter or a digit at both ends.
func checkContainerName(name string) error {
	ok := len(name) >= 3 && len(name) <= 63
	last := '-'
	for _, c := range name {
		ok = ok && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-' && last != '-')
		last = c
	}
	if !ok || last == '-' {
		return fmt.Errorf(
			"%q is not a name of a container: use 3 to 63 lower-case letters, digits and single hyphens",
			name,
		)
	}
	return nil
}

// CreateContainer creates a private container unless it exists. A SAS of a container cannot do
// that.
func (a *Account) CreateContainer(ctx context.Context, name string) (created bool, err error) {
	client, err := a.container(name)
	if err != nil {
		return false, err
	}
	_, err = client.Create(ctx, nil)
	if bloberror.HasCode(err, bloberror.ContainerAlreadyExists) {
		return false, nil
	}
	return err == nil, blobaccess.Wrap("create container "+name, err)
}

// MaxRead is how much Read reads of a blob by default, in bytes.
const MaxRead = 16 << 20

// ErrTooLarge is the error of Read for a blob that is larger than the limit.
var ErrTooLarge = errors.New("the blob is larger than expected")

// Read returns the content of a small blob, such as an info file. limit is in bytes; 0 means
// MaxRead.
func (a *Account) Read(ctx context.Context, containerName, name string, limit int64) ([]byte, error) {
	client, err := a.container(containerName)
	if err != nil {
		return nil, err
	}
	doing := "read " + containerName + "/" + name
	resp, err := client.NewBlobClient(name).DownloadStream(ctx, nil)
	if err != nil {
		return nil, blobaccess.Wrap(doing, err)
	}
	body := resp.NewRetryReader(ctx, nil)
	defer body.Close()
	if limit <= 0 {
		limit = MaxRead
	}
	content, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && int64(len(content)) > limit {
		return nil, fmt.Errorf("cannot %s: %w: more than %d bytes", doing, ErrTooLarge, limit)
	}
	return content, blobaccess.Wrap(doing, err)
}
