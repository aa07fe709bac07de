// SPDX-License-Identifier: MIT

package azremoterendering_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	arr "github.com/arr-go/azremoterendering"
)

func ExampleNewSizeAdvice() {
	info := []byte(`{"inputStatistics": {"numFaces": 25000000, "numMeshes": 3, "numMeshUsagesInScene": 3}}`)
	advice, err := arr.NewSizeAdvice(info)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(advice.Size, advice.Polygons)
	// Output: Premium 25000000
}

func TestSizeAdvice(t *testing.T) {
	advice, err := arr.NewSizeAdvice([]byte(`{"inputStatistics":{"numFaces":15000000,"numMeshes":1,
"numMeshUsagesInScene":2,"numFacesBiggestMesh":15000000}}`))
	require.NoError(t, err)
	assert.Equal(t, arr.SizeAdvice{
		Size: arr.SessionSizeStandard, Polygons: 15_000_000, AtMost: 30_000_000,
	}, advice)
	assert.False(t, advice.Certain())
	_, err = arr.NewSizeAdvice([]byte(`{}`))
	assert.ErrorContains(t, err, "numFaces")
}
