// SPDX-License-Identifier: MIT

package statefile

import (
	"fmt"
	"runtime/debug"

	bolt "go.etcd.io/bbolt"
)

// migration brings the values of a file from one version of the format to the next.
type migration func(tx *bolt.Tx) error

// migrations are those from version 1 to 2, from 2 to 3 and so on. A change of the format that an
// older emulator would misunderstand needs one; fields that it may ignore do not.
var migrations []migration

// version returns the version of the format after all migrations.
func version(migrations []migration) uint64 { return uint64(len(migrations)) + 1 }

// migrate brings the file to the present version of the format, in one transaction.
func (f *File) migrate(migrations []migration) error {
	var found uint64
	err := f.db.View(func(tx *bolt.Tx) (err error) {
		found, err = readVersion(tx)
		return err
	})
	if err != nil || found == version(migrations) {
		return err
	}
	return f.db.Update(func(tx *bolt.Tx) error {
		for i, migrate := range migrations[found-1:] {
			if err := migrate(tx); err != nil {
				return fmt.Errorf("to version %d of its format: %w", found+uint64(i)+1, err)
			}
		}
		return writeVersion(tx, version(migrations))
	})
}

// protect calls do, and returns an error if it panics or touches memory beyond the end of a mapped
// file: that is what happens to a damaged or truncated database.
func protect(do func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%w (%v)", errDamaged, cause)
		}
	}()
	return do()
}
