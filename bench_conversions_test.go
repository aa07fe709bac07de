// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"context"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
	"github.com/arr-go/azremoterendering/internal/testkit"
)

// conversionGetAllocations is the gate: a Get of a conversion must not allocate more often.
const conversionGetAllocations = 98

const conversionPath = "/accounts/00000000-1111-2222-3333-444455556666/conversions/demo"

var runningConversion = []byte(
	`{"id":"demo","creationTime":"2021-04-30T11:45:20.4413862Z","settings":{"inputLocation":{` +
		`"storageContainerUri":"https://demo.blob.core.windows.net/input","blobPrefix":"Input/",` +
		`"relativeInputAssetPath":"testBox.fbx"},"outputLocation":{` +
		`"storageContainerUri":"https://demo.blob.core.windows.net/output","blobPrefix":"Output/",` +
		`"outputAssetFilename":"testBox.arrAsset"}},"error":null,"status":"Running"}`,
)

// getConversion returns a Get by this package, and the same by azcore without it.
func getConversion(tb testing.TB) (client, pipeline func() (arr.Conversion, error)) {
	conversions, err := arr.NewConversionsClientWithAccessToken(endpoint, testAccount.ID, longLived,
		&arr.ConversionsClientOptions{ClientOptions: azcore.ClientOptions{Transport: answering{}}})
	require.NoError(tb, err)
	ctx := context.Background()
	client = func() (arr.Conversion, error) {
		got, err := conversions.Get(ctx, "demo", nil)
		return got.Conversion, err
	}
	payload := payloadWithPipeline(tb, endpoint+conversionPath)
	pipeline = func() (conversion arr.Conversion, err error) {
		data, err := payload()
		if err != nil {
			return conversion, err
		}
		return conversion, conversion.UnmarshalJSON(data)
	}
	return client, pipeline
}

// BenchmarkConversionGet reports, besides the time and the allocations of a Get of a conversion, how
// many times as long as with a bare azcore pipeline it takes. Both run in turn, as in BenchmarkRatio.
func BenchmarkConversionGet(b *testing.B) {
	client, pipeline := getConversion(b)
	run := func(get func() (arr.Conversion, error)) time.Duration {
		start := time.Now()
		if got, err := get(); err != nil || got.Status != arr.ConversionStatusRunning {
			b.Fatal(got, err)
		}
		return time.Since(start)
	}
	for range 1000 { // so that one iteration, too, compares warm code
		run(client)
		run(pipeline)
	}
	var mine, bare time.Duration
	b.ReportAllocs()
	for b.Loop() {
		mine += run(client)
		b.StopTimer()
		bare += run(pipeline)
		b.StartTimer()
	}
	b.ReportMetric(float64(mine)/float64(bare), "Get/AzcorePipeline")
}

func TestConversionGetAllocations(t *testing.T) {
	if testkit.RaceDetector {
		t.Skip("the race detector adds allocations of its own")
	}
	client, pipeline := getConversion(t)
	count := func(get func() (arr.Conversion, error)) float64 {
		return testing.AllocsPerRun(200, func() {
			_, err := get()
			require.NoError(t, err)
		})
	}
	allocations, bare := count(client), count(pipeline)
	t.Logf("Get of a conversion: %v allocations; a bare azcore pipeline: %v", allocations, bare)
	require.LessOrEqual(t, allocations, float64(conversionGetAllocations))
}
