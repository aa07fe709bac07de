// SPDX-License-Identifier: MIT

package sample_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/qmuntal/gltf"
	"github.com/qmuntal/gltf/modeler"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/model/sample"
)

// TestModelsInTestdata holds the files in testdata/models against what this package makes.
// ARR_GOLDEN=1 writes them.
func TestModelsInTestdata(t *testing.T) {
	text, buffer := sample.GLTF()
	for name, want := range map[string][]byte{
		"pavilion.glb": sample.GLB(), "pavilion.gltf": text, sample.BufferName: buffer,
	} {
		file := filepath.Join("..", "..", "..", "testdata", "models", name)
		if os.Getenv("ARR_GOLDEN") != "" {
			require.NoError(t, os.WriteFile(file, want, 0o644))
		}
		have, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.True(t, bytes.Equal(want, have), "%s differs; ARR_GOLDEN=1 go test writes it", name)
		assert.Less(t, len(have), 10<<10, name)
	}
}

// TestAnotherReaderAgrees reads the model with a library that has nothing to do with this project.
func TestAnotherReaderAgrees(t *testing.T) {
	var doc gltf.Document
	require.NoError(t, gltf.NewDecoder(bytes.NewReader(sample.GLB())).Decode(&doc))
	faces, vertices := 0, 0
	for _, mesh := range doc.Meshes {
		for _, p := range mesh.Primitives {
			indices, err := modeler.ReadIndices(&doc, doc.Accessors[*p.Indices], nil)
			require.NoError(t, err)
			positions, err := modeler.ReadPosition(&doc, doc.Accessors[p.Attributes[gltf.POSITION]], nil)
			require.NoError(t, err)
			faces += len(indices) / 3
			vertices += len(positions)
			for _, index := range indices {
				assert.Less(t, int(index), len(positions))
			}
		}
	}
	assert.Len(t, doc.Meshes, sample.Meshes)
	assert.Equal(t, sample.Faces, faces)
	assert.Equal(t, sample.Vertices, vertices)
	assert.Len(t, doc.Materials, sample.Materials)
}
