// SPDX-License-Identifier: MIT

package sizeadvice_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/sizeadvice"
)

func TestAdviceFromInfoFile(t *testing.T) {
	for _, c := range []struct {
		name, info string
		want       sizeadvice.Advice
		certain    bool
	}{
		{
			"the documented example",
			`{"files":{"input":"Buggy.gltf"},"inputStatistics":{"numMeshes":148,"numFaces":308306,
			"numFacesBiggestMesh":8764,"numMeshUsagesInScene":236},"outputInfo":{"conversionHash":"CCDB1F7A4C09F565"}}`,
			sizeadvice.Advice{Size: "Standard", Polygons: 308306, AtMost: 308306 + 88*8764}, true,
		},
		{
			"exactly 20 million", `{"inputStatistics":{"numFaces":20000000}}`,
			sizeadvice.Advice{Size: "Standard", Polygons: 20_000_000, AtMost: 20_000_000}, true,
		},
		{
			"one more", `{"inputStatistics":{"numFaces":20000001}}`,
			sizeadvice.Advice{Size: "Premium", Polygons: 20_000_001, AtMost: 20_000_001}, true,
		},
		{
			"few polygons, shown often",
			`{"inputStatistics":{"numFaces":1000000,"numMeshes":1,"numMeshUsagesInScene":50,
			"numFacesBiggestMesh":1000000}}`,
			sizeadvice.Advice{Size: "Standard", Polygons: 1_000_000, AtMost: 50_000_000}, false,
		},
		{
			"a byte order mark, a text for a number, other case, unknown members",
			"\xEF\xBB\xBF{\"InputStatistics\":{\"numfaces\":\"12\",\"numMeshes\":null,\"x\":[]},\"y\":{}}",
			sizeadvice.Advice{Size: "Standard", Polygons: 12, AtMost: 12}, true,
		},
		{
			"a float", `{"inputStatistics":{"numFaces":2.1e7}}`,
			sizeadvice.Advice{Size: "Premium", Polygons: 21_000_000, AtMost: 21_000_000}, true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := sizeadvice.FromInfo([]byte(c.info))
			require.NoError(t, err)
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.certain, got.Certain())
		})
	}
}

func TestNoAdviceWithoutFaces(t *testing.T) {
	for _, info := range []string{
		``, `[]`, `{}`, `{"inputStatistics":{}}`, `{"inputStatistics":null}`, `{"inputStatistics":{"numFaces":-1}}`,
		`{"inputStatistics":{"numFaces":true}}`, `{"inputStatistics":{"numFaces":"many"}}`,
	} {
		_, err := sizeadvice.FromInfo([]byte(info))
		assert.Error(t, err, info)
	}
}

func FuzzFromInfo(f *testing.F) {
	f.Add([]byte(`{"inputStatistics":{"numFaces":1e300,"numMeshes":1,"numMeshUsagesInScene":5}}`))
	f.Fuzz(func(t *testing.T, info []byte) {
		if advice, err := sizeadvice.FromInfo(info); err == nil {
			assert.GreaterOrEqual(t, advice.AtMost, advice.Polygons)
			assert.Contains(t, []string{"Standard", "Premium"}, advice.Size)
		}
	})
}
