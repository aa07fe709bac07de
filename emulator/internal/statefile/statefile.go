// SPDX-License-Identifier: MIT

// Package statefile keeps the state of an emulator in a file: keys and values in buckets, written
// in groups, each of which is in the file as a whole or not at all, also after a crash of the
// process or the machine. The file is a database of bbolt. One process uses it at a time.
//
// The package does not know what the values mean. It does know the version of their format, because
// an old file is brought to the present version when it is opened, and a newer one is refused.
package statefile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// File is an open state file. It is safe for concurrent use.
type File struct {
	db   *bolt.DB
	path string
}

// Key names a value: a bucket, which is made when it is needed, and a key that is not empty.
type Key struct{ Bucket, Key string }

// Changes is what a write changes. A nil value removes the key.
type Changes map[Key][]byte

// A file of this package has this bucket, with the version of the format under versionKey.
var (
	ownBucket  = []byte("azremoterendering emulator")
	versionKey = []byte("version")
)

// lockTimeout is how long Open waits for another process to end: long enough for a restart.
const lockTimeout = 2 * time.Second

// Open opens the state file at a path, or makes it, for its user alone. It refuses symbolic links,
// whatever is not a regular file, files that this package did not make, damaged ones, and those
// that a newer version of this module has written. A file that it refuses is left as it is. It
// waits up to two seconds for another process that has the file open.
func Open(path string) (*File, error) { return open(path, migrations) }

func open(path string, migrations []migration) (*File, error) {
	err := prepare(path, version(migrations))
	if err != nil {
		return nil, fail(path, "open", err)
	}
	f := &File{path: path}
	err = protect(func() error {
		if err := f.check(migrations); err != nil {
			return err
		}
		f.db, err = openDatabase(path, false)
		if err != nil {
			return err
		}
		return f.migrate(migrations)
	})
	if err != nil {
		if f.db != nil {
			_ = f.db.Close()
		}
		return nil, fail(path, "open", err)
	}
	return f, nil
}

// prepare makes the file if there is none, and refuses what is there and cannot be one.
func prepare(path string, version uint64) error {
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return create(path, version)
	case err != nil:
		return err
	case info.Mode()&fs.ModeSymlink != 0:
		return errors.New("it is a symbolic link; give the path that it leads to")
	case info.IsDir():
		return errors.New("it is a folder; give the path of a file in it")
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	case info.Size() == 0:
		if err := os.Remove(path); err != nil {
			return err
		}
		return create(path, version)
	}
	return nil
}

// create makes an empty state file. It appears at its path complete, so that a crash leaves none
// that would be refused later.
func create(path string, version uint64) (err error) {
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return notMade(path, err)
	}
	defer func() { _ = os.Remove(draft.Name()) }()
	if err := draft.Close(); err != nil {
		return notMade(path, err)
	}
	db, err := openDatabase(draft.Name(), false)
	if err != nil {
		return notMade(path, err)
	}
	err = db.Update(func(tx *bolt.Tx) error { return writeVersion(tx, version) })
	if err = errors.Join(err, db.Close()); err != nil {
		return notMade(path, err)
	}
	// Unlike a rename, a link does not replace the file of another emulator that starts meanwhile.
	if err := os.Link(draft.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(draft.Name(), path); err != nil { // a file system without links
			return notMade(path, err)
		}
	}
	return syncFolder(filepath.Dir(path))
}

// notMade returns an error about making the file, without the path of its draft, which says nothing
// to the user.
func notMade(path string, err error) error {
	return fmt.Errorf("cannot make a file in folder %q: %w", filepath.Dir(path), causeOf(err))
}

// causeOf returns the cause of an error about a path.
func causeOf(err error) error {
	if about, ok := errors.AsType[*fs.PathError](err); ok {
		return about.Err
	}
	return err
}

func openDatabase(path string, readOnly bool) (db *bolt.DB, err error) {
	var file *os.File
	defer func() {
		if db == nil && file != nil {
			_ = file.Close() // opening failed, perhaps by a panic
		}
	}()
	db, err = bolt.Open(path, 0o600, &bolt.Options{
		Timeout:      lockTimeout,
		ReadOnly:     readOnly,
		FreelistType: bolt.FreelistMapType,
		NoStatistics: true,
		OpenFile: func(path string, flags int, mode os.FileMode) (_ *os.File, err error) {
			file, err = openRegular(path, flags, mode)
			return file, err
		},
	})
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return nil, fmt.Errorf("%s uses it: end that, or give another file", holder(path))
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrVersionMismatch):
		return nil, errForeign
	case errors.Is(err, bolterrors.ErrChecksum):
		return nil, errDamaged
	case err != nil:
		return nil, err
	}
	if err := stillThere(path, file); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// stillThere reports as an error that the file which is open and locked is not the one at the path:
// then another process can open that.
func stillThere(path string, file *os.File) error {
	opened, err := file.Stat()
	if err != nil {
		return err
	}
	if found, err := os.Lstat(path); err != nil || !os.SameFile(opened, found) {
		return errors.New("another program is replacing it; try again")
	}
	return nil
}

// openRegular opens the file of a database. It follows no symbolic link, and takes the permissions
// of others away.
func openRegular(path string, flags int, mode os.FileMode) (*os.File, error) {
	file, err := os.OpenFile(path, flags&^os.O_CREATE|noFollow, mode)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("it is not a regular file")
	}
	if err == nil && info.Mode().Perm()&0o077 != 0 && onlyForOwner {
		err = file.Chmod(0o600)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

var (
	errForeign = errors.New("it is not a state file of the emulator; give another path")
	errDamaged = errors.New("it is damaged, or was cut off; restore a copy, or remove it to start again")
)

// fail returns an error about the file.
func fail(path, what string, err error) error {
	if _, ok := err.(*fs.PathError); ok { //nolint:errorlint // one that is wrapped has more to say
		err = causeOf(err)
	}
	return fmt.Errorf("cannot %s the state file %q: %w", what, path, err)
}

// check refuses a file that is not of this package, is cut off, or is newer than this package. It
// changes nothing.
func (f *File) check(migrations []migration) error {
	db, err := openDatabase(f.path, true)
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		info, err := os.Stat(f.path)
		switch {
		case err != nil:
			return err
		case info.Size() < tx.Size():
			return errDamaged
		}
		found, err := readVersion(tx)
		if err != nil {
			return err
		}
		if known := version(migrations); found > known {
			return fmt.Errorf(
				"its format has version %d, and this emulator knows versions up to %d: "+
					"use a newer emulator, or another file", found, known)
		}
		return nil
	})
}

func readVersion(tx *bolt.Tx) (uint64, error) {
	own := tx.Bucket(ownBucket)
	if own == nil {
		return 0, errForeign
	}
	value := own.Get(versionKey)
	if len(value) != 8 {
		return 0, errDamaged
	}
	return binary.BigEndian.Uint64(value), nil
}

func writeVersion(tx *bolt.Tx, version uint64) error {
	own, err := tx.CreateBucketIfNotExists(ownBucket)
	if err != nil {
		return err
	}
	return own.Put(versionKey, binary.BigEndian.AppendUint64(nil, version))
}

// Each calls do for each value of a bucket, in the order of the keys. Key and value are valid
// during the call only.
func (f *File) Each(bucket string, do func(key, value []byte) error) error {
	err := protect(func() error {
		return f.db.View(func(tx *bolt.Tx) error {
			b := tx.Bucket([]byte(bucket))
			if b == nil {
				return nil
			}
			return b.ForEach(do)
		})
	})
	if err != nil {
		return fail(f.path, "read", err)
	}
	return nil
}

// Write makes changes. When it returns without an error they outlive a crash of the machine; if it
// returns an error, none of them is in the file.
func (f *File) Write(changes Changes) error {
	err := protect(func() error {
		return f.db.Update(func(tx *bolt.Tx) error {
			for key, value := range changes {
				if err := change(tx, key, value); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return fail(f.path, "write", err)
	}
	return nil
}

func change(tx *bolt.Tx, key Key, value []byte) error {
	bucket, err := tx.CreateBucketIfNotExists([]byte(key.Bucket))
	if err != nil {
		return err
	}
	if value == nil {
		return bucket.Delete([]byte(key.Key))
	}
	return bucket.Put([]byte(key.Key), value)
}

// Close closes the file and frees it for other processes.
func (f *File) Close() error { return f.db.Close() }
