// SPDX-License-Identifier: MIT

package blobconverter

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

const (
	window     = 4 << 20 // how much of a blob is read at once
	copyBlock  = 4 << 20
	copyInWork = 2 // blocks
	hashShown  = 8 // bytes of the hash in an info file
)

// list checks that the prefix can be listed, as the service does before it fetches what is under
// it.
func (f *folder) list(ctx context.Context) error {
	one := int32(1)
	pager := f.client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &f.prefix, MaxResults: &one})
	_, err := pager.NextPage(ctx)
	return f.failed("list "+f.prefix, err)
}

func (f *folder) failed(doing string, err error) error {
	if err == nil {
		return nil
	}
	return f.codes.fail(blobaccess.Wrap(doing, err))
}

// find opens a blob below the prefix for reading.
func (f *folder) find(ctx context.Context, name string) (*reader, error) {
	client := f.client.NewBlobClient(f.prefix + name)
	properties, err := client.GetProperties(ctx, nil)
	if err != nil {
		return nil, f.failed("find "+f.prefix+name, err)
	}
	if properties.ContentLength == nil {
		return nil, f.failed("find "+f.prefix+name, errors.New("storage tells no size"))
	}
	return &reader{
		ctx:  ctx,
		blob: client,
		name: f.prefix + name,
		size: *properties.ContentLength,
		etag: properties.ETag,
	}, nil
}

// read returns the content of a small blob.
func (f *folder) read(ctx context.Context, name string, limit int64) ([]byte, error) {
	source, err := f.find(ctx, name)
	if err != nil {
		return nil, err
	}
	if source.size > limit {
		return nil, f.failed("read "+f.prefix+name, fmt.Errorf("it has more than %d bytes", limit))
	}
	text, err := io.ReadAll(io.NewSectionReader(source, 0, source.size))
	if err != nil {
		return nil, f.codes.fail(err)
	}
	return text, nil
}

// write writes a small blob.
func (f *folder) write(ctx context.Context, name string, content []byte) error {
	_, err := f.client.NewBlockBlobClient(f.prefix+name).UploadBuffer(ctx, content, nil)
	return f.failed("write "+f.prefix+name, err)
}

// copyFrom copies a blob of the input, through this process: the two containers may be of different
// accounts, and a SAS of the input stays here. It returns a hash of the content.
func (f *folder) copyFrom(ctx context.Context, source *reader, name string) (hash string, err error) {
	sum := sha256.New()
	body := &markedReader{r: io.TeeReader(io.NewSectionReader(source, 0, source.size), sum)}
	_, err = f.client.NewBlockBlobClient(f.prefix+name).UploadStream(ctx, body, &blockblob.UploadStreamOptions{
		BlockSize: copyBlock, Concurrency: copyInWork,
	})
	if body.err != nil {
		return "", inputCodes.fail(body.err)
	}
	if err != nil {
		return "", f.failed("write "+f.prefix+name, err)
	}
	return fmt.Sprintf("%X", sum.Sum(nil)[:hashShown]), nil
}

// markedReader keeps the error of reading, to tell it from one of writing.
type markedReader struct {
	r   io.Reader
	err error
}

func (m *markedReader) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = err
	}
	return n, err
}

// reader reads a blob at any place, in windows of which it keeps the last. It is for one goroutine.
type reader struct {
	ctx  context.Context // of the conversion: io.ReaderAt has none
	blob *blob.Client
	name string
	size int64
	etag *azcore.ETag
	held []byte
	from int64
}

func (r *reader) ReadAt(p []byte, at int64) (n int, err error) {
	for n < len(p) {
		if at >= r.size {
			return n, io.EOF
		}
		if at < r.from || at >= r.from+int64(len(r.held)) {
			if err := r.fetch(at - at%window); err != nil {
				return n, blobaccess.Wrap("read "+r.name, err)
			}
		}
		copied := copy(p[n:], r.held[at-r.from:])
		n, at = n+copied, at+int64(copied)
	}
	return n, nil
}

// fetch reads the window that begins at from. A blob that has changed since it was found is an
// error.
func (r *reader) fetch(from int64) error {
	length := min(window, r.size-from)
	if int64(cap(r.held)) < length {
		r.held = make([]byte, 0, length)
	}
	resp, err := r.blob.DownloadStream(r.ctx, &blob.DownloadStreamOptions{
		Range: blob.HTTPRange{Offset: from, Count: length},
		AccessConditions: &blob.AccessConditions{
			ModifiedAccessConditions: &blob.ModifiedAccessConditions{IfMatch: r.etag},
		},
	})
	if err != nil {
		return err
	}
	body := resp.NewRetryReader(r.ctx, nil)
	defer body.Close()
	r.from, r.held = from, r.held[:length]
	if _, err := io.ReadFull(body, r.held); err != nil {
		r.held = r.held[:0]
		return err
	}
	return nil
}
