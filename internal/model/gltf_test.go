// SPDX-License-Identifier: MIT

package model_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/arr-go/azremoterendering/internal/model"
	"github.com/arr-go/azremoterendering/internal/model/sample"
)

func inspect(name, content string) (*model.Model, error) {
	return model.Inspect(name, strings.NewReader(content), int64(len(content)))
}

// document is a glTF of one triangle, with members added or replaced.
func document(members ...string) string {
	parts := map[string]string{
		"asset": `{"version":"2.0","generator":"test"}`, "scenes": `[{"nodes":[0]}]`, "nodes": `[{"mesh":0}]`,
		"meshes":    `[{"primitives":[{"attributes":{"POSITION":0}}]}]`,
		"accessors": `[{"count":3,"min":[0,0,0],"max":[1,1,0]}]`,
	}
	order := []string{"asset", "scenes", "nodes", "meshes", "accessors"}
	for i := 0; i < len(members); i += 2 {
		if parts[members[i]] == "" {
			order = append(order, members[i])
		}
		parts[members[i]] = members[i+1]
	}
	var list []string
	for _, key := range order {
		list = append(list, fmt.Sprintf("%q: %s", key, parts[key]))
	}
	return "{" + strings.Join(list, ",\n") + "}"
}

func glb(text, binaryChunk string) string {
	out := []byte("glTF")
	add := func(n int) { out = binary.LittleEndian.AppendUint32(out, uint32(n)) }
	add(2)
	add(12 + 8 + len(text) + 8 + len(binaryChunk))
	add(len(text))
	out = append(append(out, "JSON"...), text...)
	add(len(binaryChunk))
	return string(append(append(out, "BIN\x00"...), binaryChunk...))
}

func TestSampleIsCounted(t *testing.T) {
	text, _ := sample.GLTF()
	want := model.Statistics{
		NumMeshes: sample.Meshes, NumFaces: sample.Faces, NumVertices: sample.Vertices,
		NumMaterial: sample.Materials + 1, NumFacesSmallestMesh: 10, NumFacesBiggestMesh: 20,
		NumNodes: 8, NumMeshUsagesInScene: 8, MaxNodeDepth: 1, SceneFaces: sample.SceneFaces,
	}
	for name, content := range map[string]string{"pavilion.glb": string(sample.GLB()), "Pavilion.GLTF": string(text)} {
		m, err := inspect(name, content)
		require.NoError(t, err)
		assert.Equal(t, want, *m.Statistics, name)
		assert.Equal(t, "2.0", m.Version)
		assert.Equal(t, "azremoterendering sample", m.Generator)
		assert.InDelta(t, 2, m.Bounds.Max[1], 1e-6)
		assert.InDelta(t, -1.2, m.Bounds.Min[0], 1e-6)
	}
}

// TestCountsAreThoseOfTheService has the proportions of the documented example: several roots give
// one more node and level, parts count once, uses count parts, and there is a default material.
func TestCountsAreThoseOfTheService(t *testing.T) {
	m, err := inspect("a.gltf", document(
		"scenes", `[{"nodes":[1]},{"nodes":[0,3]}]`, "scene", "1",
		"nodes", `[{"children":[1]},{"mesh":0,"children":[2]},{"mesh":0},{"mesh":1}]`,
		"meshes", `[{"primitives":[{"attributes":{"POSITION":0}},{"attributes":{"POSITION":1},"indices":2}]},
			{"primitives":[{"attributes":{"POSITION":0}}]},{"primitives":[{"attributes":{"POSITION":1}}]}]`,
		"accessors", `[{"count":3},{"count":300},{"count":900}]`, "materials", `[{},{}]`,
	))
	require.NoError(t, err)
	assert.Equal(t, model.Statistics{
		NumMeshes: 4, NumFaces: 1 + 300 + 1 + 100, NumVertices: 3 + 300 + 3 + 300, NumMaterial: 3,
		NumFacesSmallestMesh: 1, NumFacesBiggestMesh: 300,
		NumNodes: 5, NumMeshUsagesInScene: 5, MaxNodeDepth: 3, SceneFaces: 301 + 301 + 1,
	}, *m.Statistics)
}

func TestFacesOfPrimitiveModes(t *testing.T) {
	for mode, want := range []uint64{0, 0, 0, 0, 3, 8, 8} {
		m, err := inspect("a.gltf", document(
			"meshes",
			fmt.Sprintf(`[{"primitives":[{"mode":%d,"attributes":{"POSITION":0}}]}]`, mode),
			"accessors",
			`[{"count":10}]`,
		))
		require.NoError(t, err)
		assert.Equal(t, want, m.Statistics.NumFaces, "mode %d", mode)
		assert.Equal(t, uint64(10), m.Statistics.NumVertices)
	}
}

func TestBoundsFollowTransforms(t *testing.T) {
	for name, node := range map[string]string{
		"translation, rotation, scale": `{"mesh":0,"translation":[5,0,0],"scale":[2,1,1],
			"rotation":[0,0,0.70710678,0.70710678]}`,
		"matrix": `{"mesh":0,"matrix":[0,2,0,0, -1,0,0,0, 0,0,1,0, 5,0,0,1]}`,
	} {
		m, err := inspect("a.gltf", document("nodes", `[{"children":[1],"translation":[0,0,9]},`+node+`]`))
		require.NoError(t, err, name)
		for axis, want := range [3][2]float64{{4, 5}, {0, 2}, {9, 9}} {
			assert.InDelta(t, want[0], m.Bounds.Min[axis], 1e-5, name)
			assert.InDelta(t, want[1], m.Bounds.Max[axis], 1e-5, name)
		}
	}
}

func TestOtherFilesThatAModelNeeds(t *testing.T) {
	m, err := inspect("a.gltf", document(
		"buffers",
		`[{"uri":"data:application/octet-stream;base64,AAAA","byteLength":3},{"byteLength":9,"uri":"a%20b.bin"}]`,
		"images",
		`[{"uri":"wood.png"},{"bufferView":0},{"uri":"\u00fcber\/w.png"},{"uri":"data:image/png;base64,"}]`,
	))
	require.NoError(t, err)
	assert.Equal(t, []string{"a%20b.bin"}, m.Buffers)
	assert.Equal(t, []string{"wood.png", "über/w.png"}, m.Images)
}

func TestInvalidModelsAreNamed(t *testing.T) {
	pavilion := string(sample.GLB())
	for _, c := range []struct{ name, content, want string }{
		{"a.txt", "{}", "extension"},
		{"a.glb", "", "empty"},
		{"a.glb", "hello", "content is not GLB"},
		{"a.glb", document(), "the name says GLB, but the content is glTF"},
		{"a.gltf", pavilion, "the name says glTF, but the content is GLB"},
		{"a.glb", pavilion[:10], "cut off in its header"},
		{"a.glb", pavilion[:len(pavilion)-1], "cut off: it has"},
		{"a.glb", "glTF\x01\x00\x00\x00" + pavilion[8:], "version 1"},
		{"a.glb", glb(document("buffers", `[{"byteLength":9}]`), "12345678"), "shorter"},
		{"a.gltf", document("buffers", `[{"byteLength":9}]`), "has no URI"},
		{"a.gltf", document("asset", `{"version":"1.0"}`), `version of the glTF is "1.0"`},
		{"a.gltf", document("asset", `{}`), `version of the glTF is ""`},
		{"a.gltf", document() + "x", "damaged"},
		{"a.gltf", strings.TrimSuffix(document(), "}"), "damaged"},
		{"a.gltf", document("extras", strings.Repeat("[", 300)+strings.Repeat("]", 300)), "nested"},
		{"a.gltf", document("nodes", `[{"mesh":1}]`), "no mesh 1"},
		{"a.gltf", document("nodes", `[{"children":[7]}]`), "no node 7"},
		{"a.gltf", document("nodes", `[{"children":[0]}]`), "more than one parent"},
		{"a.gltf", document("nodes", `[{}]`), "shows no mesh"},
		{"a.gltf", document("scene", "3"), "no scene 3"},
		{"a.gltf", document("scenes", "[]"), "no scene"},
		{"a.gltf", document("accessors", "[]"), "no accessor 0"},
		{"a.gltf", document("accessors", `[{"count":-1}]`), "count or an index"},
		{"a.gltf", document("accessors", `[{"count":"3"}]`), "damaged"},
		{"a.gltf", document("meshes", `[{"primitives":[{"attributes":{}}]}]`), "no positions"},
		{"a.gltf", document("meshes", `[{"primitives":[{"mode":9}]}]`), "mode 9"},
	} {
		_, err := inspect(c.name, c.content)
		require.ErrorContains(t, err, c.want, c.content)
		assert.ErrorAs(t, err, new(*model.InvalidError))
	}
}

// zeros is a file of any size that takes no memory: a text, then zeros (or other filling).
type zeros struct {
	text    string
	filling byte
}

func (z zeros) ReadAt(p []byte, at int64) (int, error) {
	for i := range p {
		p[i] = z.filling
	}
	if at < int64(len(z.text)) {
		copy(p, z.text[at:])
	}
	return len(p), nil
}

// TestVerticesAreNotRead inspects 4 GB of model without reading, or holding, more than its JSON.
func TestVerticesAreNotRead(t *testing.T) {
	const binarySize = 4_000_000_000
	whole := glb(document("buffers", fmt.Sprintf(`[{"byteLength":%d}]`, int64(binarySize))), "")
	head := []byte(whole)
	binary.LittleEndian.PutUint32(head[8:], uint32(len(head)+binarySize))
	binary.LittleEndian.PutUint32(head[len(head)-8:], binarySize)
	m, err := model.Inspect("big.glb", zeros{string(head), 0}, int64(len(head))+binarySize)
	require.NoError(t, err)
	assert.Equal(t, uint64(1), m.Statistics.NumFaces)
}

// TestEmbeddedBuffersTakeNoMemory reads a glTF with a data URI of 16 MB.
func TestEmbeddedBuffersTakeNoMemory(t *testing.T) {
	const embedded = 16 << 20
	start := strings.TrimSuffix(document(), "}") + `,"buffers":[{"uri":"data:;base64,`
	src := io.MultiReader(
		strings.NewReader(start),
		io.LimitReader(readerOf('A'), embedded),
		strings.NewReader(`"}]}`),
	)
	size := int64(len(start) + embedded + len(`"}]}`))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := model.Inspect("a.gltf", &sequential{t: t, head: start, r: src}, size)
	runtime.ReadMemStats(&after)
	require.NoError(t, err)
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<20))
}

type readerOf byte

func (r readerOf) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(r)
	}
	return len(p), nil
}

// sequential serves the head, then everything from the beginning in order.
type sequential struct {
	t      *testing.T
	head   string
	r      io.Reader
	at     int64
	headed bool
}

func (s *sequential) ReadAt(p []byte, at int64) (int, error) {
	if !s.headed {
		s.headed = true
		return copy(p, s.head), io.EOF
	}
	require.Equal(s.t, s.at, at)
	n, err := io.ReadFull(s.r, p)
	s.at += int64(n)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = io.EOF
	}
	return n, err
}

// TestMemoryOfHostileScenesIsLimited gives a glTF of four million empty nodes: 12 MB that would
// become 320.
func TestMemoryOfHostileScenesIsLimited(t *testing.T) {
	_, err := inspect("a.gltf", document("nodes", "["+strings.Repeat("{},", 4_000_000)+"{}]"))
	require.ErrorContains(t, err, "too many nodes")
}

// TestRepeatedMeshesCostNothing gives 30,000 nodes that each show 30,000 parts.
func TestRepeatedMeshesCostNothing(t *testing.T) {
	const n = 30_000
	part := `{"attributes":{"POSITION":0}}`
	roots := make([]string, n)
	for i := range roots {
		roots[i] = fmt.Sprint(i)
	}
	m, err := inspect("a.gltf", document(
		"scenes", `[{"nodes":[`+strings.Join(roots, ",")+`]}]`,
		"nodes", "["+strings.Repeat(`{"mesh":0},`, n-1)+`{"mesh":0}]`,
		"meshes", `[{"primitives":[`+strings.Repeat(part+",", n-1)+part+`]}]`))
	require.NoError(t, err)
	assert.Equal(t, uint64(n*n), m.Statistics.SceneFaces)
}

func TestReadErrorsAreNotTakenForInvalidModels(t *testing.T) {
	broken := errors.New("connection reset")
	content := document()
	for name, head := range map[string]string{
		"a.gltf": content[:100], "a.ply": "ply\nformat ascii 1.0\n", "a.xyz": "1 2 3\n",
	} {
		_, err := model.Inspect(name, &failing{bytes.NewReader([]byte(head)), broken}, 1<<20)
		assert.ErrorIs(t, err, broken, name)
	}
}

type failing struct {
	*bytes.Reader
	err error
}

func (f *failing) ReadAt(p []byte, at int64) (int, error) {
	n, err := f.Reader.ReadAt(p, at)
	if errors.Is(err, io.EOF) && (at > 0 || len(p) > 512) {
		err = f.err
	}
	return n, err
}
