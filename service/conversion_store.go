// SPDX-License-Identifier: MIT

package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/arr-go/azremoterendering"
)

// ConversionStore keeps conversions and runs them. As with a [Store], a [Service] asks it for facts
// and derives the state in [ConversionFacts.Status]; a store never stores a state.
//
// What a store must guarantee:
//
//   - Every method is safe for concurrent use.
//   - What a method has returned without an error is visible to every later call.
//   - Conversions of different partitions are independent: each has its own ids and its own list.
//   - A conversion can be read until its retention is over, counted from its creation. Then every
//     method answers as if it had never existed, and its id is free.
//   - StartedAt, EndedAt and what belongs to them do not change once they are in the past.
//
// Ids and settings have been validated when a method is called. The context is that of the request:
// it ends when the client leaves, and the conversion must not end with it. Errors are as those of a
// Store.
type ConversionStore interface {
	// Create makes a conversion and begins to run it, unless the partition has a conversion with
	// the id. It returns the facts of the conversion that is there afterwards, and whether this
	// call created it. It is [ErrStorageDenied] if a container is given without a SAS and is not
	// linked to the account; then nothing is created.
	//
	// Input that is wrong or missing is no error: the conversion is created, and fails later.
	Create(ctx context.Context, in PartitionKey, conversion NewConversion) (
		facts ConversionFacts, created bool, err error)

	// Get returns the facts of a conversion. It is [ErrNotFound] if there is none.
	Get(ctx context.Context, in PartitionKey, id string) (ConversionFacts, error)

	// List returns conversions in the order of their creation, the oldest first, as [Store.List]
	// does. Those that have ended are always among them.
	List(ctx context.Context, in PartitionKey, query ListQuery) (
		page []ConversionFacts, next string, err error)
}

// ErrStorageDenied means that a container cannot be reached without a SAS: its storage account is
// not linked to the Remote Rendering account.
var ErrStorageDenied = errors.New("the storage account is not linked")

// NewConversion is what a client asks for when it creates a conversion.
type NewConversion struct {
	ID       string // 1 to 256 characters of A-Z, a-z, 0-9, "-" and "_"
	Settings ConversionSettings

	// ReadListSAS and WriteSAS open the containers of input and output. They are empty if the
	// storage account is to be linked. A store must not keep them longer than the conversion runs.
	ReadListSAS, WriteSAS SAS
}

// SAS is a shared access signature, the query of an address without "?". It is a secret:
// formatting, logging and marshalling show only whether there is one.
type SAS string

// Format implements [fmt.Formatter].
func (s SAS) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.shown())) }

// MarshalText implements [encoding.TextMarshaler].
func (s SAS) MarshalText() ([]byte, error) { return []byte(s.shown()), nil }

func (s SAS) shown() string {
	if s == "" {
		return ""
	}
	return "REDACTED"
}

// ConversionSettings are the settings of a conversion as answers show them: complete, and without
// signatures. They are not [azremoterendering.ConversionSettings] because those hold signatures,
// which facts must not.
type ConversionSettings struct {
	InputContainerURL string
	InputPrefix       string // ends in "/", or is empty
	InputAsset        string // below InputPrefix

	OutputContainerURL string
	OutputPrefix       string // ends in "/", or is empty
	OutputName         string // ends in ".arrAsset"
}

// ConversionFacts is what is known of a conversion, apart from the present time. Its state is not
// among them: [ConversionFacts.Status] derives it.
type ConversionFacts struct {
	// ID, Settings and CreatedAt never change.
	ID        string
	Settings  ConversionSettings
	CreatedAt time.Time

	// StartedAt is when the conversion began to run, or will; zero if that is not known yet.
	StartedAt time.Time

	// EndedAt is when the conversion ended, or will; zero if that is not known yet. EndedAs is
	// Succeeded, Failed or Cancelled.
	EndedAt time.Time
	EndedAs azremoterendering.ConversionStatus

	// Failure is why the conversion failed. Only code and message are shown.
	Failure *azremoterendering.ErrorDetail

	// OutputAssetURL is the address of the result. Empty means the one that the settings give.
	OutputAssetURL string
}

// Ended reports whether the conversion has ended at a time.
func (f *ConversionFacts) Ended(now time.Time) bool {
	return !f.EndedAt.IsZero() && !now.Before(f.EndedAt)
}

// Status returns the state of the conversion at a time. No other function derives it.
func (f *ConversionFacts) Status(now time.Time) azremoterendering.ConversionStatus {
	switch {
	case f.Ended(now):
		return f.EndedAs
	case !f.StartedAt.IsZero() && !now.Before(f.StartedAt):
		return azremoterendering.ConversionStatusRunning
	}
	return azremoterendering.ConversionStatusNotStarted
}

// Conversion returns the conversion as clients see it at a time.
func (f *ConversionFacts) Conversion(now time.Time) azremoterendering.Conversion {
	c := f.starting()
	c.Status = f.Status(now)
	switch c.Status {
	case azremoterendering.ConversionStatusSucceeded:
		c.OutputAssetURL = cmp.Or(f.OutputAssetURL, f.Settings.outputURL())
	case azremoterendering.ConversionStatusFailed:
		c.Error = f.Failure
	}
	return c
}

// starting returns the conversion as the answer to its creation shows it, however fast it ends: the
// clients of other languages expect no end in that answer.
func (f *ConversionFacts) starting() azremoterendering.Conversion {
	s := f.Settings
	return azremoterendering.Conversion{
		ID: f.ID,
		Settings: azremoterendering.ConversionSettings{
			Input: azremoterendering.ConversionInput{
				StorageContainerURL:    s.InputContainerURL,
				BlobPrefix:             s.InputPrefix,
				RelativeInputAssetPath: s.InputAsset,
			},
			Output: azremoterendering.ConversionOutput{
				StorageContainerURL: s.OutputContainerURL,
				BlobPrefix:          s.OutputPrefix,
				OutputAssetFilename: s.OutputName,
			},
		},
		Status:       azremoterendering.ConversionStatusNotStarted,
		CreationTime: f.CreatedAt,
	}
}
