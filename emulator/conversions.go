// SPDX-License-Identifier: MIT

package emulator

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/arr-go/azremoterendering/emulator/internal/clock"
	"github.com/arr-go/azremoterendering/emulator/internal/conversions"
	"github.com/arr-go/azremoterendering/emulator/internal/journal"
)

// ConversionOptions says how conversions end. The zero value needs no storage: every
// conversion is Succeeded on the first read after its creation if its asset exists, and nothing is
// read or written. Functions among the options are called concurrently and must return at once.
type ConversionOptions struct {
	// Times returns how long a new conversion is NotStarted, and how long it is Running after that.
	// It is called once for each conversion. Nil and values below zero mean no time; the answer to
	// the creation itself always says NotStarted. With [Options.Storage] a conversion is Running
	// for at least that time. See [FixedConversion] and [RecordedConversion].
	Times func() (notStarted, running time.Duration)

	// Linked reports whether the account may use a container for which a request has no SAS. A
	// creation that may not is answered with 403 and code DelegatedResourceAccessError. The default
	// is that no storage is linked. It has no effect with [Options.Storage]; see conversion.Linked.
	Linked func(containerURL string) bool

	// AssetExists reports whether a container holds an asset; path includes the prefix. The default
	// is that every asset exists whose path does not contain "DoesNotExist". It has no effect with
	// [Options.Storage].
	AssetExists func(containerURL, path string) bool
}

// missingAssetMark is in the names of assets that do not exist by default. The tests of the
// official clients use such a name.
const missingAssetMark = "DoesNotExist"

func (o ConversionOptions) withDefaults() ConversionOptions {
	if o.Times == nil {
		o.Times = FixedConversion(0, 0)
	}
	if o.Linked == nil {
		o.Linked = func(string) bool { return false }
	}
	if o.AssetExists == nil {
		o.AssetExists = func(_, path string) bool { return !strings.Contains(path, missingAssetMark) }
	}
	return o
}

// FixedConversion returns a value for [ConversionOptions.Times]: the same for every conversion.
func FixedConversion(notStarted, running time.Duration) func() (time.Duration, time.Duration) {
	return func() (time.Duration, time.Duration) { return notStarted, running }
}

// RecordedConversion returns a value for [ConversionOptions.Times]: conversions take as long as
// those recorded from the service. They are NotStarted for up to 11 seconds, and end 42 to 74
// seconds after their creation.
func RecordedConversion() func() (notStarted, running time.Duration) {
	return func() (notStarted, running time.Duration) {
		notStarted = rand.N(11 * time.Second)
		return notStarted, 42*time.Second + rand.N(32*time.Second) - notStarted
	}
}

// newConversions returns the store of conversions.
func newConversions(o Options, file *journal.Journal, clock *clock.Clock) *conversions.Store {
	how := o.Conversions.withDefaults()
	return conversions.New(conversions.Options{
		Times:       how.Times,
		Linked:      how.Linked,
		AssetExists: how.AssetExists,
		Storage:     o.Storage,
		Vintage:     o.Decisions.Vintage,
		Retention:   o.Retention,
		KeepEnded:   o.KeepEnded,
		OnCrowded:   o.warnForgotten("conversions"),
		Logger:      o.Logger,
		Journal:     file,
		Clock:       clock,
	})
}
