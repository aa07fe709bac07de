// SPDX-License-Identifier: MIT

package model_test

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/model"
	"github.com/arr-go/azremoterendering/internal/model/sample"
)

func fbx(version uint32) string {
	return "Kaydara FBX Binary  \x00\x1a\x00" + string(binary.LittleEndian.AppendUint32(nil, version)) + "rest"
}

func las(format byte, minor byte, points uint64, body int) string {
	header := make([]byte, 375)
	copy(header, "LASF")
	header[24], header[25] = 1, minor
	copy(header[58:], "scanner")
	binary.LittleEndian.PutUint32(header[96:], 375)
	header[104] = format
	binary.LittleEndian.PutUint16(header[105:], 20)
	binary.LittleEndian.PutUint32(header[107:], uint32(points))
	binary.LittleEndian.PutUint64(header[247:], points)
	for axis := range 3 {
		binary.LittleEndian.PutUint64(header[179+16*axis:], math.Float64bits(5))
		binary.LittleEndian.PutUint64(header[187+16*axis:], math.Float64bits(-5))
	}
	return string(header) + strings.Repeat("\x00", body)
}

func ply(format string, points, body int) string {
	return fmt.Sprintf("ply\nformat %s 1.0\ncomment x\nelement vertex %d\nproperty float x\nproperty float y\n"+
		"property float z\nproperty uchar red\nend_header\n", format, points) + strings.Repeat("\x00", body)
}

// e57 has its XML cross a page, whose last four bytes are a checksum.
func e57(text string) string {
	const page = 64
	header := make([]byte, 48)
	copy(header, "ASTM-E57")
	binary.LittleEndian.PutUint32(header[8:], 1)
	binary.LittleEndian.PutUint64(header[24:], 48)
	binary.LittleEndian.PutUint64(header[32:], uint64(len(text)))
	binary.LittleEndian.PutUint64(header[40:], page)
	logical := string(header) + text
	var physical strings.Builder
	for len(logical) > 0 {
		n := min(page-4, len(logical))
		physical.WriteString(logical[:n] + "\xde\xad\xbe\xef")
		logical = logical[n:]
	}
	out := []byte(physical.String())
	binary.LittleEndian.PutUint64(out[16:], uint64(len(out)))
	return string(out)
}

const scans = `<?xml version="1.0"?><e57Root><data3D><vectorChild><points type="CompressedVector" fileOffset="48" ` +
	`recordCount="70"/></vectorChild><vectorChild><points recordCount="7"/></vectorChild></data3D></e57Root>`

func TestFormatsAreRecognised(t *testing.T) {
	for _, c := range []struct {
		name, content string
		format        model.Format
		version       string
		points        uint64
	}{
		{"a.fbx", fbx(7400), model.FBX, "7.4", 0},
		{"A.FBX", "; FBX 7.7.0 project file\n; ---", model.FBX, "7.7", 0},
		{"a.las", las(3, 2, 4, 80), model.LAS, "1.2", 4},
		{"a.las", las(6, 4, 4, 80), model.LAS, "1.4", 4},
		{"a.laz", las(3|0x80, 4, 1<<33, 10), model.LAZ, "1.4", 1 << 33},
		{"a.ply", ply("binary_little_endian", 3, 39), model.PLY, "1.0", 3},
		{"a.e57", e57(scans), model.E57, "1.0", 77},
		{"a.xyz", "# comment\n1 2 3\n\n4.5,5,-6e3 , 255\r\n7;8;9", model.XYZ, "", 3},
	} {
		m, err := inspect(c.name, c.content)
		require.NoError(t, err, c.name)
		assert.Equal(t, c.format, m.Format)
		assert.Equal(t, c.version, m.Version)
		if c.format == model.FBX {
			assert.Nil(t, m.Statistics)
			continue
		}
		assert.True(t, m.Format.PointCloud())
		assert.Equal(t, c.points, m.Statistics.NumVertices, c.name)
		assert.Zero(t, m.Statistics.NumFaces)
	}
}

func TestInvalidFilesOfOtherFormats(t *testing.T) {
	for _, c := range []struct{ name, content, want string }{
		{"a.fbx", fbx(6100), "version 6100"},
		{"a.fbx", fbx(7400)[:24], "cut off"},
		{"a.fbx", "; FBX ", "does not say its version"},
		{"a.las", las(3, 2, 5, 80), "does not hold its 5 points"},
		{"a.las", las(3, 2, 5, 80)[:100], "cut off in its header"},
		{"a.ply", ply("ascii", 3, 39), "is ascii"},
		{"a.ply", ply("binary_little_endian", 4, 39), "does not hold its 4 vertices"},
		{"a.ply", ply("binary_little_endian", 0, 0), "no vertices"},
		{"a.ply", "ply\nelement vertex -4\n", "damaged count"},
		{"a.ply", "ply\nformat x", "has no end"},
		{"a.e57", e57("<e57Root/>"), "no points"},
		{"a.e57", e57("<e57Root><points"), "damaged"},
		{"a.e57", e57(scans)[:60], "cut off"},
		{"a.xyz", "1 2\n", "line 1 of the XYZ file is not a point"},
		{"a.xyz", "1 2 3\nx y z\n", "line 2"},
		{"a.xyz", " \n\n", "no points"},
		{"a.xyz", strings.Repeat("1 ", 50_000), "longer"},
		{"a.laz", fbx(7400), "the name says LAZ, but the content is FBX"},
	} {
		_, err := inspect(c.name, c.content)
		require.ErrorContains(t, err, c.want)
		assert.ErrorAs(t, err, new(*model.InvalidError))
	}
}

// TestInfoFile shows the file that a conversion leaves, member by member.
func TestInfoFile(t *testing.T) {
	m, err := inspect("pavilion.glb", string(sample.GLB()))
	require.NoError(t, err)
	text, err := model.NewInfo(m, model.Conversion{
		Input: "models/pavilion.glb", Output: "out/house.arrAsset",
		Settings: json.RawMessage(`{"recenterToOrigin":true}`), ToolVersion: "tool", Hash: "00FF",
	}).JSON()
	require.NoError(t, err)
	assert.Equal(t, `{
    "files": {
        "input": "pavilion.glb",
        "output": "house.arrAsset"
    },
    "conversionSettings": {
        "recenterToOrigin": true
    },
    "inputInfo": {
        "sourceAssetExtension": ".glb",
        "sourceAssetFormat": "glTF2 Importer",
        "sourceAssetFormatVersion": "2.0",
        "sourceAssetGenerator": "azremoterendering sample"
    },
    "inputStatistics": {
        "numMeshes": 3,
        "numFaces": 42,
        "numVertices": 84,
        "numMaterial": 3,
        "numFacesSmallestMesh": 10,
        "numFacesBiggestMesh": 20,
        "numNodes": 8,
        "numMeshUsagesInScene": 8,
        "maxNodeDepth": 1
    },
    "outputInfo": {
        "conversionToolVersion": "tool",
        "conversionHash": "00FF"
    },
    "outputStatistics": {
        "numMeshPartsCreated": 8,
        "numMeshPartsInstanced": 5,
        "recenteringOffset": [
            0,
            -1,
            0
        ],
        "boundingBox": {
            "min": [
                -1.2000000476837158,
                -1,
                -1.0390000343322754
            ],
            "max": [
                1.2000000476837158,
                1,
                1.0390000343322754
            ]
        }
    }
}`, string(text))
}

func TestInfoFileOfAModelThatIsNotCounted(t *testing.T) {
	m, err := inspect("a.fbx", fbx(7500))
	require.NoError(t, err)
	text, err := model.NewInfo(m, model.Conversion{Input: "a.fbx", DefaultOutput: true}).JSON()
	require.NoError(t, err)
	assert.NotContains(t, string(text), "inputStatistics")
	assert.NotContains(t, string(text), `"output"`)
	assert.Contains(t, string(text), `"conversionSettings": {}`)
}

func TestResultFile(t *testing.T) {
	missing := model.Issue{
		Code: model.MissingTexture, Title: "Missing texture",
		Details: map[string]string{"texture": "buggy_baseColor.png"},
	}
	for _, c := range []struct {
		result model.Result
		want   string
	}{
		{model.Result{ConversionID: "x"}, `[{"conversionId":"x"},{"result":"succeeded"}]`},
		{
			model.Result{ConversionID: "x", Warnings: []model.Issue{missing}},
			`[{"conversionId":"x"},{"warning":"4004","title":"Missing texture",
			"details":{"texture":"buggy_baseColor.png"}},{"result":"succeeded with warnings"}]`,
		},
		{
			model.Result{ConversionID: "x", Error: &model.Issue{Code: "1", Title: "no model"}},
			`[{"conversionId":"x"},{"error":"1","title":"no model"},{"result":"failed"}]`,
		},
	} {
		text, err := c.result.JSON()
		require.NoError(t, err)
		assert.JSONEq(t, c.want, string(text))
	}
}

// FuzzInspect: no content makes it panic, read outside of the file, or count without an end.
func FuzzInspect(f *testing.F) {
	text, _ := sample.GLTF()
	for _, seed := range []string{
		string(sample.GLB()), string(text), document(), fbx(7400), las(3, 2, 4, 80), las(0x83, 4, 9, 3),
		ply("binary_little_endian", 3, 39), e57(scans), "1 2 3\n", "; FBX 7.7.0",
	} {
		for kind := range byte(8) {
			f.Add(kind, []byte(seed))
		}
	}
	names := []string{"a.gltf", "a.glb", "a.fbx", "a.xyz", "a.ply", "a.e57", "a.las", "a.laz"}
	f.Fuzz(func(t *testing.T, kind byte, content []byte) {
		name := names[int(kind)%len(names)]
		m, err := inspect(name, string(content))
		if err != nil {
			assert.ErrorAs(t, err, new(*model.InvalidError))
			return
		}
		text, err := model.NewInfo(m, model.Conversion{Input: name}).JSON()
		require.NoError(t, err)
		assert.True(t, json.Valid(text))
	})
}
