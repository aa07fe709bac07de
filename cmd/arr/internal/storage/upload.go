// SPDX-License-Identifier: MIT

package storage

import (
	"context"
	"crypto/md5"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/blockblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"golang.org/x/sync/errgroup"

	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

const (
	usualParallel = 8
	maxParallel   = 64
	maxAtOnce     = 32 << 20 // a larger file goes in blocks
	blockSize     = 8 << 20
	maxBlocks     = 50_000 // of a blob, by the rules of storage
)

// Upload says what to upload, and where to.
type Upload struct {
	// Path is a folder, of which everything is uploaded, or one file.
	Path string
	// Container must exist. Prefix is the folder in it; empty means its root.
	Container, Prefix string
	// Parallel is how many requests are in flight at most: 1 to 64, by default 8.
	Parallel int
	// Progress, if not nil, is called about ten times a second and once at the end, one call at a
	// time. It must return quickly.
	Progress func(Progress)
}

// Upload uploads the files that storage does not have, or has with another content. A file is
// unchanged if its blob has the same size and the same MD5. Every upload leaves an MD5, and storage
// checks it: a file that changes on its way is an error. Blobs that have no file are left alone.
//
// An upload that was interrupted goes on where it stopped when it is repeated: files that arrived
// are unchanged, and of a large file, the blocks that arrived are not sent again for a week.
//
// Memory is about 300 bytes for each file and blob under the prefix, and 100 KB for each request in
// flight. The size of files does not matter. The account needs to list, read and write.
func (a *Account) Upload(ctx context.Context, what Upload) (Progress, error) {
	client, err := a.container(what.Container)
	if err != nil {
		return Progress{}, err
	}
	if what.Parallel == 0 {
		what.Parallel = usualParallel
	}
	if what.Parallel < 1 || what.Parallel > maxParallel {
		return Progress{}, fmt.Errorf("an upload has 1 to %d requests in flight, not %d", maxParallel, what.Parallel)
	}
	prefix, err := blobaccess.CleanPrefix(what.Prefix)
	if err != nil {
		return Progress{}, err
	}
	root, only, err := openSource(what.Path)
	if err != nil {
		return Progress{}, err
	}
	defer root.Close()
	list, err := files(root, only, prefix)
	if err != nil {
		return Progress{}, err
	}
	blobs, err := existing(ctx, client, prefix+only)
	if err != nil {
		return Progress{}, blobaccess.Wrap("list container "+what.Container, err)
	}
	u := &upload{
		client: client, root: root, blobs: blobs, parallel: what.Parallel,
		slots: make(chan struct{}, what.Parallel), meter: &meter{report: what.Progress},
	}
	return u.run(ctx, list)
}

// upload is one run of Upload.
type upload struct {
	client   *container.Client
	root     *os.Root
	blobs    map[string]stored
	parallel int
	slots    chan struct{} // requests in flight
	meter    *meter
}

func (u *upload) run(ctx context.Context, list []file) (Progress, error) {
	for _, f := range list {
		u.meter.now.Bytes += f.size
	}
	u.meter.now.Files = len(list)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(u.parallel)
	for _, f := range list {
		group.Go(func() error { return u.file(ctx, f) })
	}
	err := group.Wait()
	return u.meter.finish(), err
}

// file uploads one file unless it is unchanged.
func (u *upload) file(ctx context.Context, f file) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	source, err := u.root.Open(filepath.FromSlash(f.path))
	if err != nil {
		return err
	}
	defer source.Close()
	content, err := digestOf(ctx, source, f.size)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", f.path, err)
	}
	if have, ok := u.blobs[f.name]; ok && have.size == f.size && have.md5 == string(content.sum) {
		u.meter.add(func(p *Progress) {
			p.FilesDone++
			p.FilesUnchanged++
			p.BytesDone += f.size
			p.BytesUnchanged += f.size
		})
		return nil
	}
	client := u.client.NewBlockBlobClient(f.name)
	if content.blocks == nil {
		err = u.whole(ctx, client, source, f.size, content.sum)
	} else {
		err = u.inBlocks(ctx, client, source, content)
	}
	if err != nil {
		return blobaccess.Wrap("upload "+f.name, err)
	}
	u.meter.add(func(p *Progress) { p.FilesDone++ })
	return nil
}

func (u *upload) whole(
	ctx context.Context,
	client *blockblob.Client,
	source io.ReaderAt,
	size int64,
	sum []byte,
) error {
	return u.send(ctx, func() error {
		_, err := client.Upload(ctx, u.body(source, 0, size), &blockblob.UploadOptions{
			HTTPHeaders:             &blob.HTTPHeaders{BlobContentMD5: sum},
			TransactionalValidation: blob.TransferValidationTypeMD5(sum),
		})
		return err
	})
}

// inBlocks sends the blocks that storage does not hold yet, then makes a blob of all of them.
func (u *upload) inBlocks(ctx context.Context, client *blockblob.Client, source io.ReaderAt, content *digest) error {
	arrived := u.arrived(ctx, client)
	group, sending := errgroup.WithContext(ctx)
	group.SetLimit(u.parallel)
	ids := make([]string, len(content.blocks))
	for i, sum := range content.blocks {
		ids[i] = blockID(i, sum)
		offset := int64(i) * content.each
		size := min(content.each, content.size-offset)
		if arrived[ids[i]] == size {
			u.meter.add(func(p *Progress) { p.BytesDone += size; p.BytesUnchanged += size })
			continue
		}
		group.Go(func() error {
			return u.send(sending, func() error {
				_, err := client.StageBlock(
					sending,
					ids[i],
					u.body(source, offset, size),
					&blockblob.StageBlockOptions{
						TransactionalValidation: blob.TransferValidationTypeMD5(sum[:]),
					},
				)
				return err
			})
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return u.send(ctx, func() error {
		_, err := client.CommitBlockList(ctx, ids, &blockblob.CommitBlockListOptions{
			HTTPHeaders: &blob.HTTPHeaders{BlobContentMD5: content.sum},
		})
		return err
	})
}

// arrived returns the sizes of blocks that an interrupted upload left. If storage does not tell,
// all are sent.
func (u *upload) arrived(ctx context.Context, client *blockblob.Client) map[string]int64 {
	list, err := client.GetBlockList(ctx, blockblob.BlockListTypeUncommitted, nil)
	if err != nil {
		return nil
	}
	sizes := map[string]int64{}
	for _, block := range list.UncommittedBlocks {
		if block.Name != nil && block.Size != nil {
			sizes[*block.Name] = *block.Size
		}
	}
	return sizes
}

// send performs a request when fewer than the limit are in flight.
func (u *upload) send(ctx context.Context, request func() error) error {
	select {
	case u.slots <- struct{}{}:
		defer func() { <-u.slots }()
		return request()
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (u *upload) body(source io.ReaderAt, offset, size int64) *body {
	return &body{SectionReader: io.NewSectionReader(source, offset, size), meter: u.meter}
}

// digest is the MD5 of a file, and for one that goes in blocks, of each block.
type digest struct {
	size, each int64
	sum        []byte
	blocks     [][md5.Size]byte
}

// digestOf reads a file once. MD5 is what storage keeps and checks; it protects against accidents.
func digestOf(ctx context.Context, source io.Reader, size int64) (*digest, error) {
	d := &digest{size: size, each: max(blockSize, (size+maxBlocks-1)/maxBlocks)}
	total := md5.New()
	buffer := make([]byte, 32<<10)
	for offset := int64(0); offset < size || offset == 0; offset += d.each {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		part := md5.New()
		writer := io.Writer(total)
		if size > maxAtOnce {
			writer = io.MultiWriter(total, part)
		}
		want := min(d.each, size-offset)
		n, err := io.CopyBuffer(writer, io.LimitReader(onlyReader{source}, want), buffer)
		if err == nil && n < want {
			err = errors.New("the file became shorter")
		}
		if err != nil {
			return nil, err
		}
		if size > maxAtOnce {
			d.blocks = append(d.blocks, [md5.Size]byte(part.Sum(nil)))
		}
	}
	d.sum = total.Sum(nil)
	return d, nil
}

// onlyReader hides that a file can copy itself, which would not use the buffer.
type onlyReader struct{ io.Reader }

// blockID names a block after its place and its content. All are of one length, as storage wants.
func blockID(i int, sum [md5.Size]byte) string {
	return base64.StdEncoding.EncodeToString(fmt.Appendf(nil, "arr-%06d-%x", i, sum))
}
