// SPDX-License-Identifier: MIT

package storage

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"

	"github.com/arr-go/azremoterendering/internal/blobaccess"
)

// file is a local file and the blob that it becomes.
type file struct {
	path string // below the root, with slashes
	name string // of the blob
	size int64
}

// openSource opens the folder to upload, or that of the file to upload. name is empty for a folder.
func openSource(path string) (root *os.Root, name string, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, "", err
	}
	if info.IsDir() {
		root, err = os.OpenRoot(path)
		return root, "", err
	}
	if !info.Mode().IsRegular() {
		return nil, "", fmt.Errorf("%s is neither a folder nor a regular file", path)
	}
	root, err = os.OpenRoot(filepath.Dir(path))
	return root, filepath.Base(path), err
}

// files lists the regular files in root, or the one named. Symbolic links to files are followed
// within root. Links that lead out of it, and links to folders, are errors: to leave a part of a
// model out would show only later.
func files(root *os.Root, only, prefix string) ([]file, error) {
	if only != "" {
		info, err := root.Stat(only)
		if err != nil {
			return nil, err
		}
		return []file{{only, prefix + only, info.Size()}}, blobaccess.CheckName(prefix + only)
	}
	var list []file
	err := fs.WalkDir(root.FS(), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := root.Stat(filepath.FromSlash(path))
		if err != nil {
			return fmt.Errorf("cannot upload %s, a link that leads nowhere or out of the folder: %w", path, err)
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("cannot upload %s: it is neither a regular file nor a link to one", path)
		}
		list = append(list, file{path, prefix + path, info.Size()})
		return blobaccess.CheckName(prefix + path)
	})
	return list, err
}

// stored is a blob that exists.
type stored struct {
	size int64
	md5  string // the bytes; empty if unknown
}

// existing lists the blobs under a prefix.
func existing(ctx context.Context, client *container.Client, prefix string) (map[string]stored, error) {
	blobs := map[string]stored{}
	pager := client.NewListBlobsFlatPager(&container.ListBlobsFlatOptions{Prefix: &prefix})
	for pager.More() {
		page, err := pager.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		if page.Segment == nil {
			continue
		}
		for _, item := range page.Segment.BlobItems {
			if item == nil || item.Name == nil || item.Properties == nil || item.Properties.ContentLength == nil {
				continue
			}
			blobs[*item.Name] = stored{*item.Properties.ContentLength, string(item.Properties.ContentMD5)}
		}
	}
	return blobs, nil
}
